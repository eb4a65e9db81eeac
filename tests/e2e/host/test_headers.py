"""Headers of a client's own making do not reach the application; those that the gateway sets do."""

from __future__ import annotations

import base64
import json

import pytest

from tests.harness import RunningPlatform


def seen_headers(host: RunningPlatform, path: str = "/echo", **options: object) -> dict[str, str]:
    """The headers that the application saw."""
    return dict(host.http("GET", path, **options).json()["headers"])


@pytest.mark.parametrize(
    "name",
    [
        "x-envoy-original-path",
        "x-envoy-original-method",
        "x-envoy-anything",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-request-id",
        "x-ray-id",
        "x-real-ip",
        "forwarded",
        "x-portico-anything",
        "X-Portico-Token-Failure",
    ],
)
def test_an_invented_header_is_removed(host: RunningPlatform, name: str) -> None:
    seen = seen_headers(host, headers={name: "spoofed"})
    assert "spoofed" not in seen.get(name.lower(), ""), "what there may be of that name, Envoy says itself"


@pytest.mark.parametrize("name", ["x-forwarded-client-cert", "x-portico-token-payload", "x-forwarded-for"])
def test_a_header_that_the_gateway_sets_has_nothing_of_the_clients(host: RunningPlatform, name: str) -> None:
    assert "spoofed" not in seen_headers(host, headers={name: "spoofed"})[name]


def test_a_spoofed_token_payload_is_gone_where_there_is_no_token(host: RunningPlatform) -> None:
    seen = seen_headers(host, token=None, headers={"x-portico-token-payload": "spoofed"})
    assert "x-portico-token-payload" not in seen


def test_the_client_certificate_is_told(host: RunningPlatform) -> None:
    certificate = seen_headers(host)["x-forwarded-client-cert"]
    assert "URI=spiffe://portico.local/default/admin" in certificate
    assert "Hash=" in certificate
    assert "Subject=" in certificate


def test_the_verified_claims_are_told_and_the_token_goes_on(host: RunningPlatform) -> None:
    seen = seen_headers(host)
    payload = seen["x-portico-token-payload"]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["sub"] == "accounts/default/principals/admin"
    assert seen["authorization"] == f"Bearer {host.token}"
    assert "x-portico-token-failure" not in seen


def test_the_path_of_a_rest_call_is_the_transcoders_word(host: RunningPlatform) -> None:
    answer = host.http("GET", "/v1/testing:empty", headers={"x-envoy-original-path": "/spoofed"})
    assert answer.status != 404


def test_other_headers_and_traces_pass(host: RunningPlatform) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    seen = seen_headers(host, headers={"traceparent": trace, "x-mine": "1"})
    assert seen["traceparent"] == trace
    assert seen["x-mine"] == "1"
