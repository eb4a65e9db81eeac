"""The outbox: events that must be exactly as durable as the change they tell of (audit, usage, quota).

They are rows, written by the very batch that makes the change, and stay until whoever collects events has taken them.
Until then audit events are all kept, some 300 bytes each. They have no bound: beyond one either what happened would be
lost, or what tells of itself could not be done any more, because nobody collects. Instead it is told long before they
fill a disk. Of others the oldest go beyond a bound, which is counted.
"""

from __future__ import annotations

import itertools
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from portico_server.platform.database import ANY, Batch, Database, Statement

AUDIT = "audit"
"""The dataset whose events are never dropped."""

MAX_BODY_BYTES = 64 * 1024
MAX_TAKEN = 1000

MANY_AUDIT_EVENTS = 1_000_000
"""From so many of a product on, some 300 MB, it is told that they wait."""
MANY_REMEDY = "See why nobody collects them, and that the disk has room (docs/operations.md)."

LOOK_SECONDS = 600.0
"""How often a product's are counted, by one of the processes that serve it."""

_DELETED_AT_ONCE = 100
"""Events a batch, so that a long drain lets others write between."""

_INSERT = "INSERT INTO platform_outbox (id, dataset, body, at_us) VALUES ($1, $2, $3, $4)"
_OLDEST = "SELECT id, dataset, body, at_us FROM platform_outbox ORDER BY id LIMIT $1"
_DELETE = "DELETE FROM platform_outbox WHERE id = $1"
COUNT = "SELECT dataset, count(*) FROM platform_outbox GROUP BY dataset"
_NEWEST_BEYOND = "SELECT id FROM platform_outbox WHERE dataset = $1 ORDER BY id DESC LIMIT 1 OFFSET $2"
_TRIM = """
DELETE FROM platform_outbox WHERE id IN (
  SELECT id FROM platform_outbox WHERE dataset = $1 AND id <= $2 ORDER BY id LIMIT $3
)"""

_sequence = itertools.count()
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Figures:
    """Of this process, for its metrics: events that it has dropped, and the audit events that it found waiting."""

    dropped: int = 0
    _found: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By product, and when they were counted."""

    def note(self, product: str, audit_events: int) -> None:
        self._found[product] = audit_events, time.monotonic()

    def audit(self) -> dict[str, int]:
        """By product; not what is old because another process has counted since."""
        oldest = time.monotonic() - 2 * LOOK_SECONDS
        return {product: count for product, (count, counted_at) in self._found.items() if counted_at > oldest}

    def problems(self) -> dict[str, str]:
        """What is to be told to whoever asks how the platform is, by what is at fault."""
        return {
            f"audit events of {product}": f"{count:,} wait in its database, of which none is ever dropped"
            for product, count in self.audit().items()
            if count >= MANY_AUDIT_EVENTS
        }


FIGURES = Figures()


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """One event: `body` is the serialized message of its dataset, `at_us` microseconds since 1970."""

    id: str
    dataset: str
    body: bytes
    at_us: int


def emit(dataset: str, body: bytes, at_us: int) -> Statement:
    """The statement that emits an event, for the batch that makes the change. Raises ValueError for a large body."""
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"an event of {len(body)} bytes; the most is {MAX_BODY_BYTES}")
    return Statement(_INSERT, (_event_id(at_us), dataset, body, at_us))


class Outbox:
    """The reading end, for one collector at a time (hold a lease)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, limit: int) -> list[OutboxEvent]:
        """The oldest events, at most `limit` (and `MAX_TAKEN`). They stay until `done`, so they may be taken again."""
        rows = await self._database.scan(_OLDEST, min(limit, MAX_TAKEN))
        return [OutboxEvent(*row) for row in rows]

    async def done(self, ids: Sequence[str]) -> None:
        """Removes events that were taken and are safe elsewhere."""
        for start in range(0, len(ids), _DELETED_AT_ONCE):
            part = ids[start : start + _DELETED_AT_ONCE]
            await self._database.batch(Batch([Statement(_DELETE, (one,), ANY) for one in part], frees=True))

    async def trim(self, dataset: str, keep: int) -> int:
        """Drops the oldest events of a dataset beyond `keep`; answers how many. Raises ValueError for audit
        events, which are never dropped."""
        if dataset == AUDIT:
            raise ValueError("audit events are never dropped")
        rows = await self._database.scan(_NEWEST_BEYOND, dataset, keep)
        dropped = 0
        while rows:
            statement = Statement(_TRIM, (dataset, rows[0][0], _DELETED_AT_ONCE), ANY)
            (done,) = await self._database.batch(Batch([statement], frees=True))
            dropped += done.count
            if done.count < _DELETED_AT_ONCE:
                break
        if dropped:
            FIGURES.dropped += dropped
            _log.warning("events_dropped", dataset=dataset, events=dropped, kept=keep)
        return dropped

    async def look(self, product: str) -> dict[str, int]:
        """How many events wait, by dataset; noted, and told where there are many."""
        waiting = {str(dataset): int(str(count)) for dataset, count in await self._database.scan(COUNT)}
        FIGURES.note(product, waiting.get(AUDIT, 0))
        if waiting.get(AUDIT, 0) >= MANY_AUDIT_EVENTS:
            _log.warning("audit_events_wait", product=product, events=waiting[AUDIT], remedy=MANY_REMEDY)
        return waiting


def _event_id(at_us: int) -> str:
    """Unique, and sorted by time: 48 bits of milliseconds, 16 of a counter, 64 of chance, in hexadecimal."""
    return f"{at_us // 1000 & (1 << 48) - 1:012x}{next(_sequence) & 0xFFFF:04x}{secrets.token_hex(8)}"
