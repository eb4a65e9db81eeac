"""The one `google.longrunning.Operations` service: an operation is named `operations/<product>/…`, and its product
answers.

Any caller who is known may ask. A product shows each principal only the operations that it started.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import grpc
from google.longrunning import operations_pb2_grpc, operations_proto_pb2
from google.protobuf import empty_pb2

from portico_server.platform.call import current
from portico_server.platform.errors import ApiError, invalid_argument
from portico_server.platform.names import is_name
from portico_server.platform.product import OperationsBackend

DEFAULT_PAGE = 100
MAX_PAGE = 1000
POLL_SECONDS = 0.25
MAX_WAIT_SECONDS = 60.0
"""How long WaitOperation waits when the caller does not say; a shorter deadline ends it earlier."""


class OperationsService(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]  # generated without types
    """`backends`: products' operations by product name; filled while products start."""

    def __init__(self, backends: Mapping[str, OperationsBackend]) -> None:
        self._backends = backends

    async def GetOperation(
        self, request: operations_proto_pb2.GetOperationRequest, context: Any
    ) -> operations_proto_pb2.Operation:
        return await self._backend(request.name).get(request.name)

    async def ListOperations(
        self, request: operations_proto_pb2.ListOperationsRequest, context: Any
    ) -> operations_proto_pb2.ListOperationsResponse:
        """Lists those of one product; `name` is `operations/<product>`."""
        if request.filter:
            raise invalid_argument("filter", "is not supported; leave it empty")
        if request.page_size < 0:
            raise invalid_argument("page_size", "must not be negative")
        collection, _, product = request.name.partition("/")
        if collection != "operations" or product not in self._backends:
            raise invalid_argument("name", f"must be one of {', '.join(self._collections()) or 'none, as it stands'}")
        call = current.get()
        call.resource = request.name
        page_size = min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
        found, next_page_token = await self._backends[product].list(page_size, request.page_token)
        return operations_proto_pb2.ListOperationsResponse(operations=found, next_page_token=next_page_token)

    async def CancelOperation(
        self, request: operations_proto_pb2.CancelOperationRequest, context: Any
    ) -> empty_pb2.Empty:
        await self._backend(request.name).cancel(request.name)
        return empty_pb2.Empty()

    async def DeleteOperation(
        self, request: operations_proto_pb2.DeleteOperationRequest, context: Any
    ) -> empty_pb2.Empty:
        await self._backend(request.name).delete(request.name)
        return empty_pb2.Empty()

    async def WaitOperation(
        self, request: operations_proto_pb2.WaitOperationRequest, context: Any
    ) -> operations_proto_pb2.Operation:
        """Answers once the operation is done, or as it then stands when the time is up."""
        backend = self._backend(request.name)
        seconds = request.timeout.ToNanoseconds() / 1e9 if request.HasField("timeout") else MAX_WAIT_SECONDS
        until = time.monotonic() + max(0.0, min(seconds, MAX_WAIT_SECONDS))
        while True:
            operation = await backend.get(request.name)
            remaining = until - time.monotonic()
            if operation.done or remaining <= 0:
                return operation
            await asyncio.sleep(min(POLL_SECONDS, remaining))

    def _backend(self, name: str) -> OperationsBackend:
        """Who answers for the operation of this name."""
        if not name.startswith("operations/") or not is_name(name):
            raise invalid_argument("name", "must be operations/PRODUCT/ID", "INVALID_NAME")
        current.get().resource = name
        product = name.split("/")[1]
        if product not in self._backends:
            raise ApiError(
                grpc.StatusCode.NOT_FOUND,
                "OPERATION_NOT_FOUND",
                f"the product {product!r} has no operations here",
                metadata={"resource": name},
            )
        return self._backends[product]

    def _collections(self) -> list[str]:
        return [f"operations/{product}" for product in sorted(self._backends)]
