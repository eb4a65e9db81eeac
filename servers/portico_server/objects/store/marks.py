"""Statements on what may change of a version."""

from __future__ import annotations

from portico_server.objects.records import Version
from portico_server.objects.store.objects import CHANGED
from portico_server.platform.database import Statement

_REPLACE_CURRENT, _REPLACE_OLDER = (
    f"UPDATE {table} SET marks = $5 WHERE bucket = $1 AND key = $2 AND place = $3 AND id = $4 AND marks = $6"
    for table in ("object", "version")
)


def replace(bucket: str, judged: Version, marks: bytes) -> Statement:
    """Writes new marks. Guards that the version is where it was, with the marks that were judged."""
    sql = _REPLACE_CURRENT if judged.latest else _REPLACE_OLDER
    return Statement(sql, (bucket, judged.key, judged.place, judged.id, marks, judged.marks), 1, CHANGED)
