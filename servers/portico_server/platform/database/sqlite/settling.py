"""What the page cache holds of SQLite's log is written again before it is believed.

After a sync that failed the kernel takes the pages for clean: it still reads them back, and no later sync writes them.
A log that is opened then may hold a whole transaction that the disk does not have, and all that is appended behind it,
and synced, is lost with it when the power fails. So whoever opens a database writes its log in place, byte for byte,
and syncs that; if the disk refuses, the database is not opened.
"""

from __future__ import annotations

import os
from pathlib import Path

import apsw

_COPIED_BYTES = 1 << 20


def settle_log(connection: apsw.Connection, path: Path) -> None:
    """Makes durable what the log of the database holds. Raises OSError, apsw.Error; does nothing while others write."""
    try:
        descriptor = os.open(f"{path}-wal", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if os.fstat(descriptor).st_size:
            _settle(connection, descriptor)
    finally:
        os.close(descriptor)  # SQLite holds no lock on the log itself, which a close would end


def _settle(connection: apsw.Connection, descriptor: int) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")  # nobody else writes to the log, or begins it anew
    except apsw.BusyError:
        return  # somebody else has the database open, and it is as good as he finds it
    try:
        offset = 0
        while data := os.pread(descriptor, _COPIED_BYTES, offset):
            offset += os.pwrite(descriptor, data, offset)
        os.fdatasync(descriptor)
    finally:
        connection.execute("ROLLBACK")
