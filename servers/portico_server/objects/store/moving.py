"""Statements that give a version the same bytes at another place."""

from __future__ import annotations

from portico_server.objects.records import Part, Version, of_list
from portico_server.objects.store import parts
from portico_server.platform.database import ANY, Statement

NOT_AS_READ = "version not as read"
"""Guard: the version is in the same table still, with the bytes that it had."""
LIST_NOT_OURS = "list not ours"
"""Guard: the list that was made is still to be had."""

_SET = {
    latest: f"UPDATE {table} SET file = $5 WHERE bucket = $1 AND key = $2 AND id = $3 AND file = $4"
    for latest, table in ((1, "object"), (0, "version"))
}
_PUT_FILE = "INSERT INTO file (id, retired_at_us) VALUES ($1, 0)"
_RETIRE = "UPDATE file SET retired_at_us = $2 WHERE id = $1"
_FREE_INLINE = "DELETE FROM inline_bytes WHERE id = $1"
_PUT_INLINE = "INSERT INTO inline_bytes (id, data) VALUES ($1, $2)"
_PUT_PART = """
INSERT INTO part (list, number, id, etag, size_bytes, created_at_us, file, checksums)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_LET_GO = """
INSERT INTO freed_list (id, freed_at_us, doomed) VALUES ($1, $2, 0)
ON CONFLICT (id) DO UPDATE SET freed_at_us = excluded.freed_at_us"""
_TAKE = "DELETE FROM freed_list WHERE id = $1 AND doomed = 0"


def to_file(bucket: str, version: Version, file: str, now_us: int) -> list[Statement]:
    """A version whose bytes were inline, or in a file, has them in this file. To be held under the key's lock."""
    freed = (
        Statement(_RETIRE, (version.file, now_us), ANY) if version.file else Statement(_FREE_INLINE, (version.id,), ANY)
    )
    return [_set(bucket, version, file), Statement(_PUT_FILE, (file,)), freed]


def to_list(bucket: str, version: Version, list_id: str, now_us: int) -> list[Statement]:
    """A version that is made of parts is made of this list of the same, and lets go of the one that it had. To be held
    under the key's lock and those of both lists."""
    return [
        _set(bucket, version, of_list(list_id)),
        Statement(_TAKE, (list_id,), 1, LIST_NOT_OURS),
        let_go(version.list_id, now_us),
    ]


def let_go(list_id: str, time_us: int) -> Statement:
    """A list that no version has is removed from then on."""
    return Statement(_LET_GO, (list_id, time_us))


def put_part(list_id: str, part: Part, data: bytes) -> list[Statement]:
    """A part of a list that no version has yet, and its bytes: `data`, where it has no file."""
    statements = [Statement(_PUT_PART, (list_id, *part))]
    if part.file:
        statements.append(Statement(_PUT_FILE, (part.file,)))
    elif data:
        statements.append(Statement(_PUT_INLINE, (part.id, data)))
    return statements


def locks(version: Version, list_id: str) -> list[str]:
    """Those of both lists, in order."""
    return sorted((parts.lock(version.list_id), parts.lock(list_id)))


def _set(bucket: str, version: Version, file: str) -> Statement:
    return Statement(_SET[version.latest], (bucket, version.key, version.id, version.file, file), 1, NOT_AS_READ)
