"""Runs operations, each in one process at a time, under a lease, and again from the start where that process died."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import grpc
import structlog
from google.protobuf.message import Message
from google.rpc import status_pb2

from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.errors import ErrorTable, to_api_error
from portico_server.platform.leases import Lease, LeaseLost, Leases
from portico_server.platform.operations import store

_RESUMED_AT_ONCE = 1000

_log = structlog.get_logger(__name__)


class OperationCancelled(Exception):
    """Someone asked for the operation to stop: undo what should be undone and let this pass."""


class Running:
    """An operation that runs, as its work sees it. `argument` is what it was started with."""

    def __init__(self, runner: Runner, operation_id: str, argument: bytes, lease: Lease) -> None:
        self.argument = argument
        self._runner = runner
        self._id = operation_id
        self._lease = lease

    async def progress(self, metadata: Message) -> None:
        """Tells how far it is. Raises OperationCancelled."""
        await self._runner.write(self._lease, store.progress(self._id, metadata, self._runner.clock.now_us()))


Kind = Callable[[Running], Awaitable[Message]]
"""The work of one kind of operation: answers its response, or raises the product's errors. It may be run twice."""


class Runner:
    """The operations of one product that run in this process."""

    def __init__(
        self, product: str, database: Database, clock: Clock, kinds: Mapping[str, Kind], errors: ErrorTable
    ) -> None:
        self.clock = clock
        self._product = product
        self._database = database
        self._kinds = kinds
        self._errors = errors
        self._leases = Leases(database, clock)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._works: dict[str, asyncio.Future[Message]] = {}
        self._held: set[asyncio.Task[None]] = set()
        self._stopping = False

    def launch(self, operation_id: str) -> None:
        """Runs an operation, unless it runs here already."""
        if operation_id not in self._tasks:
            task = asyncio.create_task(self._run(operation_id), name=f"operation {operation_id}")
            self._tasks[operation_id] = task
            task.add_done_callback(lambda _: self._tasks.pop(operation_id))

    async def resume(self) -> None:
        """Runs what no process runs."""
        for operation_id in await store.unfinished(self._database, _RESUMED_AT_ONCE):
            self.launch(operation_id)

    def cancel(self, operation_id: str) -> None:
        """Interrupts an operation's work if it runs here."""
        if work := self._works.get(operation_id):
            work.cancel()

    async def stop(self) -> None:
        """Stops all that runs here. It has not ended: it will be run again."""
        self._stopping = True
        for task in self._held:
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def write(self, lease: Lease, statement: Statement) -> None:
        """Writes about an operation while its lease is held. Raises LeaseLost, OperationCancelled."""
        try:
            await self._database.batch(Batch([lease.guard(), statement], [lease.lock], frees=True))
        except GuardFailed as failed:
            if failed.index == 0:
                raise LeaseLost(f"another process has taken over {lease.name}") from None
            raise OperationCancelled from None

    async def _run(self, operation_id: str) -> None:
        try:
            lease = await self._leases.acquire(f"operation {operation_id}")
            if lease is None:
                return  # another process runs it
            try:
                if not self._stopping:
                    await self._hold(lease, operation_id)
            finally:
                await lease.release()
        except Exception:
            _log.exception("operation is put off", product=self._product, operation=operation_id)

    async def _hold(self, lease: Lease, operation_id: str) -> None:
        """The part that `stop` may interrupt: not the release of the lease."""
        task = asyncio.current_task()
        assert task is not None
        self._held.add(task)
        try:
            await self._leases.hold(lease, lambda lease: self._work(operation_id, lease))
        finally:
            self._held.discard(task)

    async def _work(self, operation_id: str, lease: Lease) -> None:
        work = await store.work(self._database, operation_id)
        if work is None:
            return  # it has ended meanwhile
        running = Running(self, operation_id, work.argument, lease)
        result = _CANCELLED if work.cancelled else await self._result(operation_id, work.kind, running)
        await self.write(lease, store.finish(operation_id, result, self.clock.now_us()))

    async def _result(self, operation_id: str, kind: str, running: Running) -> Message:
        """The work's response, or the status of its error."""
        work: asyncio.Future[Message] = asyncio.ensure_future(self._kinds[kind](running))
        self._works[operation_id] = work
        try:
            response: Message = await work
        except OperationCancelled:
            return _CANCELLED
        except asyncio.CancelledError:
            outer = asyncio.current_task()
            if outer is not None and outer.cancelling():
                raise  # not this operation is to stop, but the process
            return _CANCELLED
        except LeaseLost:
            raise
        except Exception as error:
            return self._status(operation_id, error)
        finally:
            del self._works[operation_id]
        return response

    def _status(self, operation_id: str, error: Exception) -> Message:
        failure = to_api_error(error, self._errors)
        if failure.code is grpc.StatusCode.INTERNAL:
            _log.error("operation failed", product=self._product, operation=operation_id, exc_info=error)
        status: Message = failure.status()
        return status


_CANCELLED: Message = status_pb2.Status(code=grpc.StatusCode.CANCELLED.value[0], message="the operation was cancelled")
