"""Objects of public buckets, read by callers whom no policy allows it."""

from __future__ import annotations

from portico.objects.v1 import objects_pb2
from portico_server.objects.names import ObjectName
from portico_server.objects.records import PublicAccess
from portico_server.objects.store import buckets as store
from portico_server.platform import call
from portico_server.platform.database import Database


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
    if bucket is None or bucket.public_access != PublicAccess.READ or version_id:
        assert served.denial is not None
        raise served.denial()


def hide_marks(described: objects_pb2.Object) -> None:
    """Takes out what a public bucket does not open: tags, and until when what is kept."""
    if call.current.get().anonymous:
        for field in ("tags", "retention", "legal_hold"):
            described.ClearField(field)
