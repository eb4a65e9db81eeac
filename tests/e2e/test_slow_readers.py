"""Callers that read slowly, beside others: whatever lies between the door and the product holds nobody else up."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import quote

import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico_server.host import local_http
from tests.e2e.calls import ACCOUNT
from tests.e2e.placed import counted, placed
from tests.harness import RunningPlatform
from tests.harness.reading import Reader
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.layouts("one", reason="it says itself where the product is")

NAME = f"{ACCOUNT}/tests/a"
SLOW_READERS = 110
"""More than one connection between two processes carries."""
MESSAGE_BYTES = 256 * 1024
MESSAGES = 40
MESSAGES_READ_ON = 512
"""More than half of the window of a connection between two processes, which is given anew by halves."""
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
TAKES_LITTLE = [("grpc.http2.bdp_probe", 0)]
"""A client that guesses how much it could take takes several MiB of each stream before it is held back."""
STANDSTILL_LOOKS = 10
BESIDE_BYTES = 4 * 1024 * 1024
"""What is answered beside them: several times a stream's window, so that the way must be free."""


def messages(number: int) -> testing_pb2.ServerStreamRequest:
    return testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[MESSAGE_BYTES] * number)


def ways(platform: RunningPlatform, cluster: str) -> str:
    """What Envoy tells of the bytes on both ways: the front's to the product, and the callers' to the front."""
    figures = f"^(cluster\\.{cluster}|http\\.api)\\..*(flow_control|cx_[rt]x_bytes|rq_active|pending_send)"
    return local_http.request(
        platform.front_folder, "admin.sock", "GET", f"/stats?filter={quote(figures)}", timeout_seconds=30
    )


def wait_for_standstill(platform: RunningPlatform, cluster: str) -> None:
    """Until answers are held back on both connections, and nothing comes over from the product any more."""
    paused = "upstream_flow_control_paused_reading_total"
    wait_until(lambda: counted(platform, cluster, paused) > SLOW_READERS / 2, "most answers are held back", 90)
    looks = [0, 1]
    while len(set(looks[-STANDSTILL_LOOKS:])) > 1:
        looks.append(counted(platform, cluster, "upstream_cx_rx_bytes_total"))
        time.sleep(0.1)


@pytest.mark.parametrize(
    "where",
    ["plain", "process", pytest.param("node", marks=pytest.mark.long)],
)
def test_more_slow_readers_than_fit_hold_up_nobody(where: str, tmp_path: Path) -> None:
    with (
        placed(where, tmp_path) as (platform, cluster),
        platform.channel(options=[*OWN_CONNECTION, *TAKES_LITTLE]) as unread,
        platform.channel(options=[*OWN_CONNECTION, ("grpc.max_receive_message_length", -1)]) as channel,
    ):
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        stub.Unary(testing_pb2.UnaryRequest(name=NAME), timeout=30)
        read_later = stub.ServerStream(messages(MESSAGES_READ_ON))
        slow = testing_pb2_grpc.TestingServiceStub(unread).ServerStream
        streams = [slow(messages(MESSAGES)) for _ in range(SLOW_READERS)]
        wait_for_standstill(platform, cluster)
        for _ in range(3):
            beside = stub.Unary(testing_pb2.UnaryRequest(name=NAME, response_bytes=BESIDE_BYTES), timeout=30)
            assert len(beside.payload) == BESIDE_BYTES
        read_bytes = Reader(read_later).wait(lambda: ways(platform, cluster))
        assert read_bytes == MESSAGES_READ_ON * MESSAGE_BYTES, "slow is not lost"
        assert all(stream.is_active() for stream in streams)
        for stream in streams:
            stream.cancel()
        wait_until(lambda: counted(platform, cluster, "upstream_rq_active") == 0, "who went away holds nothing")
