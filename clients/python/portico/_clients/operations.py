"""Work longer than a call (`google.longrunning`): operations named `operations/{product}/{id}`."""

from __future__ import annotations

from typing import Any

from google.longrunning import operations_pb2
from google.longrunning.operations_pb2 import Operation
from google.protobuf.duration_pb2 import Duration
from google.protobuf.empty_pb2 import Empty
from google.rpc.code_pb2 import Code

from portico._failures import error_in
from portico._methods import method
from portico._paging import Paging
from portico._retries import Deadline
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps, sleep
from portico.errors import DeadlineExceeded

_SERVICE = "/google.longrunning.Operations/"
_GET_OPERATION = method(_SERVICE + "GetOperation", Operation)
_WAIT_OPERATION = method(_SERVICE + "WaitOperation", Operation)
_LIST_OPERATIONS = method(_SERVICE + "ListOperations", operations_pb2.ListOperationsResponse)
_CANCEL_OPERATION = method(_SERVICE + "CancelOperation", Empty)
_DELETE_OPERATION = method(_SERVICE + "DeleteOperation", Empty)
_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 2.0


def finished(session: Any, pending: Operation, wait_seconds: float) -> Steps[Operation]:
    """Asks after an operation until it is done; answers it. Raises its error, or DeadlineExceeded."""
    deadline = Deadline.after(wait_seconds)
    pause = _FIRST_PAUSE_SECONDS
    while not pending.done:
        if (left := deadline.left_seconds()) is not None and left < pause:
            raise DeadlineExceeded(f"{pending.name} still runs after {wait_seconds:g} s; ask again later")
        yield sleep(pause)
        pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)
        request = operations_pb2.GetOperationRequest(name=pending.name)
        pending = yield from session.call(_GET_OPERATION, request)
    if pending.HasField("error"):
        error = error_in(pending.error, Code.Name(pending.error.code))
        error.metadata["operation"] = pending.name
        raise error
    return pending


class _Operations(Service):
    @operation
    def get(self, name: str) -> Steps[Operation]:
        """Answers an operation as it stands. Raises NotFound."""
        request = operations_pb2.GetOperationRequest(name=name)
        return (yield from self.session.call(_GET_OPERATION, request))

    @operation
    def wait(self, name: str, *, wait_seconds: float = 600.0) -> Steps[Operation]:
        """Waits until an operation is done; answers it. Raises its error, or DeadlineExceeded."""
        request = operations_pb2.GetOperationRequest(name=name)
        pending = yield from self.session.call(_GET_OPERATION, request)
        return (yield from finished(self.session, pending, wait_seconds))

    @operation
    def wait_once(self, name: str, *, wait_seconds: float = 30.0) -> Steps[Operation]:
        """Waits on the platform's side, by one call; answers the operation, which may still run."""
        request = operations_pb2.WaitOperationRequest(name=name, timeout=Duration(seconds=int(wait_seconds)))
        return (yield from self.session.call(_WAIT_OPERATION, request))

    @listing
    def list(
        self, product: str = "", *, page_size: int = 0
    ) -> Paging[Operation, operations_pb2.ListOperationsResponse]:
        """A product's operations: `list("objects")`; without a product those of all."""
        name = f"operations/{product}" if product else "operations"
        request = operations_pb2.ListOperationsRequest(name=name, page_size=page_size)
        return Paging(_LIST_OPERATIONS, request, "operations")

    @operation
    def cancel(self, name: str) -> Steps[None]:
        """Asks an operation to stop; what it did stays done."""
        request = operations_pb2.CancelOperationRequest(name=name)
        yield from self.session.call(_CANCEL_OPERATION, request)

    @operation
    def delete(self, name: str) -> Steps[None]:
        """Forgets an operation that is done."""
        request = operations_pb2.DeleteOperationRequest(name=name)
        yield from self.session.call(_DELETE_OPERATION, request)


class Operations(_Operations, SyncService):
    """Operations, for threads."""


class AsyncOperations(_Operations, AsyncService):
    """Operations, for asyncio."""
