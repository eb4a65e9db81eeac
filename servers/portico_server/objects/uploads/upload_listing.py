"""Lists of multipart uploads, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass, field

from portico_server.objects import text
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.records import Upload
from portico_server.objects.store import uploads as store
from portico_server.objects.text import TextRange
from portico_server.objects.versions.listing import MAX_PAGE
from portico_server.objects.versions.visibility import sees_nothing, visible_keys
from portico_server.platform.authorization import Filter
from portico_server.platform.database import Database
from portico_server.platform.telemetry import span

_BEFORE_ALL_IDS = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which uploads of a bucket: of keys that may be shown and begin with `prefix`, not before `first`, of that key
    only those behind `behind_id`; grouped by `delimiter`, `limit` entries.
    """

    bucket: str
    shown: Filter
    prefix: str = ""
    delimiter: str = ""
    first: str = ""
    behind_id: str = _BEFORE_ALL_IDS
    limit: int = MAX_PAGE


@dataclass(slots=True)
class Page:
    """Uploads, and common prefixes. The next page begins with `first` and `behind_id`; both are empty on the last."""

    uploads: list[Upload] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    first: str = ""
    behind_id: str = _BEFORE_ALL_IDS


class UploadListing:
    """Lists the uploads that are underway."""

    def __init__(self, database: Database, buckets: Buckets) -> None:
        self._database = database
        self._buckets = buckets

    async def page(self, wanted: Wanted) -> Page:
        """The next `limit` uploads and common prefixes, by key, and by when they were begun. Raises BucketNotFound."""
        if sees_nothing(wanted.shown, wanted.bucket):
            return Page()
        bucket = await self._buckets.get(wanted.bucket)
        filling = _Filling(wanted)
        within = TextRange(max(wanted.prefix, wanted.first), text.successor(wanted.prefix))
        with span("objects.store.list", step="store"):
            for one in text.intersection(visible_keys(wanted.shown, wanted.bucket), within):
                while not filling.full:
                    first = max(one.first, filling.first)
                    behind_id = filling.behind_id if first == filling.first else _BEFORE_ALL_IDS
                    left = TextRange(first, one.end)
                    rows = await store.in_range(self._database, bucket, left, behind_id, filling.missing)
                    if not filling.take(rows):
                        break
        filling.page.uploads = [self._buckets.aborting(bucket, upload) for upload in filling.page.uploads]
        return filling.page


class _Filling:
    """A page being filled with rows in order; goes on with `first` and `behind_id`."""

    def __init__(self, wanted: Wanted) -> None:
        self.page = Page()
        self.full = False
        self.first = wanted.first
        self.behind_id = wanted.behind_id
        self._wanted = wanted
        self._entries = 0

    @property
    def missing(self) -> int:
        """How many entries are wanted still, and one more, to know whether the page is the last."""
        return self._wanted.limit + 1 - self._entries

    def take(self, rows: list[Upload]) -> bool:
        """Adds the rows' entries; answers whether to read on from where it stopped."""
        width = self.missing
        for row in rows:
            if row.key < self.first:
                continue  # below a common prefix that is in
            if self._entries == self._wanted.limit:
                self.full = True
                self.page.first, self.page.behind_id = self.first, self.behind_id
                return False
            self._entries += 1
            self._add(row)
        return len(rows) == width

    def _add(self, row: Upload) -> None:
        prefix, delimiter = self._wanted.prefix, self._wanted.delimiter
        cut = row.key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            self.page.uploads.append(row)
            self.first, self.behind_id = row.key, row.id
        else:
            self.page.prefixes.append(row.key[: cut + len(delimiter)])
            self.first, self.behind_id = row.key[:cut] + text.successor(delimiter), _BEFORE_ALL_IDS
