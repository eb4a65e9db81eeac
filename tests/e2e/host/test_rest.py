"""REST at the door: what is refused there is told in JSON, JSON bodies are bounded, raw bodies flow both ways."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from portico_server.platform.settings import Settings
from tests.harness import Response, RunningPlatform
from tests.harness.processes import resident_bytes

AS_ASGI = pytest.mark.layouts(
    "one", "apart", "workers", reason="the application answers calls by ASGI, which the plain host does not hand to it"
)
UNARY = "/v1/testing/accounts/default/tests/a"
OBJECT = "/v1/accounts/default/buckets/photos/objects"
MEBIBYTE = 1024 * 1024


def error_info(response: Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    [info] = body["details"]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert info["domain"] == "portico"
    return {"code": body["code"], "message": body["message"], "reason": info["reason"]}


def test_an_unknown_query_parameter_is_refused(host: RunningPlatform) -> None:
    answer = host.http("GET", "/v1/testing:empty?surprise=1")
    assert answer.status == 400
    assert error_info(answer)["reason"] == "REQUEST_MALFORMED"
    assert "surprise" in error_info(answer)["message"]


LARGEST_MESSAGE_BYTES = Settings().max_message_bytes


@pytest.mark.parametrize("body", ['{"text": ', '{"text": [1]}', "[]", '{"response_bytes": "many"}', '{"a":' * 200])
def test_json_that_does_not_fit_is_refused(host: RunningPlatform, body: str) -> None:
    answer = host.http("POST", UNARY, body=body, headers={"content-type": "application/json"})
    assert answer.status == 400
    assert error_info(answer)["code"] == 3


@AS_ASGI
def test_a_json_body_may_be_as_long_as_the_largest_message_needs(host: RunningPlatform) -> None:
    assert host.http("POST", UNARY, json_body={"text": "a" * LARGEST_MESSAGE_BYTES}).status == 200


def test_a_longer_json_body_is_refused(host: RunningPlatform) -> None:
    answer = host.http("POST", UNARY, json_body={"text": "a" * (LARGEST_MESSAGE_BYTES * 3 // 2)})
    assert answer.status == 413
    assert error_info(answer)["reason"] == "REQUEST_TOO_LARGE"


def test_endless_json_does_not_fill_the_memory(host: RunningPlatform) -> None:
    before = resident_bytes(host.front_pid)
    with pytest.raises(OSError):  # noqa: PT011 - refused while it still sends, however the client notices
        host.http("POST", UNARY, body=(b'{"text":"' if i == 0 else b"a" * MEBIBYTE for i in range(200)))
    assert resident_bytes(host.front_pid) - before < 64 * MEBIBYTE


@AS_ASGI
def test_a_raw_body_becomes_messages_and_its_path_a_name(host: RunningPlatform) -> None:
    answer = host.http("PUT", f"{OBJECT}/a%2Fb/c%252F%20%C3%A9:copy", body=b"hello")
    assert "accounts/default/buckets/photos/objects/a/b/c%2F é:copy".encode() in answer.body
    assert answer.body.endswith(b"hello")


@AS_ASGI
def test_a_raw_upload_is_not_collected(host: RunningPlatform) -> None:
    before = resident_bytes(host.front_pid)
    answer = host.http("PUT", f"{OBJECT}/count-only", body=pieces(200))
    assert answer.json()["bytes"] > 200 * MEBIBYTE
    assert resident_bytes(host.front_pid) - before < 64 * MEBIBYTE


@AS_ASGI
def test_a_raw_download_is_the_bytes_alone(host: RunningPlatform) -> None:
    answer = host.http("GET", f"{OBJECT}/large")
    assert answer.headers["content-type"] == "image/png"
    assert answer.body == b"x" * (50 * MEBIBYTE)


def pieces(count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield b"x" * MEBIBYTE


def test_headers_that_are_too_large_are_refused(host: RunningPlatform) -> None:
    assert host.http("GET", "/echo", headers={"x-large": "a" * 40_000}).status == 200
    assert host.http("GET", "/echo", headers={"x-large": "a" * 70_000}).status == 431


def test_too_many_headers_are_refused(host: RunningPlatform) -> None:
    headers = {f"x-{number}": "a" for number in range(250)}
    assert host.http("GET", "/echo", headers=headers).status == 431


@pytest.mark.long
def test_a_call_may_take_longer_than_envoys_own_time_out(host: RunningPlatform) -> None:
    started = time.monotonic()
    assert host.http("GET", "/sleep?16").status == 200
    assert time.monotonic() - started > 15, "Envoy's default for a route"
