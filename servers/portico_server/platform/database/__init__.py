"""Relational state: one interface, two engines (SQLite, PostgreSQL). See DESIGN.md."""

from portico_server.platform.database.interface import (
    ANY,
    Batch,
    Contended,
    Database,
    DatabaseError,
    Done,
    GuardFailed,
    OutcomeUnknown,
    Row,
    Statement,
    StorageFailed,
    StorageFull,
    TooManyOpenFiles,
    Unreachable,
    Value,
)

__all__ = [
    "ANY",
    "Batch",
    "Contended",
    "Database",
    "DatabaseError",
    "Done",
    "GuardFailed",
    "OutcomeUnknown",
    "Row",
    "Statement",
    "StorageFailed",
    "StorageFull",
    "TooManyOpenFiles",
    "Unreachable",
    "Value",
]
