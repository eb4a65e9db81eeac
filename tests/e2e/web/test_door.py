"""The web door: a token is enough there, pages of the allowed origins may call, and all else is as at the API door."""

from __future__ import annotations

import http.client
import socket
import ssl
from pathlib import Path

import grpc
import pytest
import trustme
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico_server.host.supervisor import status
from tests.e2e.web.conftest import ORIGIN
from tests.harness import RunningPlatform, running_platform
from tests.harness.clients import channel
from tests.harness.credentials import ClientCertificate
from tests.harness.platform import StartFailed
from tests.harness.web import web

UNARY = "/portico.testing.v1.TestingService/Unary"
BUCKETS = "/v1/accounts/default/buckets"
NAME = "accounts/default/tests/web"
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}


def test_a_token_is_enough(platform: RunningPlatform) -> None:
    assert web(platform, "GET", BUCKETS).status == 200


def test_the_api_door_still_asks_for_a_certificate(platform: RunningPlatform) -> None:
    with pytest.raises((OSError, http.client.HTTPException)):
        platform.http("GET", BUCKETS, certificate=None)


def test_without_a_token_nobody_is_let_in(platform: RunningPlatform) -> None:
    answer = web(platform, "GET", BUCKETS, token=None)
    assert answer.status == 401
    assert answer.json()["details"][0]["reason"] == "TOKEN_MISSING"


def test_grpc_is_spoken_there_too(platform: RunningPlatform) -> None:
    credentials = {"authority": platform.authority, "certificate": None, "token": platform.token}
    with channel(platform.web_address, **credentials) as there:
        stub = testing_pb2_grpc.TestingServiceStub(there)
        assert stub.Unary(testing_pb2.UnaryRequest(name=NAME, text="hi"), timeout=30).text == "hi"


def test_who_runs_it_can_see_the_door(platform: RunningPlatform) -> None:
    assert status(platform.settings).web_address == platform.web_address
    assert f'web_address = "{platform.web_address}"' in (platform.profile / "profile.toml").read_text()


def test_it_can_be_left_out(tmp_path: Path) -> None:
    with running_platform(tmp_path, application="tests.e2e.host.application:app", web_listen="") as running:
        assert running.web_address == ""
        assert status(running.settings).web_address == ""
        assert "web_address" not in (running.profile / "profile.toml").read_text()


def test_it_cannot_be_on_the_port_of_the_api_door(tmp_path: Path) -> None:
    """RBAC tells doors apart by the port alone: at another address of the same port it would let everybody in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for host in ("127.0.0.1", "127.0.0.2"):
        same = running_platform(tmp_path, listen=f"127.0.0.1:{port}", web_listen=f"{host}:{port}")
        with pytest.raises(StartFailed, match="both on port"), same:
            pass


@pytest.mark.parametrize("door", ["web", "s3"])
def test_a_taken_port_is_told_with_the_option_that_gives_another(tmp_path: Path, door: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        starting = running_platform(tmp_path, **{f"{door}_listen": f"127.0.0.1:{taken.getsockname()[1]}"})
        with pytest.raises(StartFailed, match=f"portico up --{door}-listen 127"), starting:
            pass


def test_a_preflight_of_an_allowed_page_is_answered_without_a_token(open_platform: RunningPlatform) -> None:
    answer = web(open_platform, "OPTIONS", UNARY, token=None, headers={"origin": ORIGIN, **PREFLIGHT})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    allowed = answer.headers["access-control-allow-headers"].split(",")
    assert {"authorization", "content-type", "x-grpc-web", "connect-protocol-version", "traceparent"} <= set(allowed)
    assert "access-control-allow-credentials" not in answer.headers, "pages hold a token, not a cookie"


def test_answers_to_an_allowed_page_can_be_read_by_it(open_platform: RunningPlatform) -> None:
    answer = web(open_platform, "GET", BUCKETS, headers={"origin": ORIGIN})
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    exposed = answer.headers["access-control-expose-headers"].split(",")
    assert {"grpc-status", "grpc-message", "grpc-status-details-bin", "x-ray-id", "etag", "retry-after"} <= set(exposed)


def test_a_refusal_can_be_read_by_it_too(open_platform: RunningPlatform) -> None:
    answer = web(open_platform, "GET", BUCKETS, token=None, headers={"origin": ORIGIN})
    assert answer.status == 401
    assert answer.headers["access-control-allow-origin"] == ORIGIN


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.net",
        "https://APP.example.com",
        "null",
    ],
)
def test_other_pages_get_no_leave(open_platform: RunningPlatform, origin: str) -> None:
    for verb, headers in (("OPTIONS", PREFLIGHT), ("GET", {})):
        answer = web(open_platform, verb, BUCKETS, headers={"origin": origin, **headers})
        assert not any(name.startswith("access-control-") for name in answer.headers), (verb, answer)


def test_no_page_gets_leave_where_none_is_named(platform: RunningPlatform) -> None:
    answer = web(platform, "OPTIONS", UNARY, token=None, headers={"origin": ORIGIN, **PREFLIGHT})
    assert not any(name.startswith("access-control-") for name in answer.headers)


def test_pages_are_let_in_at_the_web_door_alone(open_platform: RunningPlatform) -> None:
    for verb, headers in (("OPTIONS", PREFLIGHT), ("GET", {})):
        answer = open_platform.http(verb, BUCKETS, headers={"origin": ORIGIN, **headers})
        assert not any(name.startswith("access-control-") for name in answer.headers)


def test_a_certificate_that_is_shown_must_be_good_though_none_need_be(platform: RunningPlatform) -> None:
    leaf = trustme.CA().issue_cert("client.example")
    foreign = ClientCertificate(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())
    with pytest.raises((ssl.SSLError, ConnectionError)):
        web(platform, "GET", BUCKETS, certificate=foreign)


def test_deadlines_hold_there_as_at_the_other(platform: RunningPlatform) -> None:
    credentials = {"authority": platform.authority, "certificate": None, "token": platform.token}
    with channel(platform.web_address, **credentials) as there:
        stub = testing_pb2_grpc.TestingServiceStub(there)
        with pytest.raises(grpc.RpcError) as late:
            stub.Unary(testing_pb2.UnaryRequest(name=NAME, delay_millis=30_000), timeout=0.5)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
