"""Calls that Envoy refuses before Python hears of them, once it has been told to."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc

from portico.objects.v1 import buckets_pb2, buckets_pb2_grpc
from portico_server.host.shedding import by_administration
from tests.harness import RunningPlatform, running_platform

ACCOUNT = "accounts/default"
SECONDS = 30


def tell(platform: RunningPlatform, share: float) -> None:
    """Tells each Envoy of the platform what share to refuse."""
    for folder in platform.folders:
        by_administration(folder)(share)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform whose Envoy refuses all that it may."""
    with running_platform(tmp_path_factory.mktemp("refusing")) as platform:
        assert platform.http("GET", f"/v1/{ACCOUNT}/buckets").status == 200
        tell(platform, 1.0)
        yield platform


def test_a_grpc_call_is_refused_with_when_to_try_again(refusing: RunningPlatform) -> None:
    with refusing.channel(options=[("grpc.enable_retries", 0)]) as channel:
        stub = buckets_pb2_grpc.BucketServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            stub.ListBuckets(buckets_pb2.ListBucketsRequest(parent=ACCOUNT), timeout=SECONDS)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    assert "try again" in refused.value.details()
    sent = dict(refused.value.trailing_metadata())["grpc-status-details-bin"]
    details = status_pb2.Status.FromString(sent).details
    info, retry = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert any(detail.Unpack(info) for detail in details)
    assert any(detail.Unpack(retry) for detail in details)
    assert (info.reason, info.domain) == ("OVERLOADED", "portico")
    assert retry.retry_delay.seconds == 1


def test_a_rest_call_is_refused_with_503_and_when_to_try_again(refusing: RunningPlatform) -> None:
    answer = refusing.http("GET", f"/v1/{ACCOUNT}/buckets")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["code"] == 14
    assert [detail.get("reason", detail.get("retryDelay")) for detail in answer.json()["details"]] == [
        "OVERLOADED",
        "1s",
    ]


def test_health_is_answered_all_the_same(refusing: RunningPlatform) -> None:
    with refusing.channel(token=None) as channel:
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=SECONDS)
    assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_calls_are_served_again_once_it_is_told_so(refusing: RunningPlatform) -> None:
    tell(refusing, 0.0)
    try:
        for _ in range(20):
            assert refusing.http("GET", f"/v1/{ACCOUNT}/buckets").status == 200
    finally:
        tell(refusing, 1.0)
