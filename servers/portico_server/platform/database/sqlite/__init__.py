"""The SQLite engine: one file, one process; groups of batches share a commit."""

from portico_server.platform.database.sqlite.database import SqliteDatabase

__all__ = ["SqliteDatabase"]
