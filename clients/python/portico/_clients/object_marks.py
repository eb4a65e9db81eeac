"""What may change of a stored version: its tags, its retention, its legal hold."""

from __future__ import annotations

from collections.abc import Mapping

from portico._methods import method
from portico._names import name_of, text
from portico._services import Service, operation
from portico._steps import Steps
from portico.objects.v1 import objects_pb2
from portico.objects.v1.objects_pb2 import Object, Retention

_UPDATE_OBJECT = method("/portico.objects.v1.ObjectService/UpdateObject", objects_pb2.UpdateObjectResponse)


class ObjectMarks(Service):
    """Changes them."""

    @operation
    def set_tags(self, bucket: str, key: str, tags: Mapping[str, str], *, version_id: str = "") -> Steps[Object]:
        """Gives a version these tags, and no others; answers it. Raises NotFound."""
        request = self._update(bucket, key, version_id, "tags")
        request.tags.update(tags)
        return (yield from self._updated(request))

    @operation
    def set_retention(
        self,
        bucket: str,
        key: str,
        retention: Retention | None,
        *,
        version_id: str = "",
        bypass_governance: bool = False,
    ) -> Steps[Object]:
        """Keeps a version from deletion for a time; None: no longer. Answers it.

        Args:
            bypass_governance: make a retention in GOVERNANCE mode shorter, or take it away.

        Raises:
            FailedPrecondition: (`OBJECT_LOCKED`) it may not be made shorter; (`OBJECT_LOCK_DISABLED`) the bucket has no
                object lock.
            NotFound.
        """
        request = self._update(bucket, key, version_id, "retention")
        if retention is not None:
            request.retention.CopyFrom(retention)
        request.bypass_governance = bypass_governance
        return (yield from self._updated(request))

    @operation
    def set_legal_hold(self, bucket: str, key: str, held: bool, *, version_id: str = "") -> Steps[Object]:
        """Keeps a version from deletion until that is taken back; answers it. Raises as `set_retention`."""
        request = self._update(bucket, key, version_id, "legal_hold")
        request.legal_hold = held
        return (yield from self._updated(request))

    def _update(self, bucket: str, key: str, version_id: str, field: str) -> objects_pb2.UpdateObjectRequest:
        name = f"{name_of(self.session.account, 'buckets', bucket)}/objects/{text(key)}"
        request = objects_pb2.UpdateObjectRequest(name=name, version_id=version_id)
        request.update_mask.paths.append(field)
        return request

    def _updated(self, request: objects_pb2.UpdateObjectRequest) -> Steps[Object]:
        response = yield from self.session.call(_UPDATE_OBJECT, request)
        return response.object
