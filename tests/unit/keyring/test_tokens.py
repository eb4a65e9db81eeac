"""Access tokens: the shape of RFC 9068, and rotation of the keys that sign them."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portico_server.platform.keyring import Keyring

SUBJECT = "accounts/default/principals/admin"


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open(tmp_path, "portico.local", ["localhost"])


def signed(keyring: Keyring, certificate_sha256: bytes | None = None) -> str:
    return keyring.sign_token(SUBJECT, client_id="test", lifetime_seconds=600, certificate_sha256=certificate_sha256)


def read(keyring: Keyring, token: str) -> jwt.Token:
    return jwt.decode(token, KeySet.import_key_set(keyring.jwks()), algorithms=["ES256"])  # type: ignore[arg-type]


def test_a_token_has_the_shape_of_rfc_9068(keyring: Keyring) -> None:
    token = read(keyring, signed(keyring))
    assert token.header["typ"] == "at+jwt"
    assert token.header["alg"] == "ES256"
    claims = token.claims
    assert claims["iss"] == "https://portico.local"
    assert claims["aud"] == "portico"
    assert claims["sub"] == SUBJECT
    assert claims["client_id"] == "test"
    assert claims["exp"] - claims["iat"] == 600
    assert abs(claims["iat"] - time.time()) < 5
    assert "cnf" not in claims


def test_no_two_tokens_have_the_same_id(keyring: Keyring) -> None:
    ids = {read(keyring, signed(keyring)).claims["jti"] for _ in range(20)}
    assert len(ids) == 20


def test_a_bound_token_names_its_certificate(keyring: Keyring) -> None:
    digest = hashlib.sha256(b"certificate").digest()
    claims = read(keyring, signed(keyring, digest)).claims
    assert claims["cnf"]["x5t#S256"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_the_published_keys_are_public_ones(keyring: Keyring) -> None:
    keyring.rotate_token_key()
    for key in keyring.jwks()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}, "no private part (d)"


def test_the_newest_key_signs_and_all_verify(keyring: Keyring) -> None:
    before = signed(keyring)
    keyring.rotate_token_key()
    after = signed(keyring)
    newest = keyring.jwks()["keys"][0]["kid"]
    assert read(keyring, after).header["kid"] == newest
    assert read(keyring, before).header["kid"] != newest


def test_the_newest_key_is_the_newest_also_when_opened_again(keyring: Keyring, tmp_path: Path) -> None:
    for _ in range(3):
        keyring.rotate_token_key()
    again = Keyring.open(tmp_path, "portico.local", ["localhost"])
    assert again.jwks() == keyring.jwks()
    assert len(again.jwks()["keys"]) == 4


def test_a_removed_key_verifies_no_more(keyring: Keyring, tmp_path: Path) -> None:
    before = signed(keyring)
    keyring.rotate_token_key()
    (tmp_path / "keys" / "tokens" / "first.pem").unlink()
    again = Keyring.open(tmp_path, "portico.local", ["localhost"])
    with pytest.raises((JoseError, ValueError)):
        read(again, before)


def test_a_new_key_is_published_before_it_signs(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.rotate_token_key(signs_after_seconds=60)
    newest = keyring.jwks()["keys"][0]["kid"]
    assert read(keyring, signed(keyring)).header["kid"] != newest
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 61 * 10**9)
    assert read(keyring, signed(keyring)).header["kid"] == newest


def test_a_key_that_another_process_has_added_is_noticed_before_the_next_signature(
    keyring: Keyring, tmp_path: Path
) -> None:
    other = Keyring.open(tmp_path, "portico.local", ["localhost"])
    other.rotate_token_key()
    assert read(other, signed(keyring)).header["kid"] == other.jwks()["keys"][0]["kid"]


def test_keys_that_no_token_can_be_of_any_more_are_removed(keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.rotate_token_key()
    keyring.rotate_token_key()
    assert len(keyring.jwks()["keys"]) == 3
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 26 * 3600 * 10**9)
    before = signed(keyring)
    keyring.rotate_token_key()
    assert len(keyring.jwks()["keys"]) == 2
    assert read(keyring, before)


def test_discarding_leaves_one_new_key(keyring: Keyring) -> None:
    before = signed(keyring)
    keyring.rotate_token_key()
    keyring.discard_token_keys()
    assert len(keyring.jwks()["keys"]) == 1
    with pytest.raises((JoseError, ValueError)):
        read(keyring, before)
    assert read(keyring, signed(keyring))


def test_a_token_is_signed_while_another_process_discards_the_keys(keyring: Keyring, tmp_path: Path) -> None:
    other, ended = Keyring.open(tmp_path, "portico.local", ["localhost"]), threading.Event()

    def discard() -> None:
        for _ in range(50):
            other.rotate_token_key()
            other.discard_token_keys()
        ended.set()

    with ThreadPoolExecutor(1) as threads:
        discarding = threads.submit(discard)
        while not ended.is_set() and not discarding.done():
            signed(keyring)
        discarding.result()
    assert read(other, signed(keyring))
