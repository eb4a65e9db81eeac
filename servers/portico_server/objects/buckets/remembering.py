"""What a process has seen of buckets, so that it need not read them at each call.

It may be stale, and nobody takes it for true unseen: a put guards that the bucket still has the etag, and a read of an
object reads its bucket's etag with it. An etag names one state of one bucket for ever.
"""

from __future__ import annotations

from portico_server.objects.buckets import settings
from portico_server.objects.buckets.lifecycle import Lifecycle
from portico_server.objects.notifications.happenings import Telling
from portico_server.objects.records import Bucket

_MAX_BUCKETS = 10_000
_MAX_BYTES = 32 << 20
"""Of their settings, as they are stored; made ready they take some three times as much."""


class Remembered:
    """Buckets by their names, and what their settings mean, ready for use."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}
        self._lifecycles: dict[str, Lifecycle] = {}
        self._tellings: dict[str, Telling] = {}
        self._bytes = 0

    def get(self, name: str) -> Bucket | None:
        return self._buckets.get(name)

    def note(self, bucket: Bucket) -> None:
        """Takes the place of what was seen of it before."""
        before = self._buckets.get(bucket.name)
        if before is not None and before.etag == bucket.etag:
            return
        self._bytes += len(bucket.settings or b"")
        if len(self._buckets) >= _MAX_BUCKETS or self._bytes > _MAX_BYTES:
            self._buckets.clear()
            self._lifecycles.clear()
            self._tellings.clear()
            self._bytes = len(bucket.settings or b"")
        if before is not None:
            self._lifecycles.pop(before.etag, None)
            self._tellings.pop(before.etag, None)
        self._buckets[bucket.name] = bucket

    def lifecycle(self, bucket: Bucket) -> Lifecycle | None:
        """Its rules that are in force; None: there are none."""
        if not bucket.expires:
            return None
        ready = self._lifecycles.get(bucket.etag)
        if ready is None:
            ready = Lifecycle(settings.kept(bucket))
            noted = self._buckets.get(bucket.name)
            if noted is not None and noted.etag == bucket.etag:
                self._lifecycles[bucket.etag] = ready
        return ready

    def telling(self, bucket: Bucket) -> Telling | None:
        """Its rules by which queues are told; None: there are none."""
        if bucket.settings is None:
            return None
        ready = self._tellings.get(bucket.etag)
        if ready is None:
            ready = Telling(bucket.name, settings.kept(bucket))
            noted = self._buckets.get(bucket.name)
            if noted is not None and noted.etag == bucket.etag:
                self._tellings[bucket.etag] = ready
        return ready or None
