"""Lists of objects and common prefixes, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from portico_server.objects import text
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.records import Part, Version
from portico_server.objects.store import listing as store
from portico_server.objects.store import parts
from portico_server.objects.text import TextRange
from portico_server.objects.versions.visibility import sees_nothing, visible_keys
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Database
from portico_server.platform.telemetry import span

MAX_PAGE = 1000
MOSTLY_SKIPPED = 8
"""When fewer than one row in so many gave an entry, the walk takes over: it seeks, where a read goes through."""

_LOOKED_AT_FIRST = 64
"""Rows that tell whether a list with a delimiter mostly skips; read for nothing where it does."""
_FEWEST_AT_ONCE = 100
_MOST_EXPIRED = 10_000
"""Expired objects, not removed yet, that one page goes through."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries of a bucket: keys that may be shown and begin with `prefix`, not before `cursor`, grouped by
    `delimiter`; `limit` of them.
    """

    bucket: str
    shown: Filter
    prefix: str = ""
    delimiter: str = ""
    cursor: str = ""
    limit: int = MAX_PAGE


@dataclass(slots=True)
class Page:
    """Objects, and common prefixes. `cursor` is the least key that may come next; empty on the last page."""

    objects: list[Version] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    cursor: str = ""


def page_size(requested: int) -> int:
    """0 means the most there can be; more than that is taken as that."""
    return min(requested or MAX_PAGE, MAX_PAGE)


def first_behind(start_after: str, prefix: str, delimiter: str, behind_prefix: bool) -> str:
    """The least key that may come in a list that starts behind a key, or behind the whole common prefix that it is or
    begins with."""
    cut = start_after.find(delimiter, len(prefix)) if delimiter and start_after.startswith(prefix) else -1
    if behind_prefix and cut >= 0:
        return start_after[:cut] + text.successor(delimiter)
    return text.after(start_after)


class Listing:
    """Lists the current objects of buckets."""

    def __init__(self, database: Database, buckets: Buckets) -> None:
        self._database = database
        self._buckets = buckets

    async def page(self, wanted: Wanted) -> Page:
        """The next `limit` objects and common prefixes, counted together, in the order of their UTF-8 bytes.

        Raises BucketNotFound.
        """
        if sees_nothing(wanted.shown, wanted.bucket):
            return Page()
        bucket = await self._buckets.get(wanted.bucket)
        filling = _Filling(wanted, self._buckets.expired_now(bucket))
        with span("objects.store.list", step="store"):
            for one in ranges(wanted, wanted.cursor):
                await self._fill(filling, one)
                if filling.full:
                    break
        return filling.page

    async def parts(self, list_id: str, behind_number: int, limit: int) -> tuple[list[Part], int]:
        """The next `limit` parts of a list, by number, and the number behind which there are more; 0: that was all."""
        with span("objects.store.list", step="store"):
            found = await parts.behind(self._database, list_id, behind_number, limit + 1)
        return found[:limit], found[limit - 1].number if len(found) > limit else 0

    async def _fill(self, filling: _Filling, within: TextRange) -> None:
        """Adds the entries of one range: by plain reads, and where those mostly skip, by a walk from entry to entry."""
        wanted = filling.wanted
        walk, most = False, _LOOKED_AT_FIRST if wanted.delimiter else MAX_PAGE + 1
        while not filling.full:
            within = TextRange(max(within.first, filling.position), within.end)
            if within.first >= within.end:
                return
            width, most = min(filling.width, most), MAX_PAGE + 1
            if walk:
                behind = (wanted.prefix, wanted.delimiter, width)
                rows = await store.entries(self._database, wanted.bucket, within, *behind)
            else:
                rows = await store.objects(self._database, wanted.bucket, within, width)
            entries = filling.take(rows, walk)
            if len(rows) < width and not (walk and filling.stopped):
                return
            filling.end_early()
            walk = bool(wanted.delimiter) and not walk and entries * MOSTLY_SKIPPED < len(rows)


class _Filling:
    """A page being filled with rows in the order of their keys."""

    def __init__(self, wanted: Wanted, has_expired: Callable[[Version], bool] | None) -> None:
        self.wanted = wanted
        self.page = Page()
        self.full = False
        self.stopped = False
        self.position = ""
        self._has_expired = has_expired
        self._behind = text.successor(wanted.delimiter)
        self._entries = 0
        self._expired = 0

    @property
    def missing(self) -> int:
        """How many entries are wanted still; one more than the page has room for, to know whether it is the last."""
        return self.wanted.limit + 1 - self._entries

    @property
    def width(self) -> int:
        """How many rows to read at once: what is missing, and where rows may have expired not too few for those."""
        return self.missing if self._has_expired is None else max(self.missing, _FEWEST_AT_ONCE)

    def take(self, rows: Sequence[Version], walked: bool) -> int:
        """Adds the rows' entries, leaving out what has expired, and rows below a common prefix that is in; answers how
        many there were. A walk knows one object of each common prefix: where that one has expired another may not have,
        so it is taken up to there (`stopped`).
        """
        self.stopped = False
        if self._has_expired is None and not self.wanted.delimiter:
            return self._take_all(rows)
        before = self._entries
        for row in rows:
            if row.key < self.position:
                continue
            if self._has_expired is not None and self._has_expired(row):
                self.position = text.after(row.key)
                self._expired += 1
                if walked:
                    self.stopped = True
                    break
                continue
            self._entries += 1
            if self._entries > self.wanted.limit:
                self.full = True
                self.page.cursor = self.position
                break
            self._add(row)
        return self._entries - before

    def _take_all(self, rows: Sequence[Version]) -> int:
        """As `take`, where each row is an entry of its own."""
        before = self._entries
        taken = rows[: self.wanted.limit - before]
        if taken:
            self.page.objects += taken
            self.position = text.after(taken[-1].key)
        self._entries = before + len(rows)
        if self._entries > self.wanted.limit:
            self.full = True
            self.page.cursor = self.position
        return len(rows)

    def end_early(self) -> None:
        """Ends the page, though there is room, after so many expired objects that others have waited long enough: a
        page may be short, and even empty, if another one follows."""
        if self._expired > _MOST_EXPIRED and self.position:
            self.full = True
            self.page.cursor = self.position

    def _add(self, row: Version) -> None:
        prefix, delimiter = self.wanted.prefix, self.wanted.delimiter
        cut = row.key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            self.page.objects.append(row)
            self.position = text.after(row.key)
        else:
            self.page.prefixes.append(row.key[: cut + len(delimiter)])
            self.position = row.key[:cut] + self._behind


def ranges(wanted: Wanted, first: str) -> list[TextRange]:
    """The ranges of keys to go through, from `first` on."""
    within = TextRange(max(wanted.prefix, first), text.successor(wanted.prefix))
    return text.intersection(visible_keys(wanted.shown, wanted.bucket), within)
