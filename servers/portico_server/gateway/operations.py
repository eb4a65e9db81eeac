"""The one `google.longrunning.Operations` service: an operation is named `operations/<product>/…`, and its product
answers, here or in the process that serves it.

Any caller who is known may ask. A product shows each principal only the operations that it started.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc, operations_proto_pb2
from google.protobuf import empty_pb2

from portico_server.gateway.operations_elsewhere import COLLECTION_UNKNOWN
from portico_server.platform.call import current
from portico_server.platform.errors import ApiError, invalid_argument
from portico_server.platform.names import is_name
from portico_server.platform.product import OperationsBackend

COLLECTION = "operations"
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
        """Lists the caller's, of all products (`name` is `operations`) or of one (`operations/<product>`)."""
        if request.filter:
            raise invalid_argument("filter", "is not supported; leave it empty")
        if request.page_size < 0:
            raise invalid_argument("page_size", "must not be negative")
        page_size = min(request.page_size or DEFAULT_PAGE, MAX_PAGE)
        current.get().resource = request.name
        found: Sequence[operations_pb2.Operation]
        if request.name == COLLECTION:
            found, next_page_token = await self._list_all(page_size, request.page_token)
        else:
            found, next_page_token = await self._listed(request.name).list(page_size, request.page_token)
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

    async def _list_all(self, page_size: int, page_token: str) -> tuple[list[operations_pb2.Operation], str]:
        """Product by product; a token is `<product>:<the product's own token>`."""
        products = sorted(self._backends)
        begin, _, token = page_token.partition(":")
        if page_token and begin not in products:
            raise invalid_argument("page_token", "must be the next_page_token of the page before", "INVALID_PAGE_TOKEN")
        found: list[operations_pb2.Operation] = []
        for product in products[products.index(begin) if page_token else 0 :]:
            if len(found) == page_size:
                return found, f"{product}:"
            page, token = await self._page(product, page_size - len(found), token)
            found += page
            if token:
                return found, f"{product}:{token}"
        return found, ""

    async def _page(
        self, product: str, page_size: int, page_token: str
    ) -> tuple[Sequence[operations_pb2.Operation], str]:
        try:
            return await self._backends[product].list(page_size, page_token)
        except ApiError as error:
            if error.reason == COLLECTION_UNKNOWN:  # it is served elsewhere, and has none
                return [], ""
            raise

    def _listed(self, name: str) -> OperationsBackend:
        """Whose operations stand below this name."""
        for product, backend in self._backends.items():
            if name == f"{COLLECTION}/{product}":
                return backend
        collections = ", ".join([COLLECTION, *(f"{COLLECTION}/{product}" for product in sorted(self._backends))])
        raise invalid_argument("name", f"must be one of {collections}", COLLECTION_UNKNOWN)

    def _backend(self, name: str) -> OperationsBackend:
        """Who answers for the operation of this name."""
        if not name.startswith(f"{COLLECTION}/") or not is_name(name):
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
