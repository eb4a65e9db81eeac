"""REST calls, which Envoy turns into gRPC: errors have their HTTP status; what breaks is never taken for the whole."""

from __future__ import annotations

import json

import pytest
from pyqwest import ReadError, RemoteProtocolError

from tests.interop.conftest import NAME, Host

JSON = {"content-type": "application/json"}
UNARY = f"/v1/testing/{NAME}"


def post(host: Host, path: str, **fields: object) -> tuple[int, object]:
    response = host.http("POST", path, json.dumps(fields).encode(), JSON)
    return response.status, json.loads(response.content)


def test_a_unary_call_answers_json(bare: Host) -> None:
    assert post(bare, UNARY, text="hello") == (200, {"text": "hello"})


def test_a_call_without_a_body_answers_json(bare: Host) -> None:
    response = bare.http("GET", "/v1/testing:empty")
    assert (response.status, json.loads(response.content)) == (200, {})


@pytest.mark.parametrize(("code", "status"), [(3, 400), (5, 404), (7, 403), (8, 429), (10, 409), (13, 500), (14, 503)])
def test_an_error_has_its_http_status_and_a_json_body(bare: Host, code: int, status: int) -> None:
    answered, body = post(bare, UNARY, status={"code": code, "message": "as told"})
    assert answered == status
    assert body == {"code": code, "message": "as told"}


def test_an_unexpected_exception_tells_nothing_of_the_inside(bare: Host) -> None:
    status, body = post(bare, UNARY, crash=True)
    assert status == 500
    assert "secret" not in json.dumps(body)
    assert body["details"][0]["reason"] == "INTERNAL"  # type: ignore[index]


def test_a_stream_answers_an_array(bare: Host) -> None:
    status, body = post(bare, f"{UNARY}:stream", sizes_bytes=[1, 3])
    assert status == 200
    assert [entry["payload"] for entry in body] == ["AA==", "AAAA"]  # type: ignore[attr-defined]


def test_a_stream_that_fails_before_its_first_message_has_an_http_status(bare: Host) -> None:
    assert post(bare, f"{UNARY}:stream", status={"code": 5, "message": "none"})[0] == 404


def test_a_stream_whose_messages_have_not_left_yet_fails_with_an_http_status(embedded: Host) -> None:
    status, body = post(
        embedded, f"{UNARY}:stream", sizes_bytes=[1, 1, 1], status={"code": 5, "message": "after three"}
    )
    assert (status, body) == (404, {"code": 5, "message": "after three"})


@pytest.mark.parametrize("sizes", [[1_000_000], [1_000_000, 10], [100_000] * 10])
def test_a_stream_that_breaks_after_it_began_is_reset(bare: Host, sizes: list[int]) -> None:
    fields = {"sizes_bytes": sizes, "status": {"code": 13, "message": "broken"}}
    with pytest.raises((ReadError, RemoteProtocolError)):
        bare.http("POST", f"{UNARY}:stream", json.dumps(fields).encode(), JSON)


@pytest.mark.parametrize("verb", ["HEAD", "PUT", "DELETE"])
def test_a_path_asked_with_a_method_that_it_does_not_have_is_405_with_those_it_has(bare: Host, verb: str) -> None:
    response = bare.http(verb, UNARY)
    assert (response.status, response.headers["allow"]) == (405, "POST")


def test_a_client_cannot_say_itself_that_it_was_transcoded(bare: Host) -> None:
    response = bare.grpc_post("/portico.testing.v1.TestingService/Empty", bytes(5), x_envoy_original_path="/spoofed")
    assert response.trailers["grpc-status"] == "0"


def test_a_path_that_nobody_serves_is_404_in_json(bare: Host) -> None:
    status, body = post(bare, "/v1/nothing-here")
    assert status == 404
    assert body["code"] == 5  # type: ignore[index]
