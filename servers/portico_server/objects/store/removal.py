"""Statements that take many versions away at once: lists of fixed lengths, so that there are few texts to prepare."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from portico_server.objects.records import Version
from portico_server.objects.store.objects import CHANGED, COLUMNS
from portico_server.platform.database import ANY, Database, Row, Statement, Value

_LENGTHS = (1, 100)
_FILLER = ""  # neither a key nor an id

T = TypeVar("T")

_Sql = Callable[[str, str], str]
"""A statement's text for two lists of parameters of one length; $1 is the bucket."""


def _texts(sql: _Sql) -> dict[int, str]:
    return {length: sql(_list(2, length), _list(2 + length, length)) for length in _LENGTHS}


def _list(first: int, length: int) -> str:
    return ", ".join(f"${number}" for number in range(first, first + length))


_OF_BUCKET = "bucket || '' = $1"
"""Put so that no index serves it: for a list of ids SQLite would rather go through all versions of the bucket."""

_CURRENT = _texts(lambda keys, _: f"SELECT {COLUMNS} FROM object WHERE bucket = $1 AND key IN ({keys})")
_OLDER = _texts(
    lambda ids, _: f"SELECT {COLUMNS}, marker FROM version WHERE id IN ({ids}) AND {_OF_BUCKET} AND is_null = 0"
)
_NULLS = _texts(
    lambda keys, _: f"SELECT {COLUMNS}, marker FROM version WHERE bucket = $1 AND key IN ({keys}) AND is_null = 1"
)
# A version is taken away once, so its id with a mark in front is a free id in the ledger.
_LEDGER = """
INSERT INTO ledger (id, bucket, objects, size_bytes, freed, freed_file)
SELECT '-' || id, bucket, -1, -size_bytes, id, file"""
_FREE_CURRENT = _texts(
    lambda keys, ids: f"{_LEDGER} FROM object WHERE bucket = $1 AND key IN ({keys}) AND id IN ({ids})"
)
_DELETE_CURRENT = _texts(
    lambda keys, ids: f"DELETE FROM object WHERE bucket = $1 AND key IN ({keys}) AND id IN ({ids})"
)
_FREE_OLDER = _texts(lambda ids, _: f"{_LEDGER} FROM version WHERE id IN ({ids}) AND {_OF_BUCKET} AND marker = 0")
_DELETE_OLDER = _texts(lambda ids, _: f"DELETE FROM version WHERE id IN ({ids}) AND {_OF_BUCKET}")
_PROMOTE = _texts(
    lambda keys, _: (
        f"""
INSERT INTO object (bucket, {COLUMNS}) SELECT bucket, {COLUMNS} FROM version v
WHERE bucket = $1 AND key IN ({keys}) AND marker = 0
  AND place = (SELECT min(place) FROM version n WHERE n.bucket = v.bucket AND n.key = v.key)
  AND NOT EXISTS (SELECT 1 FROM object o WHERE o.bucket = v.bucket AND o.key = v.key)"""
    )
)
_FORGET_PROMOTED = _texts(
    lambda keys, _: (
        f"""
DELETE FROM version WHERE bucket = $1 AND key IN ({keys})
  AND id = (SELECT id FROM object o WHERE o.bucket = version.bucket AND o.key = version.key)"""
    )
)


# No rows: they have the marks that were judged, each or another of the list. Any of these may go, so that is enough.
_CURRENT_MARKED_OTHERWISE = {
    (length, marks): f"""
SELECT 1 FROM object WHERE bucket = $1 AND key IN ({_list(2, length)}) AND id IN ({_list(2 + length, length)})
  AND marks NOT IN ({_list(2 + 2 * length, marks)}) LIMIT 1"""
    for length, marks in itertools.product(_LENGTHS, _LENGTHS)
}
_OLDER_MARKED_OTHERWISE = {
    (length, marks): f"""
SELECT 1 FROM version WHERE id IN ({_list(2, length)}) AND {_OF_BUCKET}
  AND marks NOT IN ({_list(2 + length, marks)}) LIMIT 1"""
    for length, marks in itertools.product(_LENGTHS, _LENGTHS)
}


async def current(database: Database, bucket: str, keys: Sequence[str]) -> list[Version]:
    """The current objects of the keys."""
    return [Version(*row) for row in await _select(database, _CURRENT, bucket, keys)]


async def older(database: Database, bucket: str, ids: Sequence[str]) -> list[Version]:
    """The versions and markers of these ids that are not current."""
    return [Version(*row) for row in await _select(database, _OLDER, bucket, ids)]


async def older_nulls(database: Database, bucket: str, keys: Sequence[str]) -> list[Version]:
    """The null versions of the keys that are not current."""
    return [Version(*row) for row in await _select(database, _NULLS, bucket, keys)]


def remove_current(bucket: str, versions: Sequence[Version]) -> list[Statement]:
    """Takes current objects away. Guards that they are all still there."""
    return list(itertools.chain.from_iterable(_remove_current(bucket, part) for part in _parts(versions)))


def remove_older(bucket: str, versions: Sequence[Version]) -> list[Statement]:
    """Takes versions and markers away that are not current. Guards that they are all still there."""
    return list(itertools.chain.from_iterable(_remove_older(bucket, part) for part in _parts(versions)))


def marked_as_judged(bucket: str, current: Sequence[Version], older: Sequence[Version]) -> list[Statement]:
    """Guards that versions which are to be removed have none but the marks that were judged."""
    statements = []
    for part in _parts(current):
        length, keys = _filled([version.key for version in part])
        _, ids = _filled([version.id for version in part])
        number, marks = _marks(part)
        args: tuple[Value, ...] = (bucket, *keys, *ids, *marks)
        statements.append(Statement(_CURRENT_MARKED_OTHERWISE[length, number], args, 0, CHANGED))
    for part in _parts(older):
        length, ids = _filled([version.id for version in part])
        number, marks = _marks(part)
        statements.append(Statement(_OLDER_MARKED_OTHERWISE[length, number], (bucket, *ids, *marks), 0, CHANGED))
    return statements


def promote(bucket: str, keys: Sequence[str]) -> list[Statement]:
    """Makes the newest version of each key current where nothing is, unless that is a delete marker."""
    statements = []
    for part in _parts(keys):
        length, args = _filled(part)
        statements += [Statement(sql[length], (bucket, *args), ANY) for sql in (_PROMOTE, _FORGET_PROMOTED)]
    return statements


def _remove_current(bucket: str, versions: Sequence[Version]) -> list[Statement]:
    length, keys = _filled([version.key for version in versions])
    _, ids = _filled([version.id for version in versions])
    args = (bucket, *keys, *ids)
    return [
        Statement(_FREE_CURRENT[length], args, len(versions), CHANGED),
        Statement(_DELETE_CURRENT[length], args, len(versions), CHANGED),
    ]


def _remove_older(bucket: str, versions: Sequence[Version]) -> list[Statement]:
    length, ids = _filled([version.id for version in versions])
    args = (bucket, *ids)
    return [
        Statement(_FREE_OLDER[length], args, ANY),
        Statement(_DELETE_OLDER[length], args, len(versions), CHANGED),
    ]


async def _select(database: Database, texts: dict[int, str], bucket: str, values: Sequence[str]) -> list[Row]:
    """One value is looked up on the event loop, more are not."""
    read = database.read if len(values) == 1 else database.scan
    rows: list[Row] = []
    for part in _parts(values):
        length, args = _filled(part)
        rows += await read(texts[length], bucket, *args)
    return rows


def _parts(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while part := list(itertools.islice(iterator, _LENGTHS[-1])):
        yield part


def _marks(versions: Sequence[Version]) -> tuple[int, list[bytes]]:
    """The list length to use for their different marks, and these made up to it by one of them."""
    marks = sorted({version.marks for version in versions})
    length = next(length for length in _LENGTHS if length >= len(marks))
    return length, [*marks, *[marks[0]] * (length - len(marks))]


def _filled(values: Sequence[str]) -> tuple[int, list[str]]:
    """The list length to use, and the values made up to it."""
    length = next(length for length in _LENGTHS if length >= len(values))
    return length, [*values, *[_FILLER] * (length - len(values))]
