"""A client that goes away, or whose time is up, takes its servicer's work with it, and leaves nothing behind."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import grpc
import pytest

from tests.interop.conftest import NAME, Host
from tests.interop.inside import process, wait_until
from tests.testing_product.product import pb, rpc

LONG_MILLIS = 60_000
LEFT_OVER_OBJECTS = 300  # what 400 calls may leave; one object each would be more


@pytest.fixture
def observer(bare: Host) -> Iterator[grpc.Channel]:
    """A second connection, to look at the host."""
    with bare.channel(options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


def in_flight(observer: grpc.Channel, expected: int) -> None:
    wait_until(lambda: process(observer).in_flight == expected)


def test_a_sleeping_unary_call_is_cancelled_when_its_client_cancels(
    stub: rpc.TestingServiceStub, observer: grpc.Channel
) -> None:
    call = stub.Unary.future(pb.UnaryRequest(name=NAME, delay_millis=LONG_MILLIS))
    in_flight(observer, 1)
    call.cancel()
    in_flight(observer, 0)


def test_a_sleeping_unary_call_is_cancelled_when_the_connection_closes(bare: Host, observer: grpc.Channel) -> None:
    with bare.channel(options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = rpc.TestingServiceStub(channel).Unary.future(pb.UnaryRequest(name=NAME, delay_millis=LONG_MILLIS))
        in_flight(observer, 1)
    in_flight(observer, 0)
    assert call.code() is grpc.StatusCode.CANCELLED


def test_a_stream_of_responses_is_cancelled_between_two_messages(
    stub: rpc.TestingServiceStub, observer: grpc.Channel
) -> None:
    responses = stub.ServerStream(pb.ServerStreamRequest(name=NAME, sizes_bytes=[1, 1], delay_millis=LONG_MILLIS))
    in_flight(observer, 1)
    responses.cancel()
    in_flight(observer, 0)


def test_a_bidirectional_stream_is_cancelled_while_it_waits_for_a_request(
    stub: rpc.TestingServiceStub, observer: grpc.Channel
) -> None:
    requests: queue.SimpleQueue[pb.BidiStreamRequest | None] = queue.SimpleQueue()
    requests.put(pb.BidiStreamRequest(name=NAME, sizes_bytes=[1]))
    responses = stub.BidiStream(iter(requests.get, None))
    next(responses)
    responses.cancel()
    requests.put(None)
    in_flight(observer, 0)


def test_a_stream_of_requests_is_cancelled_while_its_servicer_reads_nothing(
    channel: grpc.Channel, observer: grpc.Channel
) -> None:
    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    for _ in range(3):
        requests.put(b"message")
    call = channel.stream_unary("/portico.testing.Styles/Stall").future(iter(requests.get, None))
    in_flight(observer, 1)
    call.cancel()
    requests.put(None)
    in_flight(observer, 0)


def test_the_deadline_cancels_the_work(stub: rpc.TestingServiceStub, observer: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        stub.Unary(pb.UnaryRequest(name=NAME, delay_millis=LONG_MILLIS), timeout=0.2)
    assert failure.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    in_flight(observer, 0)


def test_the_deadline_is_kept_for_a_client_that_does_not_keep_it_itself(bare: Host) -> None:
    request = pb.UnaryRequest(name=NAME, delay_millis=LONG_MILLIS).SerializeToString()
    answer = bare.grpc_post(
        "/portico.testing.v1.TestingService/Unary", len(request).to_bytes(5, "big") + request, grpc_timeout="100m"
    )
    assert answer.headers["grpc-status"] == str(grpc.StatusCode.DEADLINE_EXCEEDED.value[0])


def test_cancelled_downloads_leave_nothing_behind(
    bare: Host, stub: rpc.TestingServiceStub, observer: grpc.Channel
) -> None:
    request = pb.ServerStreamRequest(name=NAME, sizes_bytes=[100_000] * 1000)

    def cancelled(times: int) -> None:
        for _ in range(times):
            responses = stub.ServerStream(request)
            next(responses)
            responses.cancel()

    cancelled(200)  # from then on the allocator has what it keeps
    in_flight(observer, 0)
    before = process(observer)
    cancelled(400)
    in_flight(observer, 0)
    after = process(observer)
    assert after.objects - before.objects < LEFT_OVER_OBJECTS
    assert after.resident_bytes - before.resident_bytes < 32 * 1024 * 1024


def test_nothing_of_all_this_troubles_the_event_loop(bare: Host) -> None:
    log = bare.log.read_text()
    assert "Exception in callback" not in log
    assert "never retrieved" not in log
    assert "never awaited" not in log
