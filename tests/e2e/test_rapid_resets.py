"""Callers who give up at once, by the thousand: on the connections behind the door nobody else's call breaks off."""

from __future__ import annotations

import contextlib
import queue
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from tests.e2e.calls import ACCOUNT
from tests.e2e.placed import counted, placed
from tests.harness import RunningPlatform

pytestmark = pytest.mark.layouts("one", reason="it says itself where the product is")

NAME = f"{ACCOUNT}/tests/a"
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
CALLERS = 8
RESETS_PER_CALLER = 240
"""So many on one connection a client may send, of streams that are shorter than a second."""


def give_up_again_and_again(platform: RunningPlatform) -> None:
    """Each call has reached the product, so that its reset goes there, too."""
    with platform.channel(options=OWN_CONNECTION) as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        for _ in range(RESETS_PER_CALLER):
            with conversation(stub) as ask:
                assert ask(1) == 1


@contextlib.contextmanager
def conversation(stub: testing_pb2_grpc.TestingServiceStub) -> Iterator[Callable[[int], int]]:
    """A stream that is open as long as the context lasts, and is then given up: ask it for so many bytes."""
    wanted: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def requests() -> Iterator[testing_pb2.BidiStreamRequest]:
        while (size := wanted.get()) is not None:
            yield testing_pb2.BidiStreamRequest(name=NAME, sizes_bytes=[size])

    answers = stub.BidiStream(requests(), timeout=240)

    def ask(size: int) -> int:
        wanted.put(size)
        return len(next(answers).payload)

    try:
        yield ask
    finally:
        answers.cancel()
        wanted.put(None)


@pytest.mark.parametrize("where", ["plain", "process", pytest.param("node", marks=pytest.mark.long)])
def test_who_gives_up_breaks_off_nobody_elses_call(where: str, tmp_path: Path) -> None:
    with (
        placed(where, tmp_path) as (platform, cluster),
        platform.channel() as channel,
        conversation(testing_pb2_grpc.TestingServiceStub(channel)) as ask,
    ):
        assert ask(1) == 1
        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(give_up_again_and_again, [platform] * CALLERS))
        assert ask(2) == 2
        assert counted(platform, cluster, "upstream_rq_tx_reset") > 1000, "they got as far as the product's door"
        assert counted(platform, cluster, "upstream_cx_destroy_with_active_rq") == 0
