"""The interface of a product's database: a write is a guarded batch, all or nothing, one round trip.

SQL is the portable subset of both engines, parameters are `$1`, `$2`, …; DESIGN.md lists the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

Value = int | str | bytes | float | None
"""The portable types. No bool (use 0 and 1), no datetime (microseconds), no Decimal, no NaN; no NUL in text; 64-bit
integers."""

Row = tuple[Any, ...]

ANY = None
"""For `Statement.expect`: any number of rows will do."""


class Statement(NamedTuple):
    """One statement. `expect` is the exact number of rows that it must affect (or, for a SELECT, find); `reason` says
    what it means when that guard fails."""

    sql: str
    args: tuple[Value, ...] = ()
    expect: int | None = 1
    reason: str = "guard"


class Batch(NamedTuple):
    """Statements that are applied all or not at all. `locks` name what the batch relies on without writing it: two
    batches with a lock in common do not interleave. `frees`: it makes room on the disk, or what does so waits for
    it; on a full disk it may have the room that is kept for that (`platform/reserve.py`)."""

    statements: Sequence[Statement]
    locks: Sequence[str] = ()
    frees: bool = False


class Done(NamedTuple):
    """What a statement did: the rows it affected or found, and those it returned."""

    count: int  # type: ignore[assignment]  # the field is better known than tuple.count
    rows: list[Row]


class DatabaseError(Exception):
    """Base of what a database raises."""


class GuardFailed(DatabaseError):
    """A statement's guard did not hold; nothing was written."""

    def __init__(self, reason: str, index: int) -> None:
        super().__init__(f"guard {index} failed: {reason}")
        self.reason = reason
        self.index = index


class Contended(DatabaseError):
    """Nothing was written, though it was tried several times (deadlock, serialization, lock time-out)."""


class OutcomeUnknown(DatabaseError):
    """The connection was lost with the batch in flight: only its `request_id` row or another read can tell."""


class Unreachable(DatabaseError):
    """The database's server cannot be reached; nothing was written."""


class TimedOut(DatabaseError):
    """The server took longer than its operator lets it, and gave up; nothing was written."""


class Overloaded(DatabaseError):
    """The database lacks memory or another of its means; nothing was written."""


class ReadOnly(DatabaseError):
    """The server takes no changes: it follows another one, or was told so; nothing was written."""


class Corrupted(DatabaseError):
    """What is stored is damaged; nothing was written."""


class StorageFull(DatabaseError):
    """The disk is full; nothing was written."""


class StorageReadOnly(DatabaseError):
    """The disk takes no writes; nothing was written."""


class StorageFailed(DatabaseError):
    """The disk does not do what it is asked; nothing was written."""


class TooManyOpenFiles(DatabaseError):
    """The process may open no further file or connection; nothing was written."""


class Database(Protocol):
    """A product's database."""

    async def batch(self, batch: Batch) -> list[Done]:
        """Applies a batch durably; answers one Done a statement.

        Raises GuardFailed, and each other DatabaseError of this module.
        """
        ...

    async def read(self, sql: str, *args: Value) -> list[Row]:
        """A point read: short and bounded (SQLite: on the event loop). Sees every batch acknowledged before."""
        ...

    async def scan(self, sql: str, *args: Value) -> list[Row]:
        """Any longer read, off the event loop. Sees every batch acknowledged before."""
        ...

    async def snapshot(self, queries: Sequence[tuple[str, tuple[Value, ...]]]) -> list[list[Row]]:
        """Several reads of one state, off the event loop."""
        ...

    async def close(self) -> None:
        """Waits for what is in flight, then closes."""
        ...
