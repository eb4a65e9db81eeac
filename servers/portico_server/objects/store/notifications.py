"""Statements on notices and on the queues in which they are numbered.

A notice is written under its key's lock by whoever changes the object; whoever reads a queue numbers what waits for it,
under the queue's lock. A notice that is committed late is numbered late, so no reader has passed it.
"""

from __future__ import annotations

from typing import NamedTuple

from portico_server.platform.database import ANY, Database, Statement

NOT_TOLD = "not told"
"""Guard: the queue has a notification of that sequence, or had."""
ACKNOWLEDGED_SINCE = "acknowledged since"
"""Guard: nothing was acknowledged or dropped since the queue was read."""
NUMBERED_AT_ONCE = 250
"""So that a batch does not hold the event loop for long; as are removed."""

_NOTICE = """
INSERT INTO notice (queue, object, order_us, id, body)
SELECT CAST($1 AS TEXT), CAST($2 AS TEXT),
  CASE WHEN latest.order_us >= CAST($3 AS BIGINT) THEN latest.order_us + 1 ELSE CAST($3 AS BIGINT) END,
  CAST($4 AS TEXT), $5
FROM (SELECT coalesce(max(order_us), 0) AS order_us FROM notice WHERE queue = $1 AND object = $2) latest"""
_ANY_NOTICE = "SELECT 1 FROM notice WHERE queue = $1 LIMIT 1"
_MAKE_QUEUE = """
INSERT INTO queue (name, last_sequence, acknowledged, dropped) VALUES ($1, 0, 0, 0) ON CONFLICT (name) DO NOTHING"""
_NUMBER = """
INSERT INTO notification (queue, sequence, id, order_us, body)
SELECT q.name, q.last_sequence + row_number() OVER (ORDER BY w.order_us, w.id), w.id, w.order_us, w.body
FROM queue q, (SELECT id, order_us, body FROM notice WHERE queue = $1 ORDER BY order_us, id LIMIT $2) w
WHERE q.name = $1"""
_FORGET_NUMBERED = """
DELETE FROM notice WHERE queue = $1 AND (order_us, id) IN (
  SELECT n.order_us, n.id FROM notification n
  WHERE n.queue = $1 AND n.sequence > (SELECT last_sequence FROM queue WHERE name = $1))"""
_SET_LAST = """
UPDATE queue SET last_sequence =
  coalesce((SELECT max(sequence) FROM notification WHERE queue = $1), last_sequence) WHERE name = $1"""
_GET = "SELECT name, last_sequence, acknowledged, dropped FROM queue WHERE name = $1"
_BEHIND = "SELECT sequence, body FROM notification WHERE queue = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
_TIMES_BEHIND = """
SELECT sequence, order_us FROM notification WHERE queue = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"""
_CAN_BE_ACKNOWLEDGED = "SELECT 1 FROM queue WHERE name = $1 AND last_sequence >= $2"
_ACKNOWLEDGE = "UPDATE queue SET acknowledged = $2 WHERE name = $1 AND acknowledged < $2"
_DROP = """
UPDATE queue SET dropped = dropped + CAST($2 AS BIGINT) - acknowledged, acknowledged = $2
WHERE name = $1 AND acknowledged < $2"""
_DROP_EXACTLY = """
UPDATE queue SET dropped = dropped + CAST($2 AS BIGINT) - acknowledged, acknowledged = $2
WHERE name = $1 AND acknowledged = $3"""
_OLDEST_NUMBERED = """
SELECT body FROM notification
WHERE queue = $1 AND sequence = (SELECT acknowledged + 1 FROM queue WHERE name = $1)"""
_OLDEST_NOTICE = "SELECT body FROM notice WHERE queue = $1 ORDER BY order_us, id LIMIT 1"
_FIRST = "SELECT sequence FROM notification WHERE queue = $1 ORDER BY sequence LIMIT 1"
_REMOVE = "DELETE FROM notification WHERE queue = $1 AND sequence <= $2"
_NEXT_QUEUE = "SELECT name FROM queue WHERE name > $1 ORDER BY name LIMIT 1"
_NEXT_NOTICE = "SELECT queue FROM notice WHERE queue > $1 ORDER BY queue LIMIT 1"


class Queue(NamedTuple):
    """How far a queue is: its last number, up to which its readers are done, how many of these were dropped instead."""

    name: str
    last_sequence: int = 0
    acknowledged: int = 0
    dropped: int = 0


def lock(queue: str) -> str:
    """Of numbering."""
    return f"{queue}#"


def notice(queue: str, name: str, now_us: int, notice_id: str, body: bytes) -> Statement:
    """To be held under the lock of the object's key: so it is later than all that waits of the object, whatever the
    clocks of the writers say."""
    return Statement(_NOTICE, (queue, name, now_us, notice_id, body))


async def waits(database: Database, queue: str) -> bool:
    """Whether there is what is not numbered yet."""
    return bool(await database.read(_ANY_NOTICE, queue))


def number(queue: str) -> list[Statement]:
    """Numbers what waits, `NUMBERED_AT_ONCE` at most. To be held under the queue's `lock`."""
    return [
        Statement(_MAKE_QUEUE, (queue,), ANY),
        Statement(_NUMBER, (queue, NUMBERED_AT_ONCE), ANY),
        Statement(_FORGET_NUMBERED, (queue,), ANY),
        Statement(_SET_LAST, (queue,)),
    ]


async def get(database: Database, queue: str) -> Queue:
    """One that has no row yet has told of nothing."""
    rows = await database.read(_GET, queue)
    return Queue(*rows[0]) if rows else Queue(queue)


async def behind(database: Database, queue: str, sequence: int, limit: int) -> list[tuple[int, bytes]]:
    """What is numbered behind a sequence, in order: serialized messages, without their sequences."""
    return [(row[0], row[1]) for row in await database.scan(_BEHIND, queue, sequence, limit)]


async def times_behind(database: Database, queue: str, sequence: int, limit: int) -> list[tuple[int, int]]:
    """Their sequences and times."""
    return [(row[0], row[1]) for row in await database.scan(_TIMES_BEHIND, queue, sequence, limit)]


def acknowledge(queue: str, sequence: int) -> list[Statement]:
    return [
        Statement(_CAN_BE_ACKNOWLEDGED, (queue, sequence), 1, NOT_TOLD),
        Statement(_ACKNOWLEDGE, (queue, sequence), ANY),
    ]


def drop(queue: str, sequence: int) -> Statement:
    """The same, but counts them: there are no gaps between their numbers."""
    return Statement(_DROP, (queue, sequence), ANY)


def drop_exactly(queue: Queue, through: int) -> Statement:
    """Drops what waits in a queue as it was read, through a sequence."""
    return Statement(_DROP_EXACTLY, (queue.name, through, queue.acknowledged), 1, ACKNOWLEDGED_SINCE)


async def oldest(database: Database, queue: str) -> bytes | None:
    """Of those that wait the one that is, or will be, the first: a serialized message without its sequence."""
    rows = await database.read(_OLDEST_NUMBERED, queue) or await database.read(_OLDEST_NOTICE, queue)
    return rows[0][0] if rows else None


async def remove_some(database: Database, queue: Queue) -> Statement | None:
    """Removes the first ones that are acknowledged; None where there are none."""
    rows = await database.read(_FIRST, queue.name)
    if not rows or rows[0][0] > queue.acknowledged:
        return None
    last = min(queue.acknowledged, rows[0][0] + NUMBERED_AT_ONCE - 1)
    return Statement(_REMOVE, (queue.name, last), ANY)


async def queue_behind(database: Database, name: str) -> str:
    """The next queue, by name, that has a row or of which something waits; empty: there is none."""
    found = [*await database.read(_NEXT_QUEUE, name), *await database.read(_NEXT_NOTICE, name)]
    return min((row[0] for row in found), default="")
