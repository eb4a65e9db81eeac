"""What PostgreSQL's error codes mean to a product.

Source: "PostgreSQL Error Codes", appendix A of its documentation. Codes of severity FATAL (an administrator's shutdown,
an idle connection's end) come as a lost connection instead, because nothing is heard after them.
"""

from __future__ import annotations

from collections.abc import Mapping

from portico_server.platform.database.interface import (
    Contended,
    Corrupted,
    DatabaseError,
    OutcomeUnknown,
    Overloaded,
    ReadOnly,
    StorageFailed,
    StorageFull,
    TimedOut,
    Unreachable,
)

READ_ONLY = "25006"

_MEANINGS: Mapping[str, type[DatabaseError]] = {
    "08": Unreachable,  # connection exceptions: a pooler's, which lost the server
    "08007": OutcomeUnknown,  # transaction_resolution_unknown
    READ_ONLY: ReadOnly,
    "25P03": TimedOut,  # idle_in_transaction_session_timeout
    "25P04": TimedOut,  # transaction_timeout
    "40": Contended,  # the transaction was rolled back: serialization_failure, deadlock_detected
    "40003": OutcomeUnknown,  # statement_completion_unknown
    "53": Overloaded,  # insufficient resources: memory, a configured limit
    "53100": StorageFull,  # disk_full
    "53300": Unreachable,  # too_many_connections
    "55P03": Contended,  # lock_not_available: lock_timeout
    "57": Unreachable,  # operator intervention: shutdown, crash, starting up
    "57014": TimedOut,  # query_canceled: statement_timeout, or an administrator's cancel
    "58": StorageFailed,  # system errors: input and output, a file that is gone
    "72": Contended,  # snapshot_too_old
    "XX001": Corrupted,  # data_corrupted
    "XX002": Corrupted,  # index_corrupted
}
"""By code, else by its class: the first two characters. All others are faults of ours."""


def meaning_of(state: str) -> type[DatabaseError]:
    """The kind of error that a code (SQLSTATE) stands for; DatabaseError itself where it is a fault of ours."""
    return _MEANINGS.get(state) or _MEANINGS.get(state[:2]) or DatabaseError
