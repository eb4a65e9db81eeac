"""The platform's application, which acknowledges some deletes that it does not make: what the checks must notice."""

from __future__ import annotations

import itertools
from typing import Any

from portico.objects.v1 import objects_pb2
from portico_server.objects.services.object_service import ObjectService

_FORGOTTEN_ONE_IN = 3
_numbers = itertools.count(1)
_delete = ObjectService.DeleteObject


async def _forget_some(self: ObjectService, request: Any, context: Any) -> objects_pb2.DeleteObjectResponse:
    if next(_numbers) % _FORGOTTEN_ONE_IN == 0:
        return objects_pb2.DeleteObjectResponse()
    return await _delete(self, request, context)


ObjectService.DeleteObject = _forget_some  # type: ignore[method-assign]

from tests.faults.kills.hurried import app  # noqa: E402 - after what it is built of

__all__ = ["app"]
