"""Caller assertions: what one process of the platform signs, another believes, and nothing else."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from portico_server.platform.authorization import Principal
from portico_server.platform.call import Peer
from portico_server.platform.keyring.assertions import (
    LIFETIME_SECONDS,
    AssertionKey,
    AssertionRefused,
    at_door,
    by_certificate,
)
from portico_server.platform.keyring.authority import new_private_key

DOMAIN = "portico.local"
ADA = Principal("accounts/default/principals/ada", "default", "jti", "spiffe://portico.local/default/ada", 2**40, 7)
SERVICE = "portico.objects.v1.ObjectService"
HERE = at_door("objects")
NODE = by_certificate("ab" * 32)
PEM = new_private_key()
KEY = AssertionKey(DOMAIN, PEM)


def forged(header: dict[str, Any] | None = None, key: Any = None, **claims: Any) -> bytes:
    """A good assertion, but for this; signed with the right key unless another is given. None removes a claim."""
    _, payload, _ = KEY.sign(ADA, SERVICE, HERE).split(".")
    changed = {**json.loads(base64.urlsafe_b64decode(payload + "==")), **claims}
    body = json.dumps({name: value for name, value in changed.items() if value is not None}).encode()
    protected = {"alg": "ES256", "typ": "portico-caller+jwt", **(header or {})}
    return jws.serialize_compact(protected, body, key or ECKey.import_key(PEM), algorithms=["ES256", "HS256"]).encode()


def test_what_was_signed_is_read_again() -> None:
    found = KEY.verify(KEY.sign(ADA, SERVICE, HERE).encode(), HERE)
    assert (found.principal, found.acting) == (ADA, SERVICE)
    exchanged = dataclasses.replace(ADA, exchanged_from=("a", "b"))
    assert KEY.verify(KEY.sign(exchanged, SERVICE, HERE).encode(), HERE).principal == exchanged
    foreign = dataclasses.replace(ADA, foreign=True)
    assert KEY.verify(KEY.sign(foreign, SERVICE, HERE).encode(), HERE).principal == foreign
    assert 0 < found.expires_at - time.time() <= LIFETIME_SECONDS


def test_the_callers_certificate_and_address_go_along_where_they_are_known() -> None:
    came_by = Peer("192.0.2.1", "ab" * 32, "spiffe://portico.local/default/ada", "5a3f")
    assert KEY.verify(KEY.sign(ADA, SERVICE, HERE, came_by).encode(), HERE).origin == came_by
    without = Peer("2001:db8::1")
    assert KEY.verify(KEY.sign(ADA, SERVICE, HERE, without).encode(), HERE).origin == without
    assert KEY.verify(KEY.sign(ADA, SERVICE, HERE).encode(), HERE).origin == Peer()


def test_it_may_be_for_a_caller_whom_nobody_knows() -> None:
    assert KEY.verify(KEY.sign(None, SERVICE, NODE).encode(), NODE).principal is None


def test_the_forger_of_these_tests_makes_good_ones_too() -> None:
    assert KEY.verify(forged(), HERE).principal == ADA


@pytest.mark.parametrize("presented", [at_door("front"), NODE, by_certificate("cd" * 32), {}])
def test_it_is_bound_to_one_door_or_one_certificate(presented: dict[str, str]) -> None:
    with pytest.raises(AssertionRefused, match="bound to another"):
        KEY.verify(KEY.sign(ADA, SERVICE, HERE).encode(), presented)


def test_one_for_a_certificate_is_nothing_with_another_or_at_a_door() -> None:
    assertion = KEY.sign(ADA, SERVICE, NODE).encode()
    for presented in (by_certificate("cd" * 32), HERE):
        with pytest.raises(AssertionRefused, match="bound to another"):
            KEY.verify(assertion, presented)


def test_another_platforms_key_and_another_trust_domain_are_nothing() -> None:
    with pytest.raises(AssertionRefused, match="not signed by this platform"):
        KEY.verify(AssertionKey(DOMAIN, new_private_key()).sign(ADA, SERVICE, HERE).encode(), HERE)
    with pytest.raises(AssertionRefused, match="audience"):
        KEY.verify(AssertionKey("other.example", PEM).sign(ADA, SERVICE, HERE).encode(), HERE)


def test_every_byte_of_it_counts() -> None:
    assertion = KEY.sign(ADA, SERVICE, HERE)
    for position in range(0, len(assertion) - 1, 7):  # the last character of a signature has bits that do not count
        if assertion[position] == ".":
            continue
        other = "A" if assertion[position] != "A" else "B"
        with pytest.raises(AssertionRefused):
            KEY.verify((assertion[:position] + other + assertion[position + 1 :]).encode(), HERE)


def test_no_algorithm_but_ours_is_believed() -> None:
    _, payload, signature = KEY.sign(ADA, SERVICE, HERE).split(".")
    for algorithm in ("none", "HS256", "ES384", "RS256"):
        header = json.dumps({"alg": algorithm, "typ": "portico-caller+jwt"}).encode()
        head = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
        for mark in ("", signature):
            with pytest.raises(AssertionRefused):
                KEY.verify(f"{head}.{payload}.{mark}".encode(), HERE)
    public = ECKey.import_key(PEM).as_pem(private=False)
    with pytest.raises(AssertionRefused):
        KEY.verify(forged({"alg": "HS256"}, OctKey.import_key(base64.b64encode(public).decode())), HERE)


@pytest.mark.parametrize(
    "header", [{"typ": "at+jwt"}, {"typ": "JWT"}, {"kid": "x"}, {"b64": False, "crit": ["b64"]}, {"jku": "https://x"}]
)
def test_a_header_that_is_not_ours_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(AssertionRefused):
        KEY.verify(forged(header), HERE)


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": int(time.time()) - 60, "iat": int(time.time()) - 90},
        {"exp": int(time.time()) + 630, "iat": int(time.time()) + 600},
        {"exp": int(time.time()) + 3600},
        {"exp": None},
        {"iat": "now"},
        {"exp": True},
        {"aud": "portico"},
        {"aud": ["https://portico.local/mesh"]},
        {"iss": "https://other.example"},
        {"cnf": None},
        {"cnf": {"door": "objects", "x5t#S256": "x"}},
        {"act": None},
        {"act": {"sub": ""}},
        {"sub": "admin"},
        {"sub": 1},
        {"token": None},
        {"token": {"jti": "x"}},
        {"certificate": "ab"},
        {"certificate": {"sha256": "ab", "uri": "", "serial": ""}},
        {"certificate": {"sha256": "ab" * 32, "uri": ""}},
        {"certificate": {"sha256": "ab" * 32, "uri": 1, "serial": ""}},
    ],
)
def test_a_claim_that_is_wrong_or_missing_is_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(AssertionRefused):
        KEY.verify(forged(**claims), HERE)


NESTED = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=")


@pytest.mark.parametrize(
    "garbage", [b"", b".", b"..", b"a.b.c", b"\xff.\xff.\xff", b"x" * 10_000, b"e30.e30.e30", NESTED + b".e30.e30"]
)
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(AssertionRefused):
        KEY.verify(garbage, HERE)
