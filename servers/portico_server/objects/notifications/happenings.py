"""What happens to objects, as notices for the queues that rules of their bucket name: rows in the batch of the change.
A webhook has a queue, too, of its own name.

So a notice is there exactly if the change is. Each batch guards its bucket's etag, and with it the rules that were
asked. Buckets without rules pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from portico.objects.v1 import buckets_pb2, notifications_pb2
from portico_server.objects.names import ObjectName, account_of, webhook_name
from portico_server.objects.records import Version
from portico_server.objects.store import notifications as store
from portico_server.platform import call
from portico_server.platform.database import Statement
from portico_server.platform.ids import Ids
from portico_server.platform.outgoing.destinations import UrlRefused, destination

CREATED = int(buckets_pb2.NotificationRule.EVENT_OBJECT_CREATED)
DELETED = int(buckets_pb2.NotificationRule.EVENT_OBJECT_DELETED)
EXPIRED = int(buckets_pb2.NotificationRule.EVENT_OBJECT_EXPIRED)
TAGGED = int(buckets_pb2.NotificationRule.EVENT_OBJECT_TAGGED)


class Happening(NamedTuple):
    """What a batch does to an object; `event` is the contract's number."""

    event: int
    key: str
    version_id: str
    size_bytes: int = 0
    etag: str = ""
    marker: bool = False


class _Rule(NamedTuple):
    events: frozenset[int]
    prefix: str
    suffix: str
    queue: str


class Telling:
    """The rules of one state of a bucket that say who is told."""

    def __init__(self, bucket: str, settings: buckets_pb2.Bucket) -> None:
        self._bucket = bucket
        self._rules = [
            _Rule(frozenset(map(int, rule.events)), rule.prefix, rule.suffix, queue)
            for rule in settings.notification_rules
            if (queue := rule.queue or _queue_of_webhook(bucket, rule.webhook_url))
        ]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def notices(self, happenings: Sequence[Happening], ids: Ids) -> Iterator[Statement]:
        """Statements for the batch, behind which the change stands and whose locks are those of the keys."""
        made_by = call.current.get(None)
        for one in happenings:
            queues = self._queues(one.event, one.key)
            if not queues:
                continue
            notice_id, now_us = ids.mint()
            name = str(ObjectName(self._bucket, one.key))
            message = notifications_pb2.Notification(
                id=notice_id,
                event=buckets_pb2.NotificationRule.Event.Name(one.event),
                object=name,
                version_id=one.version_id,
                delete_marker=one.marker,
                size_bytes=one.size_bytes,
                etag=one.etag,
                principal=made_by.principal.name if made_by and made_by.principal else "",
                ray_id=made_by.ray_id if made_by else "",
            )
            message.event_time.FromMicroseconds(now_us)
            body = message.SerializeToString()
            for queue in queues:
                yield store.notice(queue, name, now_us, notice_id, body)

    def _queues(self, event: int, key: str) -> list[str]:
        """Which are told: each once, however many rules name it."""
        return sorted(
            {
                rule.queue
                for rule in self._rules
                if event in rule.events and key.startswith(rule.prefix) and key.endswith(rule.suffix)
            }
        )


def of_version(event: int, version: Version) -> Happening:
    """That something happened to a version."""
    return Happening(event, version.key, version.version_id, version.size_bytes, version.etag, bool(version.marker))


def of_marker(event: int, key: str, version_id: str) -> Happening:
    """That a delete marker was put."""
    return Happening(event, key, version_id, marker=True)


def _queue_of_webhook(bucket: str, url: str) -> str:
    """Empty where it is none: an earlier release kept what was not yet looked at."""
    try:
        return webhook_name(account_of(bucket), destination(url).url)
    except UrlRefused:
        return ""
