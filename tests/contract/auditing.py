"""That each change of what callers see tells of itself in its own batch, with before and after: for any product."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import descriptor, descriptor_pb2

from portico_server.platform.database import Batch, Database
from portico_server.platform.outbox import AUDIT

_OUTBOX = "platform_outbox"


@dataclass
class Watched:
    """The batches that were applied which changed rows of these tables, and the audit events in each."""

    tables: tuple[str, ...]
    events: list[list[dict[str, Any]]] = field(default_factory=list)

    def note(self, batch: Batch) -> None:
        if any(self._changes(statement.sql) for statement in batch.statements):
            self.events.append(
                [
                    json.loads(statement.args[2])
                    for statement in batch.statements
                    if _OUTBOX in statement.sql and statement.args[1] == AUDIT
                ]
            )

    def _changes(self, sql: str) -> bool:
        words = sql.replace("(", " ").split()
        return words[0] in ("INSERT", "UPDATE", "DELETE") and not set(words).isdisjoint(self.tables)


@contextmanager
def watched(database: Database, *tables: str) -> Iterator[Watched]:
    """Looks at every batch until the context ends. `tables`: those that hold what callers see."""
    found, applied = Watched(tables), database.batch

    async def batch(given: Batch) -> Any:
        answer = await applied(given)
        found.note(given)
        return answer

    database.batch = batch  # type: ignore[method-assign]
    try:
        yield found
    finally:
        del database.batch  # type: ignore[method-assign]


def mutating_methods(contracts: Iterable[descriptor.FileDescriptor]) -> set[str]:
    """The names of the methods that do not say that they have no side effects."""
    return {
        method.name
        for contract in contracts
        for service in contract.services_by_name.values()
        for method in service.methods
        if method.GetOptions().idempotency_level != descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
    }


def check_told(found: Watched, method: str) -> None:
    """Raises AssertionError unless something was changed, and each batch told what, with before or after."""
    assert found.events, f"{method} changed nothing: its example is none"
    for events in found.events:
        assert events, f"{method} changes without an audit event in the same batch"
        for event in events:
            assert event["action"], method
            assert event["resource"], method
            assert event["principal"], method
            assert event["time_us"] > 0, method
            if "changes" in event or "part" in event:
                continue
            assert event.get("before") or event.get("after"), f"{method} tells neither before nor after: {event}"
            assert event.get("before") != event.get("after"), f"{method} tells of no change: {event}"
