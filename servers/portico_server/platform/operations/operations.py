"""A product's long-running operations, as its servicers and the shared Operations service use them.

An operation is started by a row in the same batch as the change that calls for it, so it is never lost. The row keeps
what it was asked to do, how far it is, and how it ended.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import grpc
from google.longrunning import operations_pb2
from google.protobuf.message import Message

from portico_server.platform import call
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.errors import ApiError, ErrorTable
from portico_server.platform.operations import store
from portico_server.platform.operations.running import Kind, Runner
from portico_server.platform.paging import PageTokens
from portico_server.platform.product import Job

KEPT_US = 7 * 24 * 3600 * 1_000_000
"""How long an operation that ended can be looked up."""

_DEFAULT_PAGE, _LARGEST_PAGE = 100, 1000
_EXPIRED_AT_ONCE = 100


class Operations:
    """Implements `product.OperationsBackend`. Who started an operation (`operations/<product>/<id>`) alone sees it."""

    def __init__(
        self,
        product: str,
        database: Database,
        clock: Clock,
        page_tokens: PageTokens,
        kinds: Mapping[str, Kind],
        errors: ErrorTable,
    ) -> None:
        self._product = product
        self._prefix = f"operations/{product}/"
        self._database = database
        self._clock = clock
        self._page_tokens = page_tokens
        self._runner = Runner(product, database, clock, kinds, errors)

    def starting(self, kind: str, argument: bytes, metadata: Message) -> tuple[operations_pb2.Operation, Statement]:
        """A new operation of the current caller, and the statement that starts it, for the batch of what calls for it.

        When the batch is done: `launch(operation)`.
        """
        now_us = self._clock.now_us()
        operation_id = f"{now_us // 1000:012x}{secrets.token_hex(10)}"  # sorts by time
        operation = operations_pb2.Operation(name=self._prefix + operation_id)
        operation.metadata.Pack(metadata)
        return operation, store.insert(operation_id, _principal(), kind, argument, metadata, now_us)

    def ended(self, metadata: Message, response: Message) -> tuple[operations_pb2.Operation, list[Statement]]:
        """A new operation that is done with the batch that makes the change, for calls that need not wait after all."""
        operation, insert = self.starting("", b"", metadata)
        operation.done = True
        operation.response.Pack(response)
        return operation, [insert, store.finish(self._id(operation.name), response, self._clock.now_us())]

    def launch(self, operation: operations_pb2.Operation) -> None:
        """Runs an operation whose row was written."""
        self._runner.launch(self._id(operation.name))

    async def start(self) -> None:
        """At the product's start: runs what was not finished before."""
        await self._runner.resume()

    async def stop(self) -> None:
        """At the product's stop. What runs here is run again after the next start, or by another process."""
        await self._runner.stop()

    def jobs(self) -> list[Job]:
        """The product's jobs for its operations: to take over from processes that died, to forget what ended."""
        return [
            Job(f"{self._product}.operations.resume", 30.0, self._runner.resume, self._database),
            Job(f"{self._product}.operations.expire", 3600.0, self.expire, self._database),
        ]

    async def expire(self) -> None:
        """Forgets operations that ended more than `KEPT_US` ago."""
        before_us = self._clock.now_us() - KEPT_US
        while True:
            (done,) = await self._database.batch(Batch([store.expire(before_us, _EXPIRED_AT_ONCE)], frees=True))
            if done.count < _EXPIRED_AT_ONCE:
                return

    async def get(self, name: str) -> operations_pb2.Operation:
        """Raises ApiError (NOT_FOUND) for an operation that is not there or is another's."""
        operation = await store.visible(self._database, self._prefix, self._id(name), _principal())
        if operation is None:
            raise _not_found(name)
        return operation

    async def is_running(self, name: str) -> bool:
        """Whether an operation, whoever started it, has still to end."""
        return await store.work(self._database, self._id(name)) is not None

    async def list(self, page_size: int, page_token: str) -> tuple[list[operations_pb2.Operation], str]:
        """The caller's operations, oldest first, and the token of the next page."""
        bound = operations_pb2.ListOperationsRequest(name=self._prefix)
        after = self._page_tokens.open(bound, _principal(), page_token)
        size = min(page_size, _LARGEST_PAGE) or _DEFAULT_PAGE
        found = await store.page(self._database, self._prefix, _principal(), after, size + 1)
        last = self._id(found[size - 1].name) if len(found) > size else ""
        return found[:size], self._page_tokens.seal(bound, _principal(), last)

    async def cancel(self, name: str) -> None:
        """Asks an operation to stop: at once if it runs here, elsewhere at its next progress.

        Raises ApiError (NOT_FOUND).
        """
        operation_id = self._id(name)
        try:
            await self._database.batch(
                Batch([store.cancel(operation_id, _principal(), self._clock.now_us())], frees=True)
            )
        except GuardFailed:
            raise _not_found(name) from None
        self._runner.cancel(operation_id)

    async def delete(self, name: str) -> None:
        """Forgets an operation that has ended. Raises ApiError (NOT_FOUND, FAILED_PRECONDITION)."""
        try:
            await self._database.batch(Batch([store.delete(self._id(name), _principal())], frees=True))
        except GuardFailed:
            await self.get(name)
            raise ApiError(
                grpc.StatusCode.FAILED_PRECONDITION,
                "OPERATION_RUNNING",
                f"{name} still runs: cancel it, and delete it when it is done",
                metadata={"resource": name},
            ) from None

    def _id(self, name: str) -> str:
        if not name.startswith(self._prefix):
            raise _not_found(name)
        return name.removeprefix(self._prefix)


def _principal() -> str:
    principal = call.current.get().principal
    if principal is None:
        raise RuntimeError("an operation outside of an identified call")
    return principal.name


def _not_found(name: str) -> ApiError:
    return ApiError(
        grpc.StatusCode.NOT_FOUND,
        "OPERATION_NOT_FOUND",
        f"{name} does not exist, or belongs to someone else",
        metadata={"resource": name},
    )
