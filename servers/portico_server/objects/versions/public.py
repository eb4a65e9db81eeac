"""Objects of public buckets, read and listed by callers whom no policy allows it."""

from __future__ import annotations

from collections.abc import Iterable

from portico.objects.v1 import objects_pb2
from portico_server.objects.buckets import settings
from portico_server.objects.names import ObjectName
from portico_server.objects.records import Bucket, PublicAccess
from portico_server.objects.store import buckets as store
from portico_server.platform import call
from portico_server.platform.authorization import Filter
from portico_server.platform.caller import shown
from portico_server.platform.database import Database

_EVERYTHING = Filter(everything=True)


async def check_public(database: Database, name: ObjectName, version_id: str) -> None:
    """Lets those calls through that policies allow, and of others those for current objects of public buckets.

    What the bucket is set to is read each time: once it is private nobody reads from it any more, in no process. Older
    versions are not public, since what was deleted or replaced should be. Raises the gateway's own refusal of the call
    (ApiError), which does not tell whether there is such a bucket or object.
    """
    served = call.current.get()
    if not served.anonymous:
        return
    bucket = await store.get(database, name.bucket)
    if bucket is None or version_id or not _is_read_publicly(bucket):
        assert served.denial is not None
        raise served.denial()


async def shown_of(database: Database, bucket: str) -> Filter:
    """Which objects of a bucket a list may show: all where anybody may list them, else what policies allow.

    As in `check_public` the bucket is read each time, but for who may see all of it anyway. Raises ApiError.
    """
    served = call.current.get()
    allowed = shown()
    if not served.anonymous and not allowed.deny and allowed.shows(bucket):
        return allowed
    found = await store.get(database, bucket)
    if found is not None and settings.is_listed_publicly(found):
        return _EVERYTHING
    if served.anonymous:
        assert served.denial is not None
        raise served.denial()
    return allowed


def hide_marks(described: objects_pb2.Object) -> None:
    """Takes out what a public bucket does not open: tags, and until when what is kept."""
    if call.current.get().anonymous:
        for field in ("tags", "retention", "legal_hold"):
            described.ClearField(field)


def hide_in_list(listed: Iterable[objects_pb2.Object]) -> None:
    """Clears what S3's lists do not tell either: who may only list a bucket is not to read what its objects are put
    with."""
    if call.current.get().anonymous:
        for described in listed:
            for field in ("metadata", "version_id", "tags", "retention", "legal_hold"):
                described.ClearField(field)


def _is_read_publicly(bucket: Bucket) -> bool:
    return bucket.public_access == PublicAccess.READ and not settings.restricts_public_access(bucket)
