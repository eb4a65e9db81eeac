"""Lists of versions, delete markers and common prefixes, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from portico_server.objects import text
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.records import Version
from portico_server.objects.store import listing as store
from portico_server.objects.text import TextRange
from portico_server.objects.versions import listing
from portico_server.objects.versions.listing import Wanted, first_behind
from portico_server.objects.versions.visibility import sees_nothing
from portico_server.platform.database import Database
from portico_server.platform.telemetry import span


@dataclass(frozen=True, slots=True)
class Start:
    """Where a list begins: behind a key, or among its versions behind one; see the contract."""

    after: str = ""
    version_id: str = ""
    behind_prefix: bool = False


@dataclass(slots=True)
class VersionsPage:
    """Versions and delete markers, and common prefixes. `cursor` tells where to go on; empty on the last page."""

    versions: list[Version] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    cursor: str = ""


class _Position(NamedTuple):
    """Behind it a list goes on: with the versions of `key` that have a higher place, then with those of later keys."""

    key: str
    place: int = store.BEFORE_ALL_PLACES

    def cursor(self) -> str:
        return f"{self.place}:{self.key}"

    @classmethod
    def of(cls, cursor: str) -> _Position:
        place, _, key = cursor.partition(":")
        return cls(key, int(place))


class VersionListing:
    """Lists all versions in buckets."""

    def __init__(self, database: Database, buckets: Buckets) -> None:
        self._database = database
        self._buckets = buckets

    async def page(self, wanted: Wanted, start: Start) -> VersionsPage:
        """The next `limit` versions and common prefixes, counted together: by key, the newest version of a key first.

        Raises BucketNotFound.
        """
        if sees_nothing(wanted.shown, wanted.bucket):
            return VersionsPage()
        bucket = await self._buckets.get(wanted.bucket)
        with span("objects.store.list", step="store"):
            begin = _Position.of(wanted.cursor) if wanted.cursor else await self._begin(wanted, start)
            filling = _Filling(wanted, begin)
            for one in listing.ranges(wanted, begin.key):
                await self._fill(filling, one)
                if filling.full:
                    break
            versions = await self._with_latest(wanted.bucket, filling.page.versions, begin)
            filling.page.versions = self._buckets.still_there(bucket, versions)
        return filling.page

    async def _begin(self, wanted: Wanted, start: Start) -> _Position:
        first = first_behind(start.after, wanted.prefix, wanted.delimiter, start.behind_prefix)
        if start.after and start.version_id and first == text.after(start.after):  # no prefix is left out
            place = await store.place_of(self._database, wanted.bucket, start.after, start.version_id)
            return _Position(start.after) if place is None else _Position(start.after, place)
        return _Position(first)

    async def _fill(self, filling: _Filling, within: TextRange) -> None:
        """Adds the entries of one range: by plain reads, and once those mostly skip, by a walk from entry to entry."""
        wanted = filling.wanted
        mostly_skips = await self._read(filling, within)
        while mostly_skips and not filling.full:
            here = TextRange(max(filling.position.key, within.first), within.end)
            if here.first >= here.end:
                return
            missing = filling.missing
            keys = await store.version_entries(
                self._database, wanted.bucket, here, wanted.prefix, wanted.delimiter, missing
            )
            await self._take_entries(filling, keys)
            mostly_skips = len(keys) == missing

    async def _take_entries(self, filling: _Filling, keys: Sequence[str]) -> None:
        """Adds common prefixes by their keys; of other keys their versions, which are read for neighbours at once."""
        for is_below, group in groupby(keys, filling.is_below_prefix):
            run = list(group)
            if is_below:
                filling.take_prefixes(run)
            elif await self._read(filling, TextRange(run[0], text.after(run[-1]))):
                return  # prefixes came between them meanwhile
            if filling.full:
                return

    async def _read(self, filling: _Filling, within: TextRange) -> bool:
        """Adds a range's entries by plain reads; answers whether it stopped because those mostly skip."""
        while not filling.full:
            behind = max(filling.position, _Position(within.first))
            if behind.key >= within.end:
                break
            here, width = TextRange(behind.key, within.end), filling.missing
            rows = await store.versions(self._database, filling.wanted.bucket, here, behind.place, width)
            entries = filling.take(rows)
            if len(rows) < width:
                filling.pass_over(within.end)
                break
            if entries * listing.MOSTLY_SKIPPED < len(rows):
                return True
        return False

    async def _with_latest(self, bucket: str, versions: Sequence[Version], begin: _Position) -> list[Version]:
        """Marks the newest of each key. Of the key in whose midst the page begins the newest may stand before it."""
        newest: int | None = None
        if begin.place != store.BEFORE_ALL_PLACES and versions and versions[0].key == begin.key:
            newest = await store.newest_place(self._database, bucket, begin.key)
        marked: list[Version] = []
        for version in versions:
            is_first = not marked or marked[-1].key != version.key
            is_latest = version.place == newest if not marked and newest is not None else is_first
            marked.append(version._replace(latest=int(is_latest)))
        return marked


class _Filling:
    """A page being filled with rows in the order of their keys and places."""

    def __init__(self, wanted: Wanted, begin: _Position) -> None:
        self.wanted = wanted
        self.page = VersionsPage()
        self.full = False
        self.position = begin
        self._entries = 0

    @property
    def missing(self) -> int:
        """How many entries are wanted still; one more than the page has room for, to know whether it is the last."""
        return self.wanted.limit + 1 - self._entries

    def take(self, rows: Sequence[Version]) -> int:
        """Adds the rows' entries, leaving out rows below a common prefix that is in; answers how many there were."""
        before = self._entries
        for row in rows:
            if (row.key, row.place) > self.position and self._has_room():
                if self.is_below_prefix(row.key):
                    self._add_prefix(row.key)
                else:
                    self.page.versions.append(row)
                    self.position = _Position(row.key, row.place)
        return self._entries - before

    def take_prefixes(self, keys: Sequence[str]) -> None:
        """Adds common prefixes, each by a key below it."""
        for key in keys:
            if self._has_room():
                self._add_prefix(key)

    def pass_over(self, end: str) -> None:
        """Goes on there: nothing is left before it."""
        if not self.full:
            self.position = max(self.position, _Position(end))

    def is_below_prefix(self, key: str) -> bool:
        delimiter = self.wanted.delimiter
        return bool(delimiter) and key.find(delimiter, len(self.wanted.prefix)) >= 0

    def _has_room(self) -> bool:
        """Counts an entry that is about to be added; where the page is full, it notes where the next one begins."""
        if not self.full:
            self._entries += 1
            self.full = self._entries > self.wanted.limit
            if self.full:
                self.page.cursor = self.position.cursor()
        return not self.full

    def _add_prefix(self, key: str) -> None:
        cut = key.find(self.wanted.delimiter, len(self.wanted.prefix))
        self.page.prefixes.append(key[: cut + len(self.wanted.delimiter)])
        self.position = _Position(key[:cut] + text.successor(self.wanted.delimiter))
