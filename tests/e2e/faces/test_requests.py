"""Requests at a face's door, through the real Envoy, and what is left of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
from pathlib import Path

import pytest

from portico_server.host.supervisor import status
from tests.e2e.faces.door import ADMIN, ask, connect, curl, event_of, request_head, until_closed
from tests.harness import RunningPlatform


def test_a_request_becomes_a_call_of_the_contract_and_leaves_an_event(faced: RunningPlatform) -> None:
    answer = ask(faced, "/unary?text=hello")
    assert (answer.status, answer.body) == (200, b"hello")
    assert answer.headers["content-type"] == "text/plain"

    event = event_of(faced, answer.headers["x-ray-id"])
    assert event.method == "/portico.testing.v1.TestingService/Unary"
    assert event.face == "s3"
    assert event.principal == "accounts/default/principals/admin"
    assert event.resource == "accounts/default/tests/face"
    assert {"identity", "authorize", "validate", "handler"} <= {timing.step for timing in event.steps}


def test_the_door_is_told_of_to_those_who_look_for_it(faced: RunningPlatform) -> None:
    assert status(faced.settings).s3_address == faced.s3_address != ""
    assert f's3_address = "{faced.s3_address}"' in (faced.profile / "profile.toml").read_text()


@pytest.mark.parametrize(
    ("principal", "path", "expected"),
    [
        ("bad", "/unary", (401, "SIGNATURE_WRONG")),
        ("", "/unary", (401, "TOKEN_MISSING")),
        ("stranger", "/unary", (403, "PERMISSION_DENIED")),
        ("admin", "/unary?delay_millis=60001", (400, "VALIDATION_FAILED")),
        ("admin", "/fail?code=3", (400, "AS_ASKED")),
        ("admin", "/crash", (400, "INTERNAL")),
        ("bad", "/open?name=any", (401, "SIGNATURE_WRONG")),
        ("", "/open?name=closed", (401, "TOKEN_MISSING")),
        ("stranger", "/open?name=closed", (403, "PERMISSION_DENIED")),
    ],
)
def test_what_is_refused_is_told_by_the_face_and_leaves_an_event(
    faced: RunningPlatform, principal: str, path: str, expected: tuple[int, str]
) -> None:
    answer = ask(faced, path, headers={"x-testing-principal": principal})
    ray_id = answer.headers["x-ray-id"]
    text = f"<Error><Code>{expected[1]}</Code><RequestId>{ray_id}</RequestId></Error>"
    assert (answer.status, answer.body.decode()) == (expected[0], text)
    assert b"secret" not in answer.body


@pytest.mark.parametrize(
    ("principal", "said"), [("admin", b"as oneself"), ("", b"as everybody"), ("stranger", b"as everybody")]
)
def test_what_is_open_to_everybody_is_answered_to_everybody(
    faced: RunningPlatform, principal: str, said: bytes
) -> None:
    assert ask(faced, "/open?name=any", headers={"x-testing-principal": principal}).body == said


def test_a_request_without_a_call_leaves_an_event_all_the_same(faced: RunningPlatform) -> None:
    with faced.channel():
        answer = ask(faced, "/seen")
    assert len(answer.headers["x-ray-id"]) == 32


@pytest.mark.parametrize(
    "path", ["/seen//a///b/", "/seen/%2F/%2e%2E/x", "/seen/../..", "/seen/caf%C3%A9/%20+", "/seen?"]
)
def test_paths_and_queries_come_as_they_were_sent(faced: RunningPlatform, path: str) -> None:
    connection = connect(faced)
    query = "?q=%20+&list-type=2&x"
    connection.sendall(request_head(path.rstrip("?") + query, connection="close"))
    seen = json.loads(until_closed(connection).partition(b"\r\n\r\n")[2])
    assert (seen["path"], seen["query"]) == (path.rstrip("?"), query[1:])


def test_absolute_targets_and_odd_headers_are_taken(faced: RunningPlatform) -> None:
    connection = connect(faced)
    odd = {"x_amz_meta_a": "caf\xc3\xa9  two", "authorization": "Signature keyId=x,  headers=y", "connection": "close"}
    head = request_head("https://photos.s3.portico.test/seen/a%2Fb?x=1", **odd)
    connection.sendall(head.decode().encode("latin-1"))
    seen = json.loads(until_closed(connection).partition(b"\r\n\r\n")[2])
    headers = dict(seen["headers"])
    assert seen["path"] == "/seen/a%2Fb"
    assert headers["host"] == "photos.s3.portico.test"
    assert headers["x-amz-meta-a"] == "caf\xc3\xa9  two"
    assert headers["authorization"] == odd["authorization"]


def test_over_http2_the_host_is_among_the_headers(faced: RunningPlatform) -> None:
    seen = json.loads(curl(faced, "/seen/a%2Fb?x", "--http2").stdout)
    assert (seen["verb"], seen["path"], seen["query"]) == ("GET", "/seen/a%2Fb", "x")
    assert dict(seen["headers"])["host"] == faced.s3_address


def test_what_only_the_gateway_may_say_is_not_believed_of_a_client(faced: RunningPlatform) -> None:
    invented = {"x-portico-door": "other", "x-ray-id": "0" * 32, "x-forwarded-for": "192.0.2.1", **ADMIN}
    answer = ask(faced, "/seen", headers=invented)
    seen = answer.json()
    assert seen["address"] == "127.0.0.1"
    assert "x-ray-id" not in dict(seen["headers"])
    assert answer.headers["x-ray-id"] != "0" * 32


def test_the_answer_to_head_has_headers_alone_and_the_connection_goes_on(faced: RunningPlatform) -> None:
    host, _, port = faced.s3_address.rpartition(":")
    context = ssl.create_default_context(cadata=faced.authority.decode())
    connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)
    connection.request("HEAD", "/unary?text=hello", headers=ADMIN)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("content-length"), answer.read()) == (200, "5", b"")
    for number in range(200):
        connection.request("GET", f"/unary?text={number}", headers=ADMIN)
        assert connection.getresponse().read() == str(number).encode()
    connection.close()


def test_requests_that_are_sent_at_once_are_answered_in_order(faced: RunningPlatform) -> None:
    connection = connect(faced)
    connection.sendall(
        request_head("/unary?text=first&delay_millis=50")
        + request_head("/unary?text=second")
        + request_head("/unary?text=third", connection="close")
    )
    answers = until_closed(connection)
    assert [answers.index(text) for text in (b"first", b"second", b"third")] == sorted(
        answers.index(text) for text in (b"first", b"second", b"third")
    )


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_curl_uploads_by_either_protocol_and_waits_for_leave(
    faced: RunningPlatform, tmp_path: Path, protocol: str
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 100_000)
    answer = curl(faced, "/upload", protocol, "-v", "-H", "Expect: 100-continue", "-T", file)
    assert answer.stdout.split()[0] == b"100000", answer.stderr
    if protocol == "--http1.1":
        assert b"HTTP/1.1 100 Continue" in answer.stderr
    chunked = curl(faced, "/upload", protocol, "-H", "Transfer-Encoding: chunked", "-T", file)
    assert chunked.stdout.split()[0] == b"100000", chunked.stderr


def test_the_servers_certificate_is_for_names_below_its_own(faced: RunningPlatform) -> None:
    for name in ("s3.portico.test", "photos.s3.portico.test", "localhost", "127.0.0.1"):
        connect(faced, name).close()
    with pytest.raises(ssl.SSLCertVerificationError):
        connect(faced, "photos.elsewhere.test")


@pytest.mark.parametrize(
    ("sent", "code", "status"),
    [
        (b"GARBAGE\r\n\r\n", "InvalidRequest", 400),
        (request_head("/seen", x=70_000 * "x"), "RequestHeaderSectionTooLarge", 400),
        (request_head("/seen/%FF"), "InvalidURI", 400),
        (request_head("/seen/%ED%A0%80"), "InvalidURI", 400),
        (b"CONNECT localhost:1 HTTP/1.1\r\nhost: localhost\r\n\r\n", "InvalidURI", 400),
    ],
)
def test_what_is_no_request_is_refused_as_s3_does(faced: RunningPlatform, sent: bytes, code: str, status: int) -> None:
    connection = connect(faced)
    connection.sendall(sent)
    connection.settimeout(30)
    answered = connection.recv(65536)
    while b"</Error>" not in answered:
        answered += connection.recv(65536)
    head, _, body = answered.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"content-type: application/xml" in head
    assert f"<Code>{code}</Code>".encode() in body


def test_grpc_and_rest_are_not_spoken_there_nor_the_face_elsewhere(faced: RunningPlatform) -> None:
    grpc_call = {"content-type": "application/grpc", "te": "trailers", **ADMIN}
    answer = ask(faced, "/portico.testing.v1.TestingService/Empty", "POST", headers=grpc_call, body=bytes(5))
    assert answer.json()["path"] == "/portico.testing.v1.TestingService/Empty", "the face has answered"
    assert ask(faced, "/v1/testing:empty").json()["path"] == "/v1/testing:empty"
    assert faced.http("GET", "/unary?text=hello").status == 404


def test_a_plain_text_connection_is_not_answered(faced: RunningPlatform) -> None:
    host, _, port = faced.s3_address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(request_head("/seen"))
        answered = b""
        with contextlib.suppress(ConnectionResetError):
            answered = connection.recv(100)
        assert b"HTTP" not in answered
