"""The mesh's contract, messages and outcomes: what a caller sends and gets is the same whichever way it goes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from portico.testing.v1 import testing_pb2 as pb
from portico.testing.v1 import testing_pb2_grpc as rpc

from tests.contract.mesh.stand import NAME, REPORT, SECONDS, Stand, eventually, failure_of, settled

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHUNK_BYTES = 64 * 1024
MANY = 1000  # chunks: more than any buffer on any way


async def test_all_four_kinds_of_calls_work_by_the_generated_stub(stand: Stand) -> None:
    with stand.calling():
        unary = await stand.stub.Unary(pb.UnaryRequest(name=NAME, text="hello"), timeout=SECONDS)
        assert unary.text == "hello"
        sizes = [1, 20, 300]
        several = stand.stub.ServerStream(pb.ServerStreamRequest(name=NAME, sizes_bytes=sizes), timeout=SECONDS)
        assert [len(message.payload) async for message in several] == sizes
        requests = [pb.ClientStreamRequest(name=NAME, payload=b"x" * size) for size in sizes]
        total = await stand.stub.ClientStream(iter(requests), timeout=SECONDS)
        assert (total.messages, total.payload_bytes) == (3, 321)
        talk = stand.stub.BidiStream(timeout=SECONDS)
        for size in sizes:
            await talk.write(pb.BidiStreamRequest(name=NAME, sizes_bytes=[size]))
            assert len((await talk.read()).payload) == size
        await talk.done_writing()
        assert await talk.read() is grpc.aio.EOF
        assert await talk.code() is grpc.StatusCode.OK


async def test_a_stream_may_be_written_by_an_asynchronous_generator(stand: Stand) -> None:
    async def requests() -> AsyncIterator[pb.BidiStreamRequest]:
        for size in (1, 2):
            await asyncio.sleep(0)
            yield pb.BidiStreamRequest(name=NAME, sizes_bytes=[size])

    with stand.calling():
        responses = stand.stub.BidiStream(requests(), timeout=SECONDS)
        assert [len(message.payload) async for message in responses] == [1, 2]


async def test_neither_side_can_alter_the_other_sides_message(stand: Stand) -> None:
    request = pb.UnaryRequest(name=NAME, text="as sent")
    with stand.calling():
        altering = (("x-testing-alter", "1"), ("x-testing-keep", "1"))
        answer = await stand.stub.Unary(request, metadata=altering, timeout=SECONDS)
        assert (request.text, answer.text) == ("as sent", "as sent altered")
        answer.text = "altered by the caller"
        kept = await stand.stub.Unary(request, metadata=(("x-testing-kept", "1"),), timeout=SECONDS)
    assert kept.text == "as sent altered"


async def test_a_request_may_be_changed_as_soon_as_the_call_is_made(stand: Stand) -> None:
    request = pb.UnaryRequest(name=NAME, text="before")
    with stand.calling():
        call = stand.stub.Unary(request, timeout=SECONDS)
        request.text = "after"
        assert (await call).text == "before"


async def test_an_error_arrives_with_code_message_and_details(stand: Stand) -> None:
    with stand.calling():
        status = pb.Status(code=grpc.StatusCode.ABORTED.value[0], message="as you said: 50 % \N{SNOWMAN}")
        aborted = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME, status=status), timeout=SECONDS))
        assert (aborted.code, aborted.message) == (grpc.StatusCode.ABORTED, "as you said: 50 % \N{SNOWMAN}")
        invalid = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME, delay_millis=-1), timeout=SECONDS))
    assert (invalid.code, invalid.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED")
    assert [violation.field for violation in invalid.bad_request.field_violations] == ["delay_millis"]
    assert invalid.info.metadata["ray_id"] == {**invalid.initial, **invalid.trailing}["x-ray-id"]


async def test_what_nobody_expected_says_nothing_of_the_inside(stand: Stand) -> None:
    with stand.calling():
        failure = await failure_of(stand.stub.Unary(pb.UnaryRequest(name=NAME, crash=True), timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert "secret" not in str(failure.message)


async def test_a_method_that_nobody_serves_is_unimplemented(stand: Stand) -> None:
    with stand.calling():
        missing = stand.channel.unary_unary(
            "/portico.testing.v1.TestingService/Missing",
            request_serializer=pb.EmptyRequest.SerializeToString,
            response_deserializer=pb.EmptyResponse.FromString,
        )
        for call in (missing, stand.stub.Unimplemented):
            failure = await failure_of(call(_empty_for(call, stand), timeout=SECONDS))
            assert (failure.code, failure.reason) == (grpc.StatusCode.UNIMPLEMENTED, "METHOD_UNKNOWN")


def _empty_for(call: object, stand: Stand) -> object:
    return pb.UnimplementedRequest() if call is stand.stub.Unimplemented else pb.EmptyRequest()


async def test_a_stream_gives_what_came_before_its_error(stand: Stand) -> None:
    status = pb.Status(code=grpc.StatusCode.DATA_LOSS.value[0], message="lost")
    with stand.calling():
        request = pb.ServerStreamRequest(name=NAME, sizes_bytes=[1, 2], status=status)
        call = stand.stub.ServerStream(request, timeout=SECONDS)
        assert [len((await call.read()).payload) for _ in range(2)] == [1, 2]
        failure = await failure_of(call.read())
    assert failure.code is grpc.StatusCode.DATA_LOSS


async def test_every_message_of_a_stream_is_validated(stand: Stand) -> None:
    requests = [pb.ClientStreamRequest(name=NAME), pb.ClientStreamRequest(text="longer than ten")]
    with stand.calling():
        failure = await failure_of(stand.stub.ClientStream(iter(requests), timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "VALIDATION_FAILED")


async def test_a_stream_cannot_turn_to_another_resource(stand: Stand) -> None:
    requests = [pb.ClientStreamRequest(name=NAME), pb.ClientStreamRequest(name="accounts/default/tests/two")]
    with stand.calling():
        failure = await failure_of(stand.stub.ClientStream(iter(requests), timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "RESOURCE_CHANGED")


async def test_metadata_goes_both_ways(stand: Stand) -> None:
    metadata = (("x-testing-initial", "text"), ("x-testing-trailing-bin", b"\x00\xff"))
    with stand.calling():
        call = stand.stub.Unary(pb.UnaryRequest(name=NAME, echo_metadata=True), metadata=metadata, timeout=SECONDS)
        assert dict(await call.initial_metadata())["x-testing-initial"] == "text"
        assert len(dict(await call.initial_metadata())["x-ray-id"]) == 32
        assert dict(await call.trailing_metadata())["x-testing-trailing-bin"] == b"\x00\xff"
        assert (await call).text == ""


async def test_initial_metadata_comes_before_the_messages(stand: Stand) -> None:
    with stand.calling():
        talk = stand.stub.BidiStream(metadata=(("x-testing-initial", "early"),), timeout=SECONDS)
        await talk.write(pb.BidiStreamRequest(name=NAME))
        assert dict(await talk.initial_metadata())["x-testing-initial"] == "early"
        talk.cancel()


async def test_a_sender_waits_for_a_reader_that_is_behind(stand: Stand) -> None:
    written = 0

    async def write(call: object) -> None:
        nonlocal written
        for _ in range(MANY):
            await call.write(pb.ClientStreamRequest(name=NAME, payload=bytes(CHUNK_BYTES)))  # type: ignore[attr-defined]
            written += 1

    async def count() -> int:
        return written

    with stand.calling():
        # Of a servicer that reads no more, not even Envoy hears that its caller has gone: the deadline ends it.
        call = stand.stub.ClientStream(metadata=(("x-testing-stall", "1"),), timeout=5.0)
        writer = asyncio.create_task(write(call))
        await eventually(_positive(count), "the first message was written")
        assert await settled(count) < MANY
        call.cancel()
        await asyncio.gather(writer, return_exceptions=True)
        await stand.idle()


def _positive(count: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return await count() > 0

    return holds


async def test_a_servicer_waits_for_a_caller_that_is_behind(stand: Stand) -> None:
    async def count() -> int:
        return int((await stand.report())["yielded"]) - before

    with stand.calling():
        before = int((await stand.report())["yielded"])
        request = pb.ServerStreamRequest(name=NAME, sizes_bytes=[CHUNK_BYTES] * MANY)
        call = stand.stub.ServerStream(request, timeout=SECONDS)
        assert len((await call.read()).payload) == CHUNK_BYTES
        assert await settled(count) < MANY
        call.cancel()
        await stand.idle()


async def test_a_message_above_the_limit_is_refused(stand: Stand) -> None:
    request = pb.UnaryRequest(name=NAME, payload=bytes(9 * 1024 * 1024))
    with stand.calling():
        failure = await failure_of(stand.stub.Unary(request, timeout=SECONDS))
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")


async def test_a_stub_of_another_contract_is_told(stand: Stand) -> None:
    with stand.calling(), pytest.raises((TypeError, grpc.aio.AioRpcError)):
        await stand.stub.Unary(pb.EmptyRequest(), timeout=SECONDS)


async def test_a_generated_stub_takes_the_channel_for_one_of_grpcios_own(stand: Stand) -> None:
    assert isinstance(stand.channel, grpc.aio.Channel)
    assert isinstance(rpc.TestingServiceStub(stand.channel).Unary, grpc.aio.UnaryUnaryMultiCallable)


@pytest.mark.parametrize("options", [{"compression": grpc.Compression.Gzip}, {"wait_for_ready": True}])
async def test_all_four_kinds_take_what_grpcio_lets_a_call_say(stand: Stand, options: dict[str, Any]) -> None:
    options["timeout"] = SECONDS
    payload = b"x" * CHUNK_BYTES
    with stand.calling():
        assert (await stand.stub.Unary(pb.UnaryRequest(name=NAME, text="hello"), **options)).text == "hello"
        several = stand.stub.ServerStream(pb.ServerStreamRequest(name=NAME, sizes_bytes=[1, 2]), **options)
        assert [len(message.payload) async for message in several] == [1, 2]
        total = await stand.stub.ClientStream(iter([pb.ClientStreamRequest(name=NAME, payload=payload)] * 3), **options)
        assert (total.messages, total.payload_bytes) == (3, 3 * CHUNK_BYTES)
        talk = stand.stub.BidiStream(**options)
        await talk.write(pb.BidiStreamRequest(name=NAME, sizes_bytes=[3]))
        assert len((await talk.read()).payload) == 3
        await talk.done_writing()
        assert await talk.code() is grpc.StatusCode.OK


async def test_a_compressed_call_takes_few_bytes_between_processes(stand: Stand) -> None:
    requests = [pb.ClientStreamRequest(name=NAME, payload=b"x" * CHUNK_BYTES)] * 3
    with stand.calling():
        call = stand.stub.ClientStream(
            iter(requests), metadata=REPORT, timeout=SECONDS, compression=grpc.Compression.Gzip
        )
        assert (await call).payload_bytes == 3 * CHUNK_BYTES
        received = dict(await call.trailing_metadata())["x-testing-received-bytes"]
    assert int(received) < CHUNK_BYTES


async def test_what_is_no_compression_is_refused_before_the_call(stand: Stand) -> None:
    with stand.calling(), pytest.raises(TypeError, match=r"one of grpc\.Compression"):
        await stand.stub.Unary(pb.UnaryRequest(name=NAME), compression="gzip")
