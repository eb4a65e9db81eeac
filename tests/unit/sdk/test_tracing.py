"""Traces: what is sent with calls, what spans are recorded, what is handed in."""

from __future__ import annotations

import re

import grpc
import pytest

import portico
from portico import Client, errors
from tests.unit.sdk.fake_platform import FakePlatform, Fault


def names(fake: FakePlatform) -> list[str]:
    return [span.name for span in fake.spans]


def test_calls_are_not_traced_unless_asked(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    client.flush()
    assert "traceparent" not in fake.headers["CreateBucket"][0]
    assert fake.calls["Export"] == 0


def test_calls_inside_a_trace_belong_to_it(client: Client, fake: FakePlatform) -> None:
    with client.trace("nightly") as span:
        client.buckets.create("photos")
        client.objects.put("photos", "k", b"x" * 100_000)
        client.objects.read("photos", "k")
    client.flush()
    sent = [fake.headers[name][0]["traceparent"] for name in ("CreateBucket", "PutObject", "GetObject")]
    assert all(re.fullmatch(rf"00-{span.trace_id}-[0-9a-f]{{16}}-01", text) for text in sent)
    service = "portico.objects.v1."
    calls = [
        f"{service}{name}"
        for name in ("BucketService/CreateBucket", "ObjectService/PutObject", "ObjectService/GetObject")
    ]
    assert names(fake) == [*calls, "nightly"]
    root = fake.spans[-1]
    assert {recorded.parent_span_id for recorded in fake.spans[:-1]} == {root.span_id}
    assert [text.split("-")[2] for text in sent] == [recorded.span_id.hex() for recorded in fake.spans[:-1]]
    assert all(recorded.end_time_unix_nano >= recorded.start_time_unix_nano > 0 for recorded in fake.spans)


def test_traces_nest(client: Client, fake: FakePlatform) -> None:
    with client.trace("outer") as outer, client.trace("inner") as inner:
        pass
    client.flush()
    assert inner.trace_id == outer.trace_id
    assert [span.parent_span_id.hex() for span in fake.spans] == [outer.span_id, ""]


def test_a_client_that_traces_records_each_call_by_itself_and_hands_in_at_its_end(fake: FakePlatform) -> None:
    with portico.connect(trace=True, service="my-program") as client:
        client.health.check()
        client.health.check()
    assert len({span.trace_id for span in fake.spans}) == 2
    assert all(span.attributes[-1].value.string_value for span in fake.spans)
    assert fake.headers["Export"][0].get("traceparent") is None, "handing in spans makes no further ones"


def test_a_failed_call_is_told_in_its_span(client: Client, fake: FakePlatform) -> None:
    fake.fail("GetBucket", Fault(grpc.StatusCode.UNAVAILABLE))
    with pytest.raises(errors.NotFound), client.trace("t"):
        client.buckets.get("nothing")
    client.flush()
    assert [span.status.message for span in fake.spans] == ["UNAVAILABLE", "NOT_FOUND", "NOT_FOUND"]


def test_a_reader_that_is_closed_early_ends_its_span(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    client.objects.put("photos", "k", b"x" * 1_000_000)
    with client.trace("t"), client.objects.get("photos", "k") as reader:
        reader.read(1)
    client.flush()
    assert names(fake)[0].endswith("GetObject")


def test_spans_that_cannot_be_handed_in_hurt_nobody(client: Client, fake: FakePlatform) -> None:
    fake.fail("Export", Fault(grpc.StatusCode.PERMISSION_DENIED))
    with client.trace("t"):
        client.health.check()
    ray_id = client.last_ray_id
    client.flush()
    assert client.last_ray_id == ray_id
    assert fake.spans == []


def test_the_applications_own_open_telemetry_span_is_passed_on(client: Client, fake: FakePlatform) -> None:
    from opentelemetry import trace
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

    context = SpanContext(0xABC, 0xDEF, is_remote=False, trace_flags=TraceFlags(1))
    with trace.use_span(NonRecordingSpan(context)):
        client.health.check()
    assert fake.headers["Check"][0]["traceparent"] == f"00-{0xABC:032x}-{0xDEF:016x}-01"
