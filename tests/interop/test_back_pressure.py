"""Whoever does not keep up holds the other side back; what lies between them stays small."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Iterator

import grpc
import pytest

from tests.harness.waiting import wait_until
from tests.interop.conftest import NAME, Host
from tests.interop.inside import process
from tests.testing_product.product import pb, rpc

MEGABYTE = 1024 * 1024
HELD_BYTES = 32 * MEGABYTE  # what Envoy, Python and the sockets may hold together
LOOK_SECONDS = 1.5
MESSAGES_IN_A_TURN = 1000  # where nothing but back-pressure ends a turn it holds some 27,000


@pytest.fixture
def observer(bare: Host) -> Iterator[grpc.Channel]:
    with bare.channel(options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


def test_a_client_that_stops_reading_holds_back_its_servicer(bare: Host, observer: grpc.Channel) -> None:
    before = process(observer).resident_bytes
    request = pb.ServerStreamRequest(name=NAME, sizes_bytes=[MEGABYTE] * 1000)
    with bare.channel(options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        responses = rpc.TestingServiceStub(channel).ServerStream(request)
        next(responses)
        give_up = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < give_up:
            now = process(observer)
            assert now.resident_bytes - before < HELD_BYTES
        assert now.in_flight == 1, "the servicer is done, so nothing held it back"
        assert sum(len(response.payload) for response in itertools.islice(responses, 50)) == 50 * MEGABYTE


def test_a_servicer_that_stops_reading_holds_back_its_client(bare: Host, observer: grpc.Channel) -> None:
    before = process(observer).resident_bytes
    sent = itertools.count()
    stop: queue.SimpleQueue[None] = queue.SimpleQueue()

    def requests() -> Iterator[bytes]:
        while stop.empty() and next(sent) < 1000:
            yield bytes(MEGABYTE)

    with bare.channel(options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        call = channel.stream_unary("/portico.testing.Styles/Stall").future(requests(), timeout=LOOK_SECONDS + 1)
        give_up = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < give_up:
            assert process(observer).resident_bytes - before < HELD_BYTES
        stop.put(None)
        assert next(sent) < 200, "the client could send everything, so nothing held it back"
        assert call.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_slow_reader_gets_everything_in_order(channel: grpc.Channel) -> None:
    stream = channel.unary_stream("/portico.testing.Styles/WrittenStream")
    count = 20_000
    responses = stream(b"%d" % count)
    first = list(itertools.islice(responses, 10))
    time.sleep(0.2)
    rest = list(responses)
    assert [int(number) for number in [*first, *rest]] == list(range(count))


def test_a_fast_stream_leaves_room_for_other_calls(bare: Host, channel: grpc.Channel, observer: grpc.Channel) -> None:
    """Told by the order of things and not by a clock: how much the stream writes before others have a turn."""
    responses = channel.unary_stream("/portico.testing.Styles/WrittenStream")(b"1000000")
    written_in_a_turn = observer.unary_unary("/portico.testing.Styles/WrittenInATurn")
    enough = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not enough.is_set():
            next(responses)

    def look() -> int:
        seen.append(int(written_in_a_turn(b"1000", timeout=60)))
        return max(seen)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        wait_until(look, "the stream runs beside other calls", 60)
        for _ in range(10):
            look()
    finally:
        enough.set()
        reader.join()
        responses.cancel()
    assert max(seen) < MESSAGES_IN_A_TURN
