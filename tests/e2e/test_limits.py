"""Limits of a caller through a running gateway, by gRPC and REST."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.platform.keyring import Keyring
from portico_server.platform.private_files import replace_file
from tests.e2e.calls import failure_of
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

ACCOUNT = "accounts/default"
SECONDS = 30
FEW = 3
LIMITED = f"""
[[limits]]
principals = ["{ACCOUNT}/principals/slow"]
calls_per_second = 0.01
call_burst = {FEW}

[[limits]]
principals = ["{ACCOUNT}/principals/narrow"]
concurrent_calls = {FEW}

[[bindings]]
principals = ["{ACCOUNT}/principals/narrow"]
permissions = ["*"]
resources = ["{ACCOUNT}"]
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("limited"), **TESTING_PRODUCT) as platform:
        replace_file(platform.policy_file, platform.policy + LIMITED.encode())
        with narrow_channel(platform) as channel:
            wait_until(lambda: _may_test(channel), "the policy is in force")
        yield platform


def token_of(platform: RunningPlatform, principal: str) -> str:
    keyring = Keyring.open(platform.data, platform.settings.trust_domain, ())
    return keyring.sign_token(f"{ACCOUNT}/principals/{principal}", client_id="test", lifetime_seconds=600)


def narrow_channel(platform: RunningPlatform) -> grpc.Channel:
    return platform.channel(token=token_of(platform, "narrow"))


def _may_test(channel: grpc.Channel) -> bool:
    """Whether the bindings have been read, and with them the limits."""
    request = testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/t")
    try:
        testing_pb2_grpc.TestingServiceStub(channel).Unary(request, timeout=SECONDS)
    except grpc.RpcError:
        return False
    return True


def lists(channel: grpc.Channel) -> None:
    stub = buckets_pb2_grpc.BucketServiceStub(channel)
    stub.ListBuckets(buckets_pb2.ListBucketsRequest(parent=ACCOUNT), timeout=SECONDS)


def test_calls_beyond_the_rate_are_refused_with_when_to_try_again(limited: RunningPlatform) -> None:
    with limited.channel(token=token_of(limited, "slow")) as channel:
        for _ in range(FEW):
            lists(channel)
        failure = failure_of(lambda: lists(channel))
    assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED")
    answer = limited.http("GET", f"/v1/{ACCOUNT}/buckets", token=token_of(limited, "slow"))
    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1
    kinds = {detail["@type"].rpartition(".")[2] for detail in answer.json()["details"]}
    assert kinds == {"ErrorInfo", "QuotaFailure", "RetryInfo"}
    assert limited.http("GET", f"/v1/{ACCOUNT}/buckets").status == 200


def test_health_is_answered_to_who_has_used_up_all(limited: RunningPlatform) -> None:
    with limited.channel(token=token_of(limited, "slow")) as channel:
        for _ in range(FEW + 1):
            health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
            assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_streams_count_as_long_as_they_last(limited: RunningPlatform) -> None:
    ending = threading.Event()

    def messages() -> Iterator[testing_pb2.BidiStreamRequest]:
        yield testing_pb2.BidiStreamRequest(name=f"{ACCOUNT}/tests/t", sizes_bytes=[1])
        ending.wait(SECONDS)

    with narrow_channel(limited) as channel:
        stub = testing_pb2_grpc.TestingServiceStub(channel)
        streams = [stub.BidiStream(messages(), timeout=2 * SECONDS) for _ in range(FEW)]
        for stream in streams:
            next(stream)
        failure = failure_of(lambda: lists(channel))
        assert (failure.code, failure.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "CONCURRENCY_LIMITED")
        ending.set()
        for stream in streams:
            assert list(stream) == []
        wait_until(lambda: _let_in(channel), "ended streams are counted out")


def test_a_stream_that_its_client_leaves_is_counted_out(limited: RunningPlatform) -> None:
    for _ in range(2 * FEW):
        with narrow_channel(limited) as channel:
            wait_until(partial(_opens, channel), "calls that were left are counted out")


def _opens(channel: grpc.Channel) -> bool:
    """Opens a stream and leaves it; whether it was let in."""
    stub = testing_pb2_grpc.TestingServiceStub(channel)
    held = threading.Event()

    def messages() -> Iterator[testing_pb2.BidiStreamRequest]:
        yield testing_pb2.BidiStreamRequest(name=f"{ACCOUNT}/tests/t", sizes_bytes=[1])
        held.wait(SECONDS)

    stream = stub.BidiStream(messages(), timeout=2 * SECONDS)
    try:
        next(stream)
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED  # noqa: PT017
        return False
    finally:
        stream.cancel()
        held.set()
    return True


def _let_in(channel: grpc.Channel) -> bool:
    try:
        lists(channel)
    except grpc.RpcError:
        return False
    return True
