"""Statements on the ledger: a row for each write, of what it added to its bucket and what it took away.

A counter of objects and bytes would be a row that every writer of a bucket waits for; nobody waits for a new row.
"""

from __future__ import annotations

from portico_server.platform.database import ANY, Statement

_COLUMNS = "id, bucket, objects, size_bytes, freed, freed_file"


def _replace(replaced: str) -> str:
    """What a put adds, less what it replaces: at most one row of `replaced`."""
    return f"""
INSERT INTO ledger ({_COLUMNS})
SELECT CAST($3 AS TEXT), CAST($1 AS TEXT), 1 - count(*), $4 - CAST(coalesce(sum(size_bytes), 0) AS BIGINT),
  coalesce(max(id), ''), coalesce(max(file), '')
FROM {replaced}"""


_REPLACE_CURRENT = _replace("object WHERE bucket = $1 AND key = $2")
_REPLACE_NULL = _replace("""(
  SELECT id, size_bytes, file FROM object WHERE bucket = $1 AND key = $2 AND is_null = 1
  UNION ALL
  SELECT id, size_bytes, file FROM version WHERE bucket = $1 AND key = $2 AND is_null = 1 AND marker = 0) nulls""")
_ADD = f"INSERT INTO ledger ({_COLUMNS}) VALUES ($1, $2, 1, $3, '', '')"
_REMOVE_NULL = tuple(
    f"""
INSERT INTO ledger ({_COLUMNS}) SELECT '-' || id, bucket, -1, -size_bytes, id, file FROM {table}
WHERE bucket = $1 AND key = $2 AND is_null = 1{only}"""
    for table, only in (("object", ""), ("version", " AND marker = 0"))
)


def put_replacing_current(bucket: str, key: str, write_id: str, size_bytes: int) -> Statement:
    return Statement(_REPLACE_CURRENT, (bucket, key, write_id, size_bytes))


def put_replacing_null(bucket: str, key: str, write_id: str, size_bytes: int) -> Statement:
    return Statement(_REPLACE_NULL, (bucket, key, write_id, size_bytes))


def put_replacing_nothing(bucket: str, write_id: str, size_bytes: int) -> Statement:
    return Statement(_ADD, (write_id, bucket, size_bytes))


def remove_null(bucket: str, key: str) -> list[Statement]:
    """Takes the null version away, whichever table has it."""
    return [Statement(sql, (bucket, key), ANY) for sql in _REMOVE_NULL]
