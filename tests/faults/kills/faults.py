"""Faults that a platform may have, each made by a change of its code: what the checks must notice."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

from portico.objects.v1 import objects_pb2
from portico_server.objects.buckets.buckets import Buckets
from portico_server.objects.notifications.happenings import Telling
from portico_server.objects.services.object_service import ObjectService
from portico_server.objects.services.upload_service import UploadService
from portico_server.objects.store import notifications as notification_store
from portico_server.objects.upkeep.expiring import Expiring
from portico_server.objects.versions import locking
from portico_server.platform.call import current
from portico_server.platform.database import Statement

FAULT = "PORTICO_TEST_FAULT"
"""The variable that names it."""

_STALE_SECONDS = 0.5
_numbers = itertools.count(1)


def _one_in(count: int) -> bool:
    return next(_numbers) % count == 0


def _deletes_are_forgotten() -> None:
    delete = ObjectService.DeleteObject

    async def forget_some(self: ObjectService, request: Any, context: Any) -> objects_pb2.DeleteObjectResponse:
        return objects_pb2.DeleteObjectResponse() if _one_in(3) else await delete(self, request, context)

    ObjectService.DeleteObject = forget_some  # type: ignore[method-assign]


def _markers_are_lost() -> None:
    delete = ObjectService.DeleteObject

    async def lose_some(self: ObjectService, request: Any, context: Any) -> objects_pb2.DeleteObjectResponse:
        deleted = await delete(self, request, context)
        if deleted.delete_marker and not request.version_id and _one_in(3):
            marker = objects_pb2.DeleteObjectRequest(name=request.name, version_id=deleted.version_id)
            await delete(self, marker, context)
        return deleted

    ObjectService.DeleteObject = lose_some  # type: ignore[method-assign]


def _is_stale(method: str) -> Callable[[], None]:
    """What this method answers was so some time ago."""

    def make() -> None:
        listed = getattr(ObjectService, method)
        known: dict[bytes, tuple[float, Any, list[Any]]] = {}

        async def remember(self: ObjectService, request: Any, context: Any) -> Any:
            asked = request.SerializeToString(deterministic=True)
            at, answer, rows = known.get(asked, (-_STALE_SECONDS, None, []))
            handed_over = current.get().rows
            if time.monotonic() - at > _STALE_SECONDS:
                answer = await listed(self, request, context)
                known[asked] = time.monotonic(), answer, list(handed_over or ())
            elif handed_over is not None:
                handed_over += rows
            return answer

        setattr(ObjectService, method, remember)

    return make


def _uploads_are_completed_twice() -> None:
    complete, services = UploadService.CompleteMultipartUpload, list[ObjectService]()
    begin = ObjectService.__init__

    def begin_and_tell(self: ObjectService, *arguments: Any, **more: Any) -> None:
        begin(self, *arguments, **more)
        services.append(self)

    async def twice(self: UploadService, request: Any, context: Any) -> Any:
        answer = await complete(self, request, context)
        await services[-1].CopyObject(objects_pb2.CopyObjectRequest(name=request.name, source=request.name), context)
        return answer

    ObjectService.__init__ = begin_and_tell  # type: ignore[method-assign]
    UploadService.CompleteMultipartUpload = twice  # type: ignore[method-assign]


def _parts_are_forgotten() -> None:
    list_parts = UploadService.ListParts

    async def forget_the_last(self: UploadService, request: Any, context: Any) -> Any:
        answer = await list_parts(self, request, context)
        del answer.parts[-1:]
        return answer

    UploadService.ListParts = forget_the_last  # type: ignore[method-assign]


def _locks_do_not_keep() -> None:
    locking.why_locked = lambda *_: ""


def _what_has_expired_is_shown() -> None:
    """Nor is it removed."""

    async def expire(self: Expiring) -> None:
        pass

    Expiring.expire = expire  # type: ignore[method-assign]
    Buckets.present = lambda self, bucket, version, by_id=False: version  # type: ignore[method-assign]


def _told(times: int) -> Callable[[], None]:
    """Of one change in five it is told so often."""

    def make() -> None:
        notices = Telling.notices

        def changed(self: Telling, happenings: Any, ids: Any) -> Iterator[Statement]:
            for _ in range(times if _one_in(5) else 1):
                yield from notices(self, happenings, ids)

        Telling.notices = changed  # type: ignore[method-assign]

    return make


def _numbered(before: str, after: str) -> Callable[[], None]:
    """Notifications are numbered by another statement."""

    def make() -> None:
        assert before in notification_store._NUMBER
        notification_store._NUMBER = notification_store._NUMBER.replace(before, after)

    return make


FAULTS: dict[str, Callable[[], None]] = {
    "deletes are forgotten": _deletes_are_forgotten,
    "markers are lost": _markers_are_lost,
    "lists are stale": _is_stale("ListObjects"),
    "lists of versions are stale": _is_stale("ListObjectVersions"),
    "uploads are completed twice": _uploads_are_completed_twice,
    "parts are forgotten": _parts_are_forgotten,
    "locks do not keep": _locks_do_not_keep,
    "what has expired is shown": _what_has_expired_is_shown,
    "notices are lost": _told(0),
    "notices come twice": _told(2),
    "notices are numbered backwards": _numbered("w.order_us, w.id", "w.order_us DESC, w.id"),
    "numbers are left out": _numbered("q.last_sequence +", "q.last_sequence + 1 +"),
}
