"""The mesh's contract, time and end: deadlines and cancellation reach the other side, and nothing works for nobody."""

from __future__ import annotations

import asyncio
import time

import grpc
import pytest
from portico.testing.v1 import testing_pb2 as pb

from tests.contract.mesh.stand import NAME, SECONDS, Stand, eventually, failure_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

FOREVER = pb.UnaryRequest(name=NAME, delay_millis=60_000)


async def test_the_callers_remaining_time_bounds_an_inner_call(stand: Stand) -> None:
    with stand.calling(remaining_seconds=0.3):
        late = await failure_of(stand.stub.Unary(FOREVER, timeout=SECONDS))
    assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED
    with stand.calling():
        await stand.idle()


async def test_the_given_time_bounds_it_where_it_is_shorter(stand: Stand) -> None:
    with stand.calling(remaining_seconds=SECONDS):
        late = await failure_of(stand.stub.Unary(FOREVER, timeout=0.3))
        assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED
        await stand.idle()


async def test_the_servicer_sees_how_much_time_is_left(stand: Stand) -> None:
    with stand.calling(remaining_seconds=20.0):
        left = float((await stand.report())["remaining-seconds"])
    assert 0.0 < left <= 21.0  # on the wire grpcio rounds up


async def test_a_call_after_the_deadline_does_not_reach_the_servicer(stand: Stand) -> None:
    with stand.calling(remaining_seconds=0.0):
        late = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS))
    assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_deadline_ends_a_stream(stand: Stand) -> None:
    request = pb.ServerStreamRequest(name=NAME, sizes_bytes=[1, 1], delay_millis=60_000)
    with stand.calling():
        late = await failure_of(_whole(stand.stub.ServerStream(request, timeout=0.3)))
        assert late.code is grpc.StatusCode.DEADLINE_EXCEEDED
        await stand.idle()


async def test_cancelling_the_call_cancels_the_servicer(stand: Stand) -> None:
    with stand.calling():
        call = stand.stub.Unary(FOREVER, timeout=SECONDS)
        await eventually(_served(stand, 2), "the call is being served")
        assert call.cancel()
        assert not call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert call.cancelled()
        assert call.done()
        assert await call.code() is grpc.StatusCode.CANCELLED
        await stand.idle()


async def test_cancelling_the_callers_task_cancels_the_servicer(stand: Stand) -> None:
    async def wait() -> None:
        await stand.stub.Unary(FOREVER, timeout=SECONDS)

    with stand.calling():
        task = asyncio.create_task(wait())
        await eventually(_served(stand, 2), "the call is being served")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await stand.idle()


async def test_a_stream_that_its_reader_leaves_is_cancelled(stand: Stand) -> None:
    async def read_one() -> None:
        request = pb.ServerStreamRequest(name=NAME, sizes_bytes=[1, 1], delay_millis=0)
        forever = pb.ServerStreamRequest(name=NAME, sizes_bytes=[1] * 100_000)
        async for message in stand.stub.ServerStream(request, timeout=SECONDS):
            assert len(message.payload) == 1
        async for message in stand.stub.ServerStream(forever, timeout=SECONDS):
            assert len(message.payload) == 1
            break

    with stand.calling():
        await read_one()
        await stand.idle()


async def test_the_servicer_may_cancel_and_the_caller_is_told_so(stand: Stand) -> None:
    status = pb.Status(code=grpc.StatusCode.CANCELLED.value[0], message="by the servicer")
    with stand.calling():
        failure = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME, status=status), timeout=SECONDS))
    assert (failure.code, failure.message) == (grpc.StatusCode.CANCELLED, "by the servicer")


async def test_requests_that_cannot_be_had_cancel_the_call(stand: Stand) -> None:
    def broken() -> object:
        yield pb.ClientStreamRequest(name=NAME)
        raise ValueError("no more")

    with stand.calling():
        with pytest.raises(asyncio.CancelledError):
            await stand.stub.ClientStream(broken(), timeout=SECONDS)
        await stand.idle()


async def test_a_stream_that_the_servicer_ended_takes_no_more_requests(stand: Stand) -> None:
    status = pb.Status(code=grpc.StatusCode.OUT_OF_RANGE.value[0], message="enough")
    with stand.calling():
        talk = stand.stub.BidiStream(timeout=SECONDS)
        await talk.write(pb.BidiStreamRequest(name=NAME, status=status))
        failure = await failure_of(_whole(talk))
        assert failure.code is grpc.StatusCode.OUT_OF_RANGE
        with pytest.raises(asyncio.InvalidStateError):
            await talk.write(pb.BidiStreamRequest(name=NAME))


async def test_done_callbacks_are_called_once_the_call_is_done(stand: Stand) -> None:
    done = asyncio.Event()
    with stand.calling():
        call = stand.stub.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS)
        call.add_done_callback(lambda ended: done.set() if ended.done() else None)
        await call
    await asyncio.wait_for(done.wait(), SECONDS)


async def test_the_time_that_is_left_can_be_asked_for(stand: Stand) -> None:
    begun = time.monotonic()
    with stand.calling():
        call = stand.stub.Unary(pb.UnaryRequest(name=NAME), timeout=SECONDS)
        remaining = call.time_remaining()
        assert remaining is not None
        assert SECONDS - (time.monotonic() - begun) - 1 <= remaining <= SECONDS
        await call


def _served(stand: Stand, calls: int) -> object:
    async def holds() -> bool:
        return int((await stand.report())["in-flight"]) >= calls

    return holds


async def _whole(call: object) -> list[object]:
    return [message async for message in call]  # type: ignore[attr-defined]
