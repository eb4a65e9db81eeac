"""Connect at the web door: protobuf and JSON, unary calls and streams, GET, errors as Connect has them."""

from __future__ import annotations

import base64
import gzip
import http.client
import json
import os
from urllib.parse import urlencode

import grpc
import pytest
from google.rpc import error_details_pb2
from portico.testing.v1 import testing_pb2

from portico.objects.v1 import buckets_pb2
from tests.harness import RunningPlatform
from tests.harness.credentials import ssl_context
from tests.harness.waiting import wait_until
from tests.harness.web import Answer, connect, frame, frames, web

SERVICE = "/portico.testing.v1.TestingService"
BUCKETS = "/portico.objects.v1.BucketService"
NAME = "accounts/default/tests/web"
HELLO = testing_pb2.UnaryRequest(name=NAME, text="héllo").SerializeToString()
STREAM, JSON_STREAM = "application/connect+proto", "application/connect+json"


def in_json(platform: RunningPlatform, method: str, body: object, **options: object) -> Answer:
    return connect(platform, method, json.dumps(body).encode(), content_type="application/json", **options)


def by_get(method: str, message: bytes, encoding: str = "proto", **more: str) -> str:
    encoded = base64.urlsafe_b64encode(message).decode().rstrip("=")
    return f"{method}?{urlencode({'connect': 'v1', 'encoding': encoding, 'base64': '1', 'message': encoded, **more})}"


def test_a_call_in_protobuf(platform: RunningPlatform) -> None:
    answer = connect(platform, f"{SERVICE}/Unary", HELLO)
    assert (answer.http.status, answer.http.headers["content-type"]) == (200, "application/proto")
    assert testing_pb2.UnaryResponse.FromString(answer.messages[0]).text == "héllo"
    assert answer.http.headers["x-ray-id"]


def test_a_call_in_json(platform: RunningPlatform) -> None:
    body = {"name": NAME, "text": "héllo", "responseBytes": 3, "notAField": 1}
    answer = in_json(platform, f"{SERVICE}/Unary", body)
    assert (answer.http.status, answer.http.headers["content-type"]) == (200, "application/json")
    assert json.loads(answer.messages[0])["text"] == "héllo"


def test_curl_needs_no_header_of_connect(platform: RunningPlatform) -> None:
    body = json.dumps({"name": NAME, "text": "plain"})
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = web(platform, "POST", f"{SERVICE}/Unary", body=body, headers=headers)
    assert (answer.status, answer.json()["text"]) == (200, "plain")


def test_an_empty_body_is_an_empty_message(platform: RunningPlatform) -> None:
    assert connect(platform, f"{SERVICE}/Empty", b"", token=None).messages == [b""]
    assert connect(platform, f"{SERVICE}/Empty", b"", content_type="application/json", token=None).messages == [b"{}"]


def test_large_messages_both_ways(platform: RunningPlatform) -> None:
    """Above the sizes at which JSON goes to a thread, and at which Envoy's own filter gives up."""
    payload = bytes(range(256)) * 8192
    request = testing_pb2.UnaryRequest(name=NAME, payload=payload, response_bytes=3_000_000)
    answer = connect(platform, f"{SERVICE}/Unary", request.SerializeToString())
    assert len(testing_pb2.UnaryResponse.FromString(answer.messages[0]).payload) == 3_000_000
    body = {"name": NAME, "payload": base64.b64encode(payload).decode(), "responseBytes": 3_000_000}
    answer = in_json(platform, f"{SERVICE}/Unary", body)
    assert len(base64.b64decode(json.loads(answer.messages[0])["payload"])) == 3_000_000


def test_a_compressed_message(platform: RunningPlatform) -> None:
    answer = connect(platform, f"{SERVICE}/Unary", gzip.compress(HELLO), headers={"content-encoding": "gzip"})
    assert testing_pb2.UnaryResponse.FromString(answer.messages[0]).text == "héllo"
    answer = connect(platform, f"{SERVICE}/Unary", HELLO, headers={"content-encoding": "br"})
    assert (answer.http.status, answer.reason) == (501, "ENCODING_UNKNOWN")


@pytest.mark.parametrize("content_type", [STREAM, JSON_STREAM])
def test_a_stream(platform: RunningPlatform, content_type: str) -> None:
    if content_type == STREAM:
        request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[3, 0, 70_000]).SerializeToString()
    else:
        request = json.dumps({"name": NAME, "sizesBytes": [3, 0, 70_000]}).encode()
    answer = connect(platform, f"{SERVICE}/ServerStream", frame(request), content_type=content_type)
    assert (answer.http.status, answer.http.headers["content-type"]) == (200, content_type)
    if content_type == STREAM:
        sizes = [len(testing_pb2.ServerStreamResponse.FromString(message).payload) for message in answer.messages]
    else:
        sizes = [len(base64.b64decode(json.loads(message).get("payload", ""))) for message in answer.messages]
    assert (answer.code, sizes) == (0, [3, 0, 70_000])


def test_an_error_within_a_stream_comes_after_its_messages(platform: RunningPlatform) -> None:
    status = testing_pb2.Status(code=9, message="enough: ü%")
    request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[1], status=status).SerializeToString()
    answer = connect(platform, f"{SERVICE}/ServerStream", frame(request), content_type=STREAM)
    assert (answer.http.status, answer.code, answer.message) == (200, 9, "enough: ü%")
    assert len(answer.messages) == 1


def test_an_error_before_a_stream_is_its_end_too(platform: RunningPlatform) -> None:
    request = testing_pb2.ServerStreamRequest(name="no name").SerializeToString()
    answer = connect(platform, f"{SERVICE}/ServerStream", frame(request), content_type=STREAM)
    assert (answer.http.status, answer.code, answer.messages) == (200, 3, [])
    assert {name for name, _ in answer.details} == {"google.rpc.ErrorInfo", "google.rpc.BadRequest"}


def test_messages_that_stream_up(platform: RunningPlatform) -> None:
    body = b"".join(
        frame(testing_pb2.ClientStreamRequest(name=NAME if not number else "", payload=b"x" * 10).SerializeToString())
        for number in range(3)
    )
    [message] = connect(platform, f"{SERVICE}/ClientStream", body, content_type=STREAM).messages
    assert testing_pb2.ClientStreamResponse.FromString(message).payload_bytes == 30


def test_metadata_goes_both_ways(platform: RunningPlatform) -> None:
    request = testing_pb2.UnaryRequest(name=NAME, echo_metadata=True).SerializeToString()
    sent = {"x-testing-initial": "one", "x-testing-trailing-bin": "AAEC"}
    answer = connect(platform, f"{SERVICE}/Unary", request, headers=sent)
    assert answer.http.headers["x-testing-initial"] == "one"
    assert answer.http.headers["trailer-x-testing-trailing-bin"] == "AAEC"


def test_what_changes_nothing_can_be_called_by_get(platform: RunningPlatform) -> None:
    message = buckets_pb2.ListBucketsRequest(parent="accounts/default").SerializeToString()
    answer = connect(platform, by_get(f"{BUCKETS}/ListBuckets", message), b"", verb="GET")
    assert answer.http.status == 200
    buckets_pb2.ListBucketsResponse.FromString(answer.messages[0])
    plain = urlencode({"connect": "v1", "encoding": "json", "message": '{"parent": "accounts/default"}'})
    assert web(platform, "GET", f"{BUCKETS}/ListBuckets?{plain}").status == 200
    packed = by_get(f"{BUCKETS}/ListBuckets", gzip.compress(message), compression="gzip")
    assert web(platform, "GET", packed).status == 200


@pytest.mark.parametrize("query", ["connect=v1&encoding=proto", "connect=v1&encoding=proto&base64=1&message=%%%"])
def test_a_get_without_a_message_says_so(platform: RunningPlatform, query: str) -> None:
    answer = connect(platform, f"{BUCKETS}/ListBuckets?{query}", b"", verb="GET")
    assert (answer.http.status, answer.reason) == (400, "MESSAGE_MALFORMED")


def test_a_get_in_an_encoding_that_is_not_known_says_so(platform: RunningPlatform) -> None:
    """415, as the protocol has it: https://connectrpc.com/docs/protocol#unary-get-request."""
    answer = web(platform, "GET", f"{BUCKETS}/ListBuckets?connect=v1&encoding=xml&message=")
    assert (answer.status, answer.json()["details"][0]["reason"]) == (415, "CONTENT_TYPE_UNKNOWN")
    assert "encoding=json" in answer.json()["message"]


def test_what_changes_something_cannot(platform: RunningPlatform) -> None:
    request = buckets_pb2.CreateBucketRequest(parent="accounts/default", bucket_id="by-get")
    path = by_get(f"{BUCKETS}/CreateBucket", request.SerializeToString())
    assert web(platform, "GET", path).status == 405
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert web(platform, "POST", path, headers=form, body=b"a=b").status == 415
    assert platform.http("GET", "/v1/accounts/default/buckets/by-get").status == 404


@pytest.mark.parametrize(
    ("code", "status"), [(3, 400), (5, 404), (7, 403), (8, 429), (9, 400), (10, 409), (12, 501), (14, 503), (16, 401)]
)
def test_errors_have_the_http_status_of_connect(platform: RunningPlatform, code: int, status: int) -> None:
    request = testing_pb2.UnaryRequest(name=NAME, status=testing_pb2.Status(code=code, message="as asked: ü%"))
    answer = connect(platform, f"{SERVICE}/Unary", request.SerializeToString())
    assert (answer.http.status, answer.code, answer.message) == (status, code, "as asked: ü%")


def test_errors_have_their_details_by_name_and_readable(platform: RunningPlatform) -> None:
    answer = connect(platform, f"{SERVICE}/Unary", testing_pb2.UnaryRequest(name="no name").SerializeToString())
    assert (answer.http.status, answer.code) == (400, 3)
    assert answer.http.headers["content-type"] == "application/json"
    details = dict(answer.details)
    assert set(details) == {"google.rpc.ErrorInfo", "google.rpc.BadRequest"}
    bad = error_details_pb2.BadRequest.FromString(details["google.rpc.BadRequest"])
    shown = answer.http.json()["details"][1]["debug"]
    assert shown["fieldViolations"][0]["field"] == bad.field_violations[0].field == "name"


@pytest.mark.parametrize(("token", "reason"), [(None, "TOKEN_MISSING"), ("not.a.token", "TOKEN_MALFORMED")])
def test_without_a_good_token_it_says_why(platform: RunningPlatform, token: str | None, reason: str) -> None:
    answer = connect(platform, f"{SERVICE}/Unary", HELLO, token=token)
    assert (answer.http.status, answer.code, answer.reason) == (401, 16, reason)
    assert answer.http.headers["www-authenticate"].startswith("Bearer")


def test_deadlines_are_kept(platform: RunningPlatform) -> None:
    slow = testing_pb2.UnaryRequest(name=NAME, delay_millis=30_000).SerializeToString()
    answer = connect(platform, f"{SERVICE}/Unary", slow, headers={"connect-timeout-ms": "200"})
    assert (answer.http.status, answer.code) == (504, 4)
    answer = connect(platform, f"{SERVICE}/Unary", slow, headers={"connect-timeout-ms": "soon"})
    assert (answer.http.status, answer.reason) == (400, "TIMEOUT_MALFORMED")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"status":' * 5_000),
        ("application/json", b'{"text": 1}'),
        ("application/json", b'{"responseBytes": 1e999}'),
        ("application/json", b'{"name": "a", "name": "b"}'),
        ("application/proto", b"\xff\xff\xff"),
    ],
)
def test_what_is_no_message_is_the_callers_fault(platform: RunningPlatform, content_type: str, body: bytes) -> None:
    answer = connect(platform, f"{SERVICE}/Unary", body, content_type=content_type)
    assert (answer.http.status, answer.code, answer.reason) == (400, 3, "MESSAGE_MALFORMED")
    assert len(answer.message) < 400


@pytest.mark.parametrize("body", [b"\x07\0\0\0\x01x", b"\0\0\0\0\x05x", b"\0\xff", frame(b"\xff")])
def test_broken_frames_end_a_stream_with_an_error(platform: RunningPlatform, body: bytes) -> None:
    answer = connect(platform, f"{SERVICE}/ServerStream", body, content_type=STREAM)
    assert (answer.http.status, answer.code, answer.messages) == (200, 3, [])


def test_a_message_that_is_too_large_is_refused(platform: RunningPlatform) -> None:
    size = platform.settings.max_message_bytes + 1
    body = b"\0" + size.to_bytes(4, "big") + b"x" * 1000
    answer = connect(platform, f"{SERVICE}/ServerStream", body, content_type=STREAM)
    assert answer.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert connect(platform, f"{SERVICE}/Unary", b"x" * size).reason == "MESSAGE_TOO_LARGE"
    bomb = gzip.compress(b"x" * (size + 1))
    answer = connect(platform, f"{SERVICE}/Unary", bomb, headers={"content-encoding": "gzip"})
    assert (answer.http.status, answer.reason) == (429, "MESSAGE_TOO_LARGE")


@pytest.mark.parametrize(
    ("method", "content_type"),
    [
        ("Unary", STREAM),
        ("ServerStream", "application/json"),
        ("Unary", "application/xml"),
        ("Unary", "text/plain"),
        ("Unary", "application/connect+xml"),
    ],
)
def test_other_content_types_are_refused(platform: RunningPlatform, method: str, content_type: str) -> None:
    headers = {"content-type": content_type, "connect-protocol-version": "1"}
    answer = web(platform, "POST", f"{SERVICE}/{method}", body=b"{}", headers=headers)
    assert (answer.status, answer.json()["details"][0]["reason"]) == (415, "CONTENT_TYPE_UNKNOWN")


def test_it_is_spoken_at_the_api_door_too(platform: RunningPlatform) -> None:
    """A server that speaks Connect comes there with its certificate."""
    headers = {"content-type": "application/proto", "connect-protocol-version": "1"}
    assert platform.http("POST", f"{SERVICE}/Unary", body=HELLO, headers=headers).status == 200


def test_the_call_is_traced_like_any_other(platform: RunningPlatform) -> None:
    trace = os.urandom(16).hex()
    headers = {"traceparent": f"00-{trace}-0123456789abcdef-01"}
    assert in_json(platform, f"{BUCKETS}/ListBuckets", {"parent": "accounts/default"}, headers=headers).code == 0

    def recorded() -> bool:
        found = platform.http("GET", f"/v1/accounts/default/traces/{trace}")
        return found.status == 200 and b"ListBuckets" in found.body

    wait_until(recorded, "the spans of the call")


def test_messages_come_while_the_stream_goes_on(platform: RunningPlatform) -> None:
    """The first is there long before the last."""
    request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[5] * 2000, delay_millis=30).SerializeToString()
    host, _, port = platform.web_address.rpartition(":")
    connection = http.client.HTTPSConnection(host, int(port), context=ssl_context(platform.authority, None), timeout=60)
    headers = {"content-type": STREAM, "connect-protocol-version": "1", "authorization": f"Bearer {platform.token}"}
    connection.request("POST", f"{SERVICE}/ServerStream", body=frame(request), headers=headers)
    response = connection.getresponse()
    assert frames(response.read(12))[0][0] == 0
    connection.close()
