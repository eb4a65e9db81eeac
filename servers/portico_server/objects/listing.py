"""Lists of objects and common prefixes, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from portico_server.objects import text
from portico_server.objects.buckets import Buckets
from portico_server.objects.records import Version
from portico_server.objects.store import listing as store
from portico_server.objects.text import TextRange
from portico_server.objects.visibility import visible_keys
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Database
from portico_server.platform.telemetry import span

MAX_PAGE = 1000
MOSTLY_SKIPPED = 8
"""When fewer than one row in so many gave an entry, the walk takes over: it seeks, where a read goes through."""


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
        await self._buckets.get(wanted.bucket)
        filling = _Filling(wanted)
        with span("objects.store.list", step="store"):
            for one in ranges(wanted, wanted.cursor):
                await self._fill(filling, one)
                if filling.full:
                    break
        return filling.page

    async def _fill(self, filling: _Filling, within: TextRange) -> None:
        """Adds the entries of one range: by plain reads, and once those mostly skip, by a walk from entry to entry."""
        wanted = filling.wanted
        while not filling.full:
            within = TextRange(max(within.first, filling.position), within.end)
            if within.first >= within.end:
                return
            width = filling.missing
            rows = await store.objects(self._database, wanted.bucket, within, width)
            entries = filling.take(rows)
            if len(rows) < width:
                return
            if entries * MOSTLY_SKIPPED < len(rows):
                break
        within = TextRange(max(within.first, filling.position), within.end)
        if not filling.full and within.first < within.end:
            filling.take(
                await store.entries(
                    self._database, wanted.bucket, within, wanted.prefix, wanted.delimiter, filling.missing
                )
            )


class _Filling:
    """A page being filled with rows in the order of their keys."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.page = Page()
        self.full = False
        self.position = ""
        self._entries = 0

    @property
    def missing(self) -> int:
        """How many entries are wanted still; one more than the page has room for, to know whether it is the last."""
        return self.wanted.limit + 1 - self._entries

    def take(self, rows: Sequence[Version]) -> int:
        """Adds the rows' entries, leaving out rows below a common prefix that is in; answers how many there were."""
        before = self._entries
        for row in rows:
            if row.key < self.position:
                continue
            self._entries += 1
            if self._entries > self.wanted.limit:
                self.full = True
                self.page.cursor = self.position
                break
            self._add(row)
        return self._entries - before

    def _add(self, row: Version) -> None:
        prefix, delimiter = self.wanted.prefix, self.wanted.delimiter
        cut = row.key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            self.page.objects.append(row)
            self.position = text.after(row.key)
        else:
            self.page.prefixes.append(row.key[: cut + len(delimiter)])
            self.position = row.key[:cut] + text.successor(delimiter)


def ranges(wanted: Wanted, first: str) -> list[TextRange]:
    """The ranges of keys to go through, from `first` on."""
    within = TextRange(max(wanted.prefix, first), text.successor(wanted.prefix))
    return text.intersection(visible_keys(wanted.shown, wanted.bucket), within)
