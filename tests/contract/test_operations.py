"""Long-running operations: durable, resumed after a restart, cancelled, seen only by who started them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator

import grpc
import pytest
from google.longrunning import operations_pb2
from google.protobuf import wrappers_pb2
from google.protobuf.message import Message
from structlog.testing import capture_logs

from portico_server.platform import call
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.errors import ApiError, DomainError
from portico_server.platform.methods import Method
from portico_server.platform.operations import Kind, Operations, Running
from portico_server.platform.operations.operations import KEPT_US
from portico_server.platform.paging import PageTokens
from tests.contract.clocks import FakeClock

Text = wrappers_pb2.StringValue


class TooMuch(DomainError):
    pass


@contextlib.contextmanager
def called_by(name: str) -> Iterator[None]:
    async def no_message() -> None: ...

    method = Method("/google.longrunning.Operations/GetOperation", False, False)
    made = Call(method, None, {}, no_message, 0, 0)  # type: ignore[arg-type]
    made.principal = Principal(f"accounts/default/principals/{name}", "default")
    token = call.current.set(made)
    try:
        yield
    finally:
        call.current.reset(token)


@pytest.fixture(autouse=True)
def by_admin() -> Iterator[None]:
    with called_by("admin"):
        yield


def operations_of(database: Database, clock: FakeClock | None = None, **kinds: Kind) -> Operations:
    errors = {TooMuch: (grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MUCH")}
    return Operations("things", database, clock or FakeClock(), PageTokens(b"k" * 32), kinds, errors)


async def started(operations: Operations, database: Database, kind: str, argument: bytes = b"") -> str:
    operation, statement = operations.starting(kind, argument, Text(value="0 %"))
    await database.batch(Batch([statement]))
    operations.launch(operation)
    return str(operation.name)


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + 30
    while not await look():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def ended(operations: Operations, name: str) -> operations_pb2.Operation:
    async def done() -> bool:
        return bool((await operations.get(name)).done)

    await until(done)
    return await operations.get(name)


def unpacked(packed: Message) -> str:
    text = Text()
    assert packed.Unpack(text)  # type: ignore[attr-defined]
    return str(text.value)


async def empty(running: Running) -> Message:
    """The kind of operation that the tests run: tells its progress, answers its argument."""
    await running.progress(Text(value="50 %"))
    return Text(value=running.argument.decode())


async def forever(running: Running) -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def test_an_operation_runs_to_its_response(database: Database) -> None:
    operations = operations_of(database, empty=empty)
    name = await started(operations, database, "empty", b"bucket-1")
    assert name.startswith("operations/things/")
    operation = await ended(operations, name)
    assert operation.name == name
    assert unpacked(operation.metadata) == "50 %"
    assert unpacked(operation.response) == "bucket-1"
    await operations.stop()
    assert await database.read("SELECT count(*) FROM platform_lease") == [(0,)]


async def test_an_operation_exists_only_if_its_batch_was_applied(database: Database) -> None:
    operations = operations_of(database, empty=empty)
    operation, statement = operations.starting("empty", b"", Text())
    with pytest.raises(GuardFailed):
        await database.batch(Batch([statement, Statement("SELECT 1 FROM thing")]))
    operations.launch(operation)
    with pytest.raises(ApiError) as refused:
        await operations.get(operation.name)
    assert refused.value.code is grpc.StatusCode.NOT_FOUND
    await operations.stop()


async def test_an_error_of_the_product_ends_the_operation_with_its_code(database: Database) -> None:
    async def fail(running: Running) -> Message:
        raise TooMuch("at most 5; delete some")

    operations = operations_of(database, fail=fail)
    operation = await ended(operations, await started(operations, database, "fail"))
    assert operation.error.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert operation.error.message == "at most 5; delete some"
    await operations.stop()


async def test_an_unexpected_error_is_internal_and_logged(database: Database) -> None:
    async def fail(running: Running) -> Message:
        raise ZeroDivisionError("secret")

    operations = operations_of(database, fail=fail)
    with capture_logs() as logs:
        operation = await ended(operations, await started(operations, database, "fail"))
    assert operation.error.code == grpc.StatusCode.INTERNAL.value[0]
    assert "secret" not in operation.error.message
    assert [entry["event"] for entry in logs] == ["operation failed"]
    await operations.stop()


async def test_what_a_stopped_process_left_is_run_again_by_the_next(database: Database) -> None:
    clock = FakeClock()
    first = operations_of(database, clock, work=forever)
    name = await started(first, database, "work", b"again")
    await until(lambda: _is_leased(database))
    await first.stop()
    assert not (await first.get(name)).done
    second = operations_of(database, clock, work=empty)
    await second.start()
    assert unpacked((await ended(second, name)).response) == "again"
    await second.stop()


async def test_what_a_dead_process_left_is_taken_over_when_its_lease_ends(database: Database) -> None:
    clock = FakeClock()
    dead = operations_of(database, clock, work=forever)
    name = await started(dead, database, "work")
    await until(lambda: _is_leased(database))
    living = operations_of(database, clock, work=empty)
    resume = living.jobs()[0].run
    await resume()
    await asyncio.sleep(0.05)
    assert not (await living.get(name)).done, "two processes ran it at once"
    clock.advance(31)
    await resume()
    assert (await ended(living, name)).done
    await living.stop()
    await dead.stop()


async def test_a_cancelled_operation_ends_as_cancelled(database: Database) -> None:
    operations = operations_of(database, work=forever)
    name = await started(operations, database, "work")
    await until(lambda: _is_leased(database))
    await operations.cancel(name)
    assert (await ended(operations, name)).error.code == grpc.StatusCode.CANCELLED.value[0]
    await operations.cancel(name)  # once more does no harm
    await operations.stop()


async def test_cancelling_reaches_work_in_another_process_at_its_next_progress(database: Database) -> None:
    async def diligent(running: Running) -> Message:
        while True:
            await running.progress(Text(value="on"))
            await asyncio.sleep(0.005)

    running = operations_of(database, work=diligent)
    name = await started(running, database, "work")
    await until(lambda: _is_leased(database))
    await operations_of(database).cancel(name)
    assert (await ended(running, name)).error.code == grpc.StatusCode.CANCELLED.value[0]
    await running.stop()


async def test_an_operation_is_seen_only_by_who_started_it(database: Database) -> None:
    operations = operations_of(database, empty=empty)
    name = await started(operations, database, "empty")
    await ended(operations, name)
    with called_by("eve"):
        for attempt in (operations.get, operations.cancel, operations.delete):
            with pytest.raises(ApiError) as refused:
                await attempt(name)
            assert refused.value.reason == "OPERATION_NOT_FOUND"
        assert await operations.list(10, "") == ([], "")
    for wrong in ("operations/other/1", "operations/things/unknown", "nonsense"):
        with pytest.raises(ApiError):
            await operations.get(wrong)
    await operations.stop()


async def test_operations_are_listed_in_pages(database: Database) -> None:
    operations = operations_of(database, empty=empty)
    names = sorted([await started(operations, database, "empty") for _ in range(7)])
    found, token = [], ""
    for expected in (3, 3, 1):
        page, token = await operations.list(3, token)
        assert len(page) == expected
        found += [operation.name for operation in page]
    assert (sorted(found), token) == (names, "")
    with called_by("eve"), pytest.raises(ApiError):
        await operations.list(3, await _token(operations))  # a token of another's list
    await operations.stop()


async def test_an_operation_is_deleted_once_it_has_ended(database: Database) -> None:
    operations = operations_of(database, work=forever)
    name = await started(operations, database, "work")
    with pytest.raises(ApiError) as refused:
        await operations.delete(name)
    assert refused.value.reason == "OPERATION_RUNNING"
    await operations.cancel(name)
    await ended(operations, name)
    await operations.delete(name)
    with pytest.raises(ApiError):
        await operations.get(name)
    await operations.stop()


async def test_operations_that_ended_long_ago_are_forgotten(database: Database) -> None:
    clock = FakeClock()
    operations = operations_of(database, clock, empty=empty, work=forever)
    old = await started(operations, database, "empty")
    await ended(operations, old)
    endless = await started(operations, database, "work")
    clock.advance(KEPT_US / 1e6)
    recent = await started(operations, database, "empty")
    await ended(operations, recent)
    await operations.expire()
    listed, _ = await operations.list(10, "")
    assert {operation.name for operation in listed} == {endless, recent}
    await operations.stop()


async def _is_leased(database: Database) -> bool:
    return bool(await database.read("SELECT 1 FROM platform_lease"))


async def _token(operations: Operations) -> str:
    with called_by("admin"):
        _, token = await operations.list(3, "")
        return token
