"""`spans = "all"`: the spans of a call that nobody asked for are there when it turns out to be worth it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from tests.e2e.calls import failure_of
from tests.e2e.test_trace import found
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT

NAME = "accounts/default/tests/t"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    folder = tmp_path_factory.mktemp("recording")
    with running_platform(folder, **TESTING_PRODUCT, spans="all", sample_ratio=0.0) as platform:
        yield platform


def test_a_call_that_fails_by_the_servers_fault_keeps_its_spans_and_one_that_succeeds_does_not(
    recording: RunningPlatform,
) -> None:
    with recording.channel() as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        _, fine = stub.Unary.with_call(testing_pb2.UnaryRequest(name=NAME), timeout=30)
        failed = failure_of(lambda: stub.Unary(testing_pb2.UnaryRequest(name=NAME, crash=True), timeout=30))
        kept = found(channel, failed.info.metadata["ray_id"], 2)
        passed = found(channel, dict(fine.initial_metadata())["x-ray-id"], 0)
    assert {span.scope for span in kept.spans} == {"gateway", "testing"}
    assert list(passed.spans) == []
