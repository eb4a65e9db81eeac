"""What callers are told of what any product's database or disk raises. docs/faults.md says the same to operators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from grpc import StatusCode

from portico_server.platform.database.interface import (
    Contended,
    Corrupted,
    OutcomeUnknown,
    Overloaded,
    ReadOnly,
    StorageFailed,
    StorageFull,
    StorageReadOnly,
    TimedOut,
    TooManyOpenFiles,
    Unreachable,
)


class Told(NamedTuple):
    """Code, reason, message, and after how many seconds trying again may help; None: something must be done first."""

    code: StatusCode
    reason: str
    message: str
    retry_after_seconds: float | None = None


DATABASE_ERRORS: Mapping[type[BaseException], Told] = {
    Contended: Told(
        StatusCode.ABORTED,
        "CONTENDED",
        "others changed the same things at the same time and nothing was written; try again",
        0.1,
    ),
    # Not UNAVAILABLE: clients repeat that by themselves, and this may have been done.
    OutcomeUnknown: Told(
        StatusCode.UNKNOWN,
        "OUTCOME_UNKNOWN",
        "the database was lost before it confirmed the change; read to see whether it was made, "
        "or repeat the call with the same request_id",
    ),
    Unreachable: Told(
        StatusCode.UNAVAILABLE,
        "DATABASE_UNREACHABLE",
        "the platform's database cannot be reached and nothing was written; try again",
        1.0,
    ),
    # Not DEADLINE_EXCEEDED: the caller's time is not over, and of that code nobody knows whether the change was made.
    TimedOut: Told(
        StatusCode.UNAVAILABLE,
        "DATABASE_TIMEOUT",
        "the platform's database gave up what took longer than its own limit of time, and nothing was written; try "
        "again, or ask for less at once",
        1.0,
    ),
    Overloaded: Told(
        StatusCode.UNAVAILABLE,
        "DATABASE_OVERLOADED",
        "the platform's database has too little memory or room for what it does just now, and nothing was written; try "
        "again",
        1.0,
    ),
    ReadOnly: Told(
        StatusCode.UNAVAILABLE,
        "DATABASE_READ_ONLY",
        "the platform's database takes no changes just now, and nothing was written; try again once it does",
        1.0,
    ),
    Corrupted: Told(
        StatusCode.DATA_LOSS,
        "DATABASE_CORRUPTED",
        "what the platform's database has stored is damaged, and nothing was written; its operator restores a backup",
    ),
    StorageFull: Told(
        StatusCode.RESOURCE_EXHAUSTED,
        "STORAGE_FULL",
        "the platform's disk is full; nothing was stored, and what is stored is intact; make room and try again",
    ),
    StorageReadOnly: Told(
        StatusCode.UNAVAILABLE,
        "STORAGE_READ_ONLY",
        "the platform's disk takes no writes: its file system is read-only; nothing was stored, and what is stored is"
        " read as ever; its operator finds the cause in the kernel's log",
    ),
    StorageFailed: Told(
        StatusCode.UNAVAILABLE,
        "STORAGE_FAILED",
        "the platform's disk fails; nothing was stored, and it stores nothing until the disk works again; its operator"
        " finds the cause in the kernel's log",
    ),
    TooManyOpenFiles: Told(
        StatusCode.UNAVAILABLE,
        "TOO_MANY_OPEN_FILES",
        "the platform has as many files and connections open as it may; nothing was stored; try again, or raise the"
        " limit that `ulimit -n` shows where the platform is started",
        1.0,
    ),
}
"""All others are faults of ours: a guard that nobody judged, a statement that the database does not understand."""
