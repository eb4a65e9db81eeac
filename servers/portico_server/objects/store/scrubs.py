"""Statements on rounds of scrubbing, and on the versions that are known to be damaged."""

from __future__ import annotations

from typing import NamedTuple

from portico_server.objects.records import NULL_VERSION, Version
from portico_server.objects.store.listing import BEFORE_ALL_PLACES
from portico_server.platform.database import ANY, Database, Statement

ROUND_CHANGED = "scrub round"
"""Guard: nobody else has gone on with the round since it was read."""

_COLUMNS = "revision, started_at_us, ended_at_us, bucket, key, place, versions, read_bytes, damaged"
_GET = f"SELECT {_COLUMNS} FROM scrub_round"
_INSERT = f"""
INSERT INTO scrub_round (number, {_COLUMNS}) VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (number) DO NOTHING"""
_UPDATE = """
UPDATE scrub_round SET revision = $1, started_at_us = $2, ended_at_us = $3, bucket = $4, key = $5, place = $6,
  versions = $7, read_bytes = $8, damaged = $9
WHERE revision = $10"""
_BUCKETS = "SELECT name FROM bucket WHERE name >= $1 ORDER BY name LIMIT $2"
_DAMAGED = "SELECT bucket, key, id, is_null FROM damaged_version ORDER BY bucket, key, id LIMIT $1"
_COUNT_DAMAGED = "SELECT count(*) FROM damaged_version"
_INSERT_DAMAGED = """
INSERT INTO damaged_version (bucket, key, id, is_null) VALUES ($1, $2, $3, $4)
ON CONFLICT (bucket, key, id) DO NOTHING"""
_DELETE_DAMAGED = "DELETE FROM damaged_version WHERE bucket = $1 AND key = $2 AND id = $3"


class Round(NamedTuple):
    """How far a round is: behind the version of a key in a bucket that has this place. `ended_at_us` 0: underway."""

    revision: int
    started_at_us: int
    ended_at_us: int = 0
    bucket: str = ""
    key: str = ""
    place: int = BEFORE_ALL_PLACES
    versions: int = 0
    read_bytes: int = 0
    damaged: int = 0


class Damaged(NamedTuple):
    """A version that was found damaged; `id` and `is_null` are those of `Version`."""

    bucket: str
    key: str
    id: str
    is_null: int

    @property
    def version_id(self) -> str:
        return NULL_VERSION if self.is_null else self.id


def damaged(bucket: str, version: Version) -> Damaged:
    return Damaged(bucket, version.key, version.id, version.is_null)


async def last_round(database: Database) -> Round | None:
    rows = await database.read(_GET)
    return Round(*rows[0]) if rows else None


def put_round(now: Round, before: Round | None) -> Statement:
    """Writes the round in place of the one that was read. Guards that nobody else has written one since."""
    if before is None:
        return Statement(_INSERT, tuple(now), 1, ROUND_CHANGED)
    return Statement(_UPDATE, (*now, before.revision), 1, ROUND_CHANGED)


async def buckets_from(database: Database, name: str, limit: int) -> list[str]:
    """The names of the first buckets from this name on, in order."""
    return [row[0] for row in await database.scan(_BUCKETS, name, limit)]


async def known_damaged(database: Database, limit: int) -> list[Damaged]:
    return [Damaged(*row) for row in await database.scan(_DAMAGED, limit)]


async def count_damaged(database: Database) -> int:
    [(count,)] = await database.scan(_COUNT_DAMAGED)
    return int(count)


def note(found: Damaged) -> Statement:
    """Writes down that it is damaged; where that is known already nothing changes."""
    return Statement(_INSERT_DAMAGED, tuple(found), ANY)


def forget(found: Damaged) -> Statement:
    return Statement(_DELETE_DAMAGED, found[:3], ANY)
