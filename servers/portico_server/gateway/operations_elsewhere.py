"""The operations of a product that another process serves: asked for there, on the caller's behalf, over the mesh."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc, operations_proto_pb2

from portico_server.platform.call import current
from portico_server.platform.errors import ApiError
from portico_server.platform.mesh import told

SERVICE = "google.longrunning.Operations"
COLLECTION_UNKNOWN = "COLLECTION_UNKNOWN"
"""The reason why a product's operations cannot be listed that has none."""


class OperationsElsewhere:
    """Implements `product.OperationsBackend`. `channel` leads to the process that serves the product; `on_node`: to
    another node's front, which may itself take the question on to a process, but not to a further node."""

    def __init__(self, product: str, channel: Any, *, on_node: bool) -> None:
        self._product = product
        self._stub: Any = operations_pb2_grpc.OperationsStub(channel)
        self._on_node = on_node

    async def get(self, name: str) -> operations_pb2.Operation:
        return await self._ask(lambda: self._stub.GetOperation(operations_proto_pb2.GetOperationRequest(name=name)))

    async def list(self, page_size: int, page_token: str) -> tuple[Sequence[operations_pb2.Operation], str]:
        request = operations_proto_pb2.ListOperationsRequest(
            name=f"operations/{self._product}", page_size=page_size, page_token=page_token
        )
        answer = await self._ask(lambda: self._stub.ListOperations(request))
        return answer.operations, answer.next_page_token

    async def cancel(self, name: str) -> None:
        await self._ask(lambda: self._stub.CancelOperation(operations_proto_pb2.CancelOperationRequest(name=name)))

    async def delete(self, name: str) -> None:
        await self._ask(lambda: self._stub.DeleteOperation(operations_proto_pb2.DeleteOperationRequest(name=name)))

    async def _ask(self, call: Any) -> Any:
        """Raises ApiError: what the other process said."""
        if self._on_node and current.get().acting == SERVICE:
            raise ApiError(
                grpc.StatusCode.NOT_FOUND,
                "OPERATION_NOT_FOUND",
                f"the product {self._product!r} is placed here by one node and elsewhere by this one: mend `peers`",
            )
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            raise told(error) from error
