"""What a platform tells of its calls: events with the time of every step, logs, exported spans; and no secret."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.trace.v1 import trace_pb2
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.gateway.v1 import telemetry_pb2, telemetry_pb2_grpc
from tests.e2e.calls import ACCOUNT, ADMIN, Objects, failure_of, puts
from tests.harness import RunningPlatform, running_platform
from tests.harness.collector import Received, collecting
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

UNARY = "/portico.testing.v1.TestingService/Unary"
PUT = "/portico.objects.v1.ObjectService/PutObject"


@pytest.fixture
def channel(platform: RunningPlatform) -> Iterator[grpc.Channel]:
    with platform.channel() as opened:
        yield opened


def event_of(channel: grpc.Channel, ray: str) -> telemetry_pb2.RequestEvent:
    """The event of a call, as soon as it can be looked up."""
    stub = telemetry_pb2_grpc.TelemetryServiceStub(channel)
    found: list[telemetry_pb2.RequestEvent] = []

    def look() -> bool:
        try:
            answer = stub.GetTrace(telemetry_pb2.GetTraceRequest(name=f"{ACCOUNT}/traces/{ray}"), timeout=10)
        except grpc.RpcError:
            return False
        found.extend(answer.request_events)
        return bool(found)

    wait_until(look, f"the event of {ray}", 5)
    return found[0]


def ray_of(call: grpc.Call) -> str:
    ray: str = dict(call.initial_metadata())["x-ray-id"]
    return ray


def sample(**fields: Any) -> testing_pb2.UnaryRequest:
    return testing_pb2.UnaryRequest(name=f"{ACCOUNT}/tests/a", **fields)


def test_an_event_tells_who_did_what_and_how_long_each_step_took(channel: grpc.Channel) -> None:
    objects = Objects(channel)
    name = f"{objects.make_bucket()}/objects/a"
    _, call = objects.stub.PutObject.with_call(puts(name, b"x" * 1000), timeout=10)
    event = event_of(channel, ray_of(call))
    assert (event.method, event.principal, event.resource, event.code) == (PUT, ADMIN, name, 0)
    assert 1000 < event.received_bytes < 1200
    assert event.sent_bytes > 0
    steps = {step.step: step for step in event.steps}
    assert steps.keys() == {"queued", "identity", "authorize", "validate", "handler", "store", "answer"}
    for step in event.steps:
        assert 0 <= step.start_nanos <= step.start_nanos + step.duration_nanos <= event.duration_nanos
    assert steps["store"].duration_nanos + steps["answer"].duration_nanos <= steps["handler"].duration_nanos


def test_an_answer_that_waits_for_its_reader_is_told_from_a_slow_handler(channel: grpc.Channel) -> None:
    stub = testing_pb2_grpc.TestingServiceStub(channel)
    request = testing_pb2.ServerStreamRequest(name=f"{ACCOUNT}/tests/a", sizes_bytes=[1000] * 3, delay_millis=30)
    call = stub.ServerStream(request, timeout=10)
    assert len(list(call)) == 3
    durations = {step.step: step.duration_nanos for step in event_of(channel, ray_of(call)).steps}
    assert (
        durations["handler"] > 3 * 29_000_000
    )  # three sleeps of 30 ms, each of which a loop may end a millisecond early
    assert durations["answer"] < 30_000_000


def test_a_failed_call_is_found_by_its_failure_and_its_method(channel: grpc.Channel) -> None:
    status = testing_pb2.Status(code=9, message="as told")
    failure = failure_of(lambda: testing_pb2_grpc.TestingServiceStub(channel).Unary(sample(status=status), timeout=10))
    assert failure.code is grpc.StatusCode.FAILED_PRECONDITION
    stub = telemetry_pb2_grpc.TelemetryServiceStub(channel)
    request = telemetry_pb2.ListRequestEventsRequest(parent=ACCOUNT, failed_only=True, method=UNARY, page_size=50)

    def found() -> list[telemetry_pb2.RequestEvent]:
        events = stub.ListRequestEvents(request, timeout=10).request_events
        assert all(event.method == UNARY and event.code for event in events)
        return [event for event in events if event.code == 9]

    wait_until(found, "the failed call is listed", 5)


def test_every_refusal_leaves_its_event(platform: RunningPlatform, channel: grpc.Channel) -> None:
    with platform.channel(token=None) as anonymous:
        refused = failure_of(lambda: testing_pb2_grpc.TestingServiceStub(anonymous).Unary(sample(), timeout=10))
    event = event_of(channel, refused.info.metadata["ray_id"])
    assert (event.code, event.reason, event.principal) == (16, "TOKEN_MISSING", "")
    assert {step.step for step in event.steps} == {"queued", "identity"}


def test_logs_are_json_with_the_ray_of_what_went_wrong(
    platform: RunningPlatform, channel: grpc.Channel, tmp_path: Path
) -> None:
    crashed = failure_of(lambda: testing_pb2_grpc.TestingServiceStub(channel).Unary(sample(crash=True), timeout=10))
    ray = crashed.info.metadata["ray_id"]
    printed = ""
    for process in platform.state.processes:
        command = [sys.executable, "-P", "-m", "portico_cli.main", "logs", process.name, "--data", str(platform.data)]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=30, env={**os.environ, "HOME": str(tmp_path)}
        )
        assert done.returncode == 0, done.stderr
        printed += done.stdout
    [line] = [line for line in printed.splitlines() if ray in line]
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["method"]) == ("unexpected_error", "error", UNARY)
    assert "a secret of the inside" in entry["exception"], "the inside is told here, and to no caller"
    assert "a secret of the inside" not in crashed.message


def test_no_secret_is_kept_in_logs_or_telemetry_or_shown_to_other_users(
    platform: RunningPlatform, channel: grpc.Channel
) -> None:
    bad = f"{platform.token[:-20]}{secrets.token_urlsafe(15)}"
    platform.http("GET", f"/v1/{ACCOUNT}/buckets", token=bad)
    platform.http("GET", f"/v1/{ACCOUNT}/buckets", token=None, headers={"authorization": f"Basic {bad}"})
    platform.http("GET", f"/v1/{ACCOUNT}/buckets?access_token={bad}")
    metadata = [("traceparent", f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")]
    _, last = testing_pb2_grpc.TestingServiceStub(channel).Unary.with_call(sample(), timeout=10, metadata=metadata)
    event_of(channel, ray_of(last))  # so that everything before is written, too

    kept = contents([*(platform.data / "logs").iterdir(), *(platform.data / "telemetry").rglob("*")])
    shown = contents(Path("/proc").glob("[0-9]*/cmdline"))
    assert ray_of(last).encode() in kept
    for what, secret in {
        **key_material(platform),
        "a token": platform.token.encode(),
        "a bad one": bad.encode(),
    }.items():
        assert secret not in kept, f"{what} is in the logs or the telemetry"
        assert secret not in shown, f"{what} is on a command line"


def key_material(platform: RunningPlatform) -> dict[str, bytes]:
    """The secret bytes of each key, as they stand in its file: of PEM the second line, which is all the key's own."""
    files = [path for path in (platform.data / "keys").rglob("*") if path.is_file()]
    found = {}
    for path in (*files, platform.profile / "client.key"):
        content = path.read_bytes()
        if b"PRIVATE KEY" in content:
            found[path.name] = content.splitlines()[2]
        elif path.suffix == ".key":
            found[path.name] = content
            found[f"{path.name} in base64"] = base64.b64encode(content)
    assert {"authority.key", "client.key", "page-token.key"} < found.keys()
    return found


def contents(paths: Iterable[Path]) -> bytes:
    found = []
    for path in paths:
        try:
            found.append(path.read_bytes())
        except OSError:  # a folder, or a process that has ended
            continue
    return b"\n".join(found)


def test_spans_are_exported_where_open_telemetrys_variables_say(tmp_path: Path) -> None:
    trace_id, parent = secrets.token_hex(16), secrets.token_hex(8)
    sampled, unsampled = f"00-{trace_id}-{parent}-01", f"00-{secrets.token_hex(16)}-{parent}-00"
    with collecting() as (collector, port):
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_SERVICE_NAME": "portico-under-test",
            "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=test",
        }
        with running_platform(tmp_path, environment=variables, sample_ratio=0.0) as platform:
            with platform.channel() as channel:
                objects = Objects(channel)
                name = f"{objects.make_bucket()}/objects/a"
                for header in (unsampled, sampled):
                    objects.stub.PutObject(puts(name, b"x"), timeout=10, metadata=[("traceparent", header)])
            wait_until(lambda: {"portico.gateway", "portico.objects"} <= collector.scopes(trace_id), "the spans", 10)
    assert {received.service for received in collector.received} == {"portico-under-test"}
    assert {received.span.trace_id.hex() for received in collector.received} == {trace_id}
    [root] = [received.span for received in collector.received if received.scope == "portico.gateway"]
    assert (root.name, root.parent_span_id.hex(), root.kind) == (PUT[1:], parent, trace_pb2.Span.SPAN_KIND_SERVER)
    assert all(received.span.end_time_unix_nano > received.span.start_time_unix_nano for received in collector.received)


LIST_BUCKETS = "portico.objects.v1.BucketService/ListBuckets"


@pytest.mark.parametrize("apart", ["testing", "objects"])
def test_the_spans_of_several_processes_are_one_trace_at_the_collector(tmp_path: Path, apart: str) -> None:
    """One product calls another that is in another process: in its own, which the front takes the call on to, or in the
    front."""
    trace_id, client_span = secrets.token_hex(16), secrets.token_hex(8)
    metadata = [("traceparent", f"00-{trace_id}-{client_span}-01"), ("x-testing-relay", "caller")]
    with collecting() as (collector, port):
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}"}
        settings = {"processes": (apart,), "sample_ratio": 0.0, **TESTING_PRODUCT}
        with running_platform(tmp_path, environment=variables, **settings) as platform:
            with platform.channel() as channel:
                testing_pb2_grpc.TestingServiceStub(channel).Unary(sample(), timeout=30, metadata=metadata)
            wait_until(lambda: roots_of(collector.of_trace(trace_id)).keys() >= {UNARY[1:], LIST_BUCKETS}, "both calls")
    received = collector.of_trace(trace_id)
    processes = {one.span.span_id: one.process for one in received}
    by_id = {one.span.span_id: one.span for one in received}
    roots = roots_of(received)
    assert {name: processes[root.span_id] for name, root in roots.items()} == {
        UNARY[1:]: "testing" if apart == "testing" else "front",
        LIST_BUCKETS: "objects" if apart == "objects" else "front",
    }
    assert roots[UNARY[1:]].parent_span_id.hex() == client_span
    caller = by_id[roots[LIST_BUCKETS].parent_span_id]
    assert processes[caller.span_id] == processes[roots[UNARY[1:]].span_id], "its parent is a span of who called"
    assert by_id[caller.parent_span_id] == roots[UNARY[1:]]
    assert all(one.span.parent_span_id in {*by_id, bytes.fromhex(client_span)} for one in received), "none is alone"
    assert {one.service for one in received} == {"portico"}


def roots_of(received: Iterable[Received]) -> dict[str, trace_pb2.Span]:
    """The gateway's span of each call, by the call's method."""
    return {one.span.name: one.span for one in received if one.scope == "portico.gateway"}
