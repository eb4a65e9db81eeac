"""One call, all the way: the trace has the gateway's, the servicer's and the store's spans, each in the one before."""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import Any

import grpc
import pytest

from portico.gateway.v1 import telemetry_pb2, telemetry_pb2_grpc
from portico.objects.v1 import buckets_pb2, objects_pb2
from tests.e2e.calls import ACCOUNT, Objects, failure_of, puts
from tests.harness import RunningPlatform

DEADLINE_SECONDS = 30


def traceparent(sampled: bool = True) -> tuple[str, str, tuple[str, str]]:
    trace_id, span_id = secrets.token_hex(16), secrets.token_hex(8)
    return trace_id, span_id, ("traceparent", f"00-{trace_id}-{span_id}-{'01' if sampled else '00'}")


def found(channel: grpc.Channel, trace_id: str, spans: int) -> telemetry_pb2.GetTraceResponse:
    """The trace, as soon as it has been written with so many spans."""
    stub = telemetry_pb2_grpc.TelemetryServiceStub(channel)
    request = telemetry_pb2.GetTraceRequest(name=f"{ACCOUNT}/traces/{trace_id}")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        with contextlib.suppress(grpc.RpcError):  # not found, until it is written
            answer = stub.GetTrace(request, timeout=10)
            if answer.request_events and len(answer.spans) >= spans:
                return answer
        assert time.monotonic() < deadline, f"the trace {trace_id} has not appeared"
        time.sleep(0.05)


def chain(answer: telemetry_pb2.GetTraceResponse, name: str) -> list[str]:
    """The scopes from the client's span down to the span of this name."""
    by_id = {span.span_id: span for span in answer.spans}
    span = next(span for span in answer.spans if span.name == name)
    scopes = [span.scope]
    while span.parent_span_id in by_id:
        span = by_id[span.parent_span_id]
        scopes.insert(0, span.scope)
    return [span.parent_span_id, *scopes]


def test_a_put_is_traced_from_the_client_to_the_store(platform: RunningPlatform) -> None:
    trace_id, client_span, header = traceparent()
    with platform.channel() as channel:
        objects = Objects(channel)
        bucket = objects.make_bucket()
        objects.stub.PutObject(puts(f"{bucket}/objects/a", b"x"), timeout=10, metadata=[header])
        answer = found(channel, trace_id, 3)
    assert {span.trace_id for span in answer.spans} == {trace_id}
    assert chain(answer, "objects.store.put") == [client_span, "gateway", "objects", "objects"]
    [event] = answer.request_events
    assert (event.trace_id, event.method) == (trace_id, "/portico.objects.v1.ObjectService/PutObject")
    assert event.principal == f"{ACCOUNT}/principals/admin"
    assert event.resource == f"{bucket}/objects/a"
    assert {step.step for step in event.steps} >= {"queued", "identity", "authorize", "validate", "handler", "store"}
    assert all(span.attributes["portico.ray_id"] == event.ray_id for span in answer.spans)


def test_the_ray_id_finds_a_call_that_brought_no_trace(platform: RunningPlatform) -> None:
    with platform.channel() as channel:
        objects = Objects(channel)
        bucket = objects.make_bucket()
        call: Any = objects.stub.HeadObject.with_call
        head = objects_pb2.HeadObjectRequest(name=f"{bucket}/objects/none")
        failure = failure_of(lambda: call(head, timeout=10))
        ray = failure.info.metadata["ray_id"]
        answer = found(channel, ray, 0)
    assert answer.request_events[0].ray_id == ray
    assert answer.request_events[0].trace_id == ray
    assert answer.request_events[0].reason == "OBJECT_NOT_FOUND"
    milliseconds = int(ray[:12], 16)
    assert abs(milliseconds / 1000 - time.time()) < 60


def test_every_answer_names_its_ray(platform: RunningPlatform) -> None:
    response = platform.http("GET", "/v1/accounts/default/buckets")
    assert len(response.headers["x-ray-id"]) == 32
    with platform.channel() as channel:
        objects = Objects(channel)
        _, call = objects.buckets.ListBuckets.with_call(buckets_pb2.ListBucketsRequest(parent=ACCOUNT), timeout=10)
        assert len(dict(call.initial_metadata())["x-ray-id"]) == 32


def test_a_client_cannot_choose_its_ray(platform: RunningPlatform) -> None:
    chosen = "0" * 31 + "1"
    response = platform.http("GET", "/v1/accounts/default/buckets", headers={"x-ray-id": chosen})
    assert response.headers["x-ray-id"] != chosen


def test_an_unsampled_call_keeps_its_event_and_no_spans(platform: RunningPlatform) -> None:
    sampled = 0
    with platform.channel() as channel:
        objects = Objects(channel)
        bucket = objects.make_bucket()
        for number in range(5):
            trace_id, _, header = traceparent(sampled=False)
            objects.stub.PutObject(puts(f"{bucket}/objects/{number}", b"x"), timeout=10, metadata=[header])
            answer = found(channel, trace_id, 0)
            assert len(answer.request_events) == 1
            sampled += bool(answer.spans)
    assert sampled < 5  # one of a hundred is sampled all the same


@pytest.mark.parametrize(
    "header", ["garbage", "00-0-0-01", f"00-{'0' * 32}-{'1' * 16}-01", f"ff-{'1' * 32}-{'1' * 16}-01"]
)
def test_a_broken_traceparent_begins_a_new_trace(platform: RunningPlatform, header: str) -> None:
    response = platform.http("GET", "/v1/accounts/default/buckets", headers={"traceparent": header})
    assert response.status == 200
    with platform.channel() as channel:
        answer = found(channel, response.headers["x-ray-id"], 0)
    assert answer.request_events[0].trace_id == response.headers["x-ray-id"]


def test_another_account_cannot_read_the_trace(platform: RunningPlatform) -> None:
    with platform.channel() as channel:
        stub = telemetry_pb2_grpc.TelemetryServiceStub(channel)
        request = telemetry_pb2.GetTraceRequest(name=f"accounts/other/traces/{'0' * 32}")
        assert failure_of(lambda: stub.GetTrace(request, timeout=10)).code is grpc.StatusCode.PERMISSION_DENIED
