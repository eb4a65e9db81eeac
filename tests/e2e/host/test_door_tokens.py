"""What Envoy makes of tokens: the application gets the claims of good ones, and the reason why others are not."""

from __future__ import annotations

import base64
import hmac
import json
import signal
import time
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from portico_server.platform.keyring import Keyring
from tests.harness import RunningPlatform
from tests.harness.waiting import wait_until

SUBJECT = "accounts/default/principals/admin"


@pytest.fixture
def signing_key(host: RunningPlatform) -> ECKey:
    """The platform's own key: what is signed with it is wrong in its claims alone."""
    key = ECKey.import_key((host.data / "keys" / "tokens" / "first.pem").read_bytes())
    key.ensure_kid()
    return key


def signed(key: ECKey, kid: str | None = None, **claims: Any) -> str:
    now = int(time.time())
    good = {"iss": "https://portico.local", "aud": "portico", "sub": SUBJECT, "iat": now, "exp": now + 600}
    return jwt.encode({"alg": "ES256", "typ": "at+jwt", "kid": kid or key.kid}, {**good, **claims}, key)


def hand_made(header: dict[str, Any], secret: bytes | None) -> str:
    """A token that no library would make: unsigned, or signed with HMAC-SHA-256 by whatever secret."""
    claims = {"iss": "https://portico.local", "aud": "portico", "sub": SUBJECT, "exp": int(time.time()) + 600}
    content = b".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = encoded(hmac.digest(secret, content, "sha256")) if secret is not None else b""
    return (content + b"." + signature).decode()


def encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def verdict(host: RunningPlatform, token: str | None) -> tuple[bool, str]:
    """Whether the application was given claims, and the reason if not."""
    headers = dict(host.http("GET", "/echo", token=token).json()["headers"])
    return "x-portico-token-payload" in headers, headers.get("x-portico-token-failure", "")


def test_a_token_of_this_platform_is_good(host: RunningPlatform, signing_key: ECKey) -> None:
    assert verdict(host, host.token) == (True, "")
    assert verdict(host, signed(signing_key)) == (True, "")


def test_a_token_bound_for_somebody_else_is_not(host: RunningPlatform, signing_key: ECKey) -> None:
    assert verdict(host, signed(signing_key, aud="another")) == (False, "Audiences in Jwt are not allowed")


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1_000_000_000}, "Jwt is expired"),
        ({"nbf": 32_000_000_000}, "Jwt not yet valid"),
        ({"iss": "https://elsewhere.example"}, "Jwt issuer is not configured"),
    ],
)
def test_a_token_with_a_wrong_claim_is_not(
    host: RunningPlatform, signing_key: ECKey, claims: dict[str, Any], reason: str
) -> None:
    assert verdict(host, signed(signing_key, **claims)) == (False, reason)


def test_a_token_of_another_key_is_not(host: RunningPlatform, signing_key: ECKey) -> None:
    other = ECKey.generate_key("P-256")
    assert verdict(host, signed(other, kid=signing_key.kid)) == (False, "Jwt verification fails")


def test_an_unsigned_token_is_not(host: RunningPlatform) -> None:
    good, reason = verdict(host, hand_made({"alg": "none", "typ": "at+jwt"}, None))
    assert not good
    assert reason


def test_the_public_key_is_no_secret_to_sign_with(host: RunningPlatform, signing_key: ECKey) -> None:
    """Key confusion: HS256 with the public key, which everybody has, as the shared secret."""
    header = {"alg": "HS256", "typ": "at+jwt", "kid": signing_key.kid}
    good, reason = verdict(host, hand_made(header, signing_key.as_pem(private=False)))
    assert not good
    assert reason


@pytest.mark.parametrize("token", [None, "opaque-api-token", "a.b.c", "", "x" * 10_000])
def test_what_is_no_jwt_goes_on_without_claims(host: RunningPlatform, token: str | None) -> None:
    good, reason = verdict(host, token)
    assert not good
    assert reason


def test_a_token_in_the_query_is_not_looked_at(host: RunningPlatform) -> None:
    headers = dict(host.http("GET", f"/echo?access_token={host.token}", token=None).json()["headers"])
    assert "x-portico-token-payload" not in headers


def test_a_new_token_key_is_believed_without_a_restart(host: RunningPlatform) -> None:
    keyring = Keyring.open(host.data, "portico.local", ["localhost"])
    old = keyring.sign_token(SUBJECT, client_id="test", lifetime_seconds=600)
    keyring.rotate_token_key()
    new = keyring.sign_token(SUBJECT, client_id="test", lifetime_seconds=600)
    front = host.front_pid
    assert verdict(host, new)[0] is False
    host.process.send_signal(signal.SIGHUP)
    wait_until(lambda: verdict(host, new)[0], "the new key is believed")
    assert verdict(host, old)[0], "the old key goes on being good"
    assert host.front_pid == front


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEARER"])
def test_the_scheme_may_be_in_any_case(host: RunningPlatform, scheme: str) -> None:
    sent = {"authorization": f"{scheme} {host.token}"}
    assert "x-portico-token-payload" in dict(host.http("GET", "/echo", token=None, headers=sent).json()["headers"])
