"""Servicers that have stopped reading: what their client does besides goes on, over the same connection, too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from tests.e2e.calls import ACCOUNT
from tests.e2e.placed import placed
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.layouts("one", reason="it says itself where the product is")

NAME = f"{ACCOUNT}/tests/a"
STALLS = [("x-testing-stall", "1")]
UPLOADS = 60
MESSAGE_BYTES = 1024 * 1024
MESSAGES = 16
"""In each upload several times what may be held of it, between its client and a servicer that does not read."""
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]
STANDSTILL_LOOKS = 50
BESIDE_BYTES = 4 * 1024 * 1024


class Upload:
    """To a servicer that reads the first message alone. `sent`: how many have been taken from here."""

    def __init__(self, stub: testing_pb2_grpc.TestingServiceStub) -> None:
        self.sent = 0
        self.call: Any = stub.ClientStream.future(self._messages(), metadata=STALLS, timeout=240)

    def _messages(self) -> Iterator[testing_pb2.ClientStreamRequest]:
        for _ in range(MESSAGES):
            yield testing_pb2.ClientStreamRequest(name=NAME, payload=bytes(MESSAGE_BYTES))
            self.sent += 1


@contextlib.contextmanager
def serving(where: str, folder: Path) -> Iterator[RunningPlatform]:
    if where == "front":
        with running_platform(folder, **TESTING_PRODUCT) as platform:
            yield platform
    else:
        with placed(where, folder) as (platform, _):
            yield platform


def wait_for_standstill(uploads: list[Upload]) -> None:
    """Until each has begun, and no more is taken of any."""
    looks: list[int] = []

    def stand_still() -> bool:
        looks.append(sum(upload.sent for upload in uploads))
        last = looks[-STANDSTILL_LOOKS:]
        return len(last) == STANDSTILL_LOOKS and len(set(last)) == 1 and all(upload.sent for upload in uploads)

    wait_until(stand_still, "the uploads stand still", 90)


@pytest.mark.parametrize("where", ["front", "plain", "process", pytest.param("node", marks=pytest.mark.long)])
def test_uploads_that_nobody_reads_are_held_back_and_hold_up_no_other_call(where: str, tmp_path: Path) -> None:
    with serving(where, tmp_path) as platform, platform.channel(options=OWN_CONNECTION) as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        stub.Unary(testing_pb2.UnaryRequest(name=NAME), timeout=30)
        uploads = [Upload(stub) for _ in range(UPLOADS)]
        wait_for_standstill(uploads)
        assert all(upload.sent < MESSAGES for upload in uploads), "what nobody reads is not held without a bound"
        for _ in range(3):
            stub.Unary(testing_pb2.UnaryRequest(name=NAME, payload=bytes(BESIDE_BYTES)), timeout=30)
        assert not any(upload.call.done() for upload in uploads)
        for upload in uploads:
            upload.call.cancel()
