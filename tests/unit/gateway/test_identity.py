"""The identity step, with tokens as Envoy forwards them once it has verified them."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest

from portico_server.gateway.identity import REMEMBERED, identity
from portico_server.gateway.remembered import Remembered
from portico_server.gateway.revocation_log import RevocationLog
from portico_server.gateway.revoked import LoggedRevocations
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Step
from portico_server.platform.errors import ApiError
from portico_server.platform.keyring import Keyring
from portico_server.platform.revocations import Kind, Revocation
from portico_server.platform.shared_words import SharedWords
from tests.unit.gateway.fakes import ADMIN, method, new_call, run

FINGERPRINT = hashlib.sha256(b"a certificate").hexdigest()
OTHER_FINGERPRINT = hashlib.sha256(b"another certificate").hexdigest()
URI = "spiffe://portico.local/default/edge"
EDGE = Principal("accounts/default/principals/edge", "default")

STEP = identity({URI: EDGE}.get)
NOBODY_BY_CERTIFICATE = identity(lambda uri: None)


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token; `None` leaves one out."""
    now = int(time.time())
    good = {
        "iss": "https://portico.local",
        "aud": "portico",
        "sub": ADMIN.name,
        "client_id": "cli",
        "iat": now,
        "exp": now + 600,
        "jti": "token-1",
    }
    return {key: value for key, value in {**good, **changes}.items() if value is not None}


def headers_of(payload: Mapping[str, Any], header: Any = None, fingerprint: str = FINGERPRINT) -> dict[str, str]:
    """What Envoy forwards of a token that it has verified."""
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k"} if header is None else header
    token = f"{encoded(header)}.{encoded(payload)}.{'A' * 86}"
    return {
        "authorization": f"Bearer {token}",
        "x-portico-token-payload": encoded(payload),
        "x-forwarded-client-cert": f"Hash={fingerprint};URI=spiffe://portico.local/default/admin",
    }


async def identified(headers: Mapping[str, str], method: str = "Unary") -> Call:
    call = new_call(method, headers=headers)
    assert await run(STEP, call)
    return call


async def reason_of(headers: Mapping[str, str]) -> str:
    with pytest.raises(ApiError) as refused:
        await run(STEP, new_call(headers=headers))
    assert refused.value.code.name == "UNAUTHENTICATED"
    return refused.value.reason


async def test_the_principal_is_the_tokens_subject() -> None:
    payload = claims()

    call = await identified(headers_of(payload))

    assert call.principal == Principal(ADMIN.name, "default", "token-1", "cli", payload["exp"], payload["iat"])


async def test_a_token_of_the_platforms_own_keyring_is_good(tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path, "portico.local", ())
    token = keyring.sign_token(
        ADMIN.name, client_id="cli", lifetime_seconds=60, certificate_sha256=bytes.fromhex(FINGERPRINT)
    )
    headers = headers_of({})
    headers |= {"authorization": f"Bearer {token}", "x-portico-token-payload": token.split(".")[1]}

    assert (await identified(headers)).principal.name == ADMIN.name  # type: ignore[union-attr]


async def test_the_certificate_names_the_machine_and_not_the_caller() -> None:
    call = await identified(headers_of(claims()))

    assert (call.peer.fingerprint, call.peer.uri) == (FINGERPRINT, "spiffe://portico.local/default/admin")
    assert call.principal is not None
    assert call.principal.name == ADMIN.name


async def test_without_a_token_there_is_nobody() -> None:
    assert await reason_of({"x-forwarded-client-cert": headers_of({})["x-forwarded-client-cert"]}) == "TOKEN_MISSING"
    assert await reason_of({}) == "TOKEN_MISSING"
    assert await reason_of({"x-portico-token-failure": "Jwt is missing"}) == "TOKEN_MISSING"


async def test_a_certificate_alone_is_the_caller_where_the_policy_names_it() -> None:
    call = await identified({"x-forwarded-client-cert": f"Hash={FINGERPRINT};URI={URI}"})

    assert call.principal == EDGE


async def test_a_certificate_alone_is_nobody_where_a_page_calls() -> None:
    """A browser shows its user's certificate for any page."""
    headers = {"x-forwarded-client-cert": f"Hash={FINGERPRINT};URI={URI}", "origin": "https://evil.example"}

    assert await reason_of(headers) == "TOKEN_MISSING"


async def test_a_bad_token_is_not_made_good_by_a_certificate() -> None:
    headers = {"x-forwarded-client-cert": f"Hash={FINGERPRINT};URI={URI}", "x-portico-token-failure": "Jwt is expired"}

    assert await reason_of(headers) == "TOKEN_EXPIRED"


@pytest.mark.parametrize("kind", ["JWT", "jwt", "id+jwt", "", None, 1, ["at+jwt"], "at+jwt2"])
async def test_another_type_of_token_is_refused(kind: Any) -> None:
    assert await reason_of(headers_of(claims(), {"alg": "ES256", "typ": kind})) == "TOKEN_TYPE_INVALID"


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_type_may_be_spelled_as_rfc_9068_allows(kind: str) -> None:
    assert (await identified(headers_of(claims(), {"alg": "ES256", "typ": kind}))).principal


@pytest.mark.parametrize("critical", [["exp"], [], "exp", None])
async def test_a_critical_header_is_refused(critical: Any) -> None:
    assert await reason_of(headers_of(claims(), {"typ": "at+jwt", "crit": critical})) == "TOKEN_MALFORMED"


@pytest.mark.parametrize("claim", ["jti", "client_id", "sub", "iat", "exp"])
async def test_a_claim_that_rfc_9068_requires_may_not_be_missing(claim: str) -> None:
    assert await reason_of(headers_of(claims(**{claim: None}))) == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "changes",
    [
        {"jti": ""},
        {"jti": 7},
        {"exp": "4102444800"},
        {"exp": 4102444800.5},
        {"exp": True},
        {"iat": "now"},
        {"sub": "admin"},
        {"sub": "accounts/default/principals/admin/more"},
        {"sub": "accounts/Default/principals/admin"},
        {"sub": "accounts/default/principals/admin\n"},
        {"sub": ["accounts/default/principals/admin"]},
        {"cnf": "x"},
        {"cnf": {"jkt": "x"}},
        {"cnf": {"x5t#S256": 5}},
    ],
)
async def test_a_claim_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    assert await reason_of(headers_of(claims(**changes))) == "TOKEN_MALFORMED"


def bound_to(fingerprint: str) -> dict[str, str]:
    digest = base64.urlsafe_b64encode(bytes.fromhex(fingerprint)).rstrip(b"=").decode()
    return {"x5t#S256": digest}


async def test_a_bound_token_is_good_with_its_certificate() -> None:
    assert (await identified(headers_of(claims(cnf=bound_to(FINGERPRINT))))).principal


async def test_a_bound_token_is_refused_with_another_certificate_or_with_none() -> None:
    payload = claims(cnf=bound_to(FINGERPRINT))
    without = headers_of(payload)
    del without["x-forwarded-client-cert"]

    assert await reason_of(headers_of(payload, fingerprint=OTHER_FINGERPRINT)) == "CERTIFICATE_MISMATCH"
    assert await reason_of(without) == "CERTIFICATE_MISMATCH"


async def test_a_bound_token_that_was_good_once_is_still_refused_with_another_certificate() -> None:
    payload = claims(cnf=bound_to(FINGERPRINT))
    await identified(headers_of(payload))

    assert await reason_of(headers_of(payload, fingerprint=OTHER_FINGERPRINT)) == "CERTIFICATE_MISMATCH"


async def test_a_token_that_was_good_once_is_refused_when_its_time_is_over() -> None:
    headers = headers_of(claims(exp=int(time.time()) + 600))
    await identified(headers)
    later = new_call(headers=headers)
    later.arrival_time_ns += 600 * 1_000_000_000

    with pytest.raises(ApiError) as refused:
        await run(STEP, later)

    assert refused.value.reason == "TOKEN_EXPIRED"


async def test_an_expired_token_is_refused_though_it_was_forwarded() -> None:
    assert await reason_of(headers_of(claims(exp=int(time.time()) - 1))) == "TOKEN_EXPIRED"


async def test_a_token_that_nobody_verified_is_refused() -> None:
    headers = headers_of(claims())
    del headers["x-portico-token-payload"]

    assert await reason_of(headers) == "TOKEN_MALFORMED"


async def test_a_payload_without_the_token_that_it_is_of_is_refused() -> None:
    headers = headers_of(claims())
    del headers["authorization"]

    assert await reason_of(headers) == "TOKEN_MALFORMED"


async def test_a_payload_of_another_token_is_refused() -> None:
    headers = headers_of(claims())
    headers["x-portico-token-payload"] = encoded(claims(sub="accounts/default/principals/other"))

    assert await reason_of(headers) == "TOKEN_MALFORMED"


async def test_another_tokens_payload_is_not_remembered_for_a_token() -> None:
    headers = headers_of(claims())
    await identified(headers)
    headers["x-portico-token-payload"] = encoded(claims(sub="accounts/default/principals/other"))

    assert await reason_of(headers) == "TOKEN_MALFORMED"


@pytest.mark.parametrize("authorization", ["Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer ", "a.b.c"])
async def test_another_scheme_is_refused(authorization: str) -> None:
    headers = headers_of(claims()) | {"authorization": authorization}

    assert await reason_of(headers) == "TOKEN_MALFORMED"


@pytest.mark.parametrize("header", ["!!!", "e30", base64.urlsafe_b64encode(b"[" * 100_000).decode(), "eyJ0eXAiOn0"])
async def test_a_token_header_that_is_no_json_object_is_refused(header: str) -> None:
    payload = claims()
    headers = headers_of(payload) | {"authorization": f"Bearer {header}.{encoded(payload)}.{'A' * 86}"}

    assert await reason_of(headers) in ("TOKEN_MALFORMED", "TOKEN_TYPE_INVALID")


async def test_the_scheme_is_read_in_any_case() -> None:
    headers = headers_of(claims())
    headers["authorization"] = headers["authorization"].replace("Bearer", "bearer")

    assert (await identified(headers)).principal


async def test_a_public_method_needs_no_token_and_a_bad_one_does_not_hurt() -> None:
    assert (await identified({}, "Empty")).principal is None
    assert (await identified({"x-portico-token-failure": "Jwt is expired"}, "Empty")).principal is None
    assert (await identified(headers_of(claims(exp=1)), "Empty")).principal is None


async def test_a_public_method_knows_its_caller_by_a_good_token() -> None:
    principal = (await identified(headers_of(claims()), "Empty")).principal

    assert principal is not None
    assert principal.name == ADMIN.name


async def test_its_time_is_among_the_steps_whether_it_lets_in_or_not() -> None:
    refused = new_call()
    with pytest.raises(ApiError):
        await run(STEP, refused)

    assert [step for step, _, _ in refused.steps] == ["identity"]
    assert [step for step, _, _ in (await identified(headers_of(claims()))).steps] == ["identity"]


async def test_a_large_token_is_good_each_time() -> None:
    headers = headers_of(claims(note="x" * 6000))

    assert (await identified(headers)).principal == (await identified(headers)).principal


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    memory: Remembered[int, int] = Remembered(3)
    for number in range(5):
        memory.put(number, number)

    assert [memory.get(number) for number in range(5)] == [None, None, 2, 3, 4]
    assert REMEMBERED >= 1024


async def test_what_was_revoked_is_refused_though_its_token_is_remembered(tmp_path: Path) -> None:
    log = RevocationLog(tmp_path / "revocations.jsonl", SharedWords(tmp_path / "words"))
    step = identity({URI: EDGE}.get, LoggedRevocations(log, lambda uri: uri.split("/")[3]))
    headers, other = headers_of(claims()), headers_of(claims(jti="token-2", iat=int(time.time()) + 5))
    for sent in (headers, other):
        assert await run(step, new_call(headers=sent))

    now = int(time.time())
    log.add(Revocation(Kind.TOKEN, "accounts/other", "token-1", now, now + 60))
    assert await run(step, new_call(headers=headers))
    log.add(Revocation(Kind.TOKEN, "accounts/default", "token-1", now, now + 60))
    assert await _refused(step, new_call(headers=headers)) == "TOKEN_REVOKED"
    assert await run(step, new_call("/grpc.health.v1.Health/Check", headers=headers)), (
        "a bad token on a public method is ignored"
    )
    assert await run(step, new_call(headers=other))
    log.add(Revocation(Kind.PRINCIPAL, "accounts/default", ADMIN.name, now, now + 60, now + 9))
    assert await _refused(step, new_call(headers=other)) == "TOKEN_REVOKED"


@pytest.mark.parametrize("kind", [Kind.FINGERPRINT, Kind.SERIAL])
async def test_a_revoked_certificate_opens_no_method_at_all(tmp_path: Path, kind: Kind) -> None:
    log = RevocationLog(tmp_path / "revocations.jsonl", SharedWords(tmp_path / "words"))
    step = identity({URI: EDGE}.get, LoggedRevocations(log, lambda uri: uri.split("/")[3]))
    headers = headers_of(claims()) | {"x-portico-certificate-serial": "00AF5"}
    assert await run(step, new_call(headers=headers))

    now = int(time.time())
    subject = FINGERPRINT if kind is Kind.FINGERPRINT else "af5"
    log.add(Revocation(kind, "accounts/default", subject, now, now + 60))
    assert await _refused(step, new_call(headers=headers)) == "CERTIFICATE_REVOKED"
    assert await _refused(step, new_call("/grpc.health.v1.Health/Check", headers=headers)) == "CERTIFICATE_REVOKED"


async def test_what_another_account_revokes_hides_no_revocation_of_ones_own(tmp_path: Path) -> None:
    log = RevocationLog(tmp_path / "revocations.jsonl", SharedWords(tmp_path / "words"))
    step = identity({URI: EDGE}.get, LoggedRevocations(log, lambda uri: uri.split("/")[3]))
    headers = headers_of(claims()) | {"x-portico-certificate-serial": "00AF5"}

    now = int(time.time())
    log.add(Revocation(Kind.FINGERPRINT, "accounts/other", FINGERPRINT, now, now + 60))
    assert await run(step, new_call(headers=headers))
    log.add(Revocation(Kind.SERIAL, "accounts/default", "af5", now, now + 60))
    assert await _refused(step, new_call(headers=headers)) == "CERTIFICATE_REVOKED"


async def test_of_a_faces_call_its_credential_alone_says_who_makes_it() -> None:
    token = headers_of(claims(sub=EDGE.name))
    by_face = new_call(headers=token)
    by_face.face, by_face.credential = "s3", lambda call: ADMIN
    assert await run(STEP, by_face)
    assert by_face.principal == ADMIN

    nobody = new_call(headers=token)
    nobody.face, nobody.credential = "s3", lambda call: None
    assert await _refused(STEP, nobody) == "TOKEN_MISSING"
    assert [name for name, _ in nobody.response_headers] == [], "a face's protocol has challenges of its own"


async def test_who_shows_nothing_may_call_an_anonymous_method_and_who_shows_something_bad_may_not() -> None:
    anonymous = replace(method("Unary"), anonymous=True)
    call = new_call(anonymous)
    assert await run(STEP, call)
    assert call.principal is None
    assert await _refused(STEP, new_call(anonymous, headers={"authorization": "Bearer bad"})) == "TOKEN_MALFORMED"

    def refuse(call: Call) -> Principal | None:
        raise ApiError(grpc.StatusCode.UNAUTHENTICATED, "SIGNATURE_WRONG", "the signature is wrong")

    signed = new_call(anonymous)
    signed.credential = refuse
    assert await _refused(STEP, signed) == "SIGNATURE_WRONG"


async def test_a_faces_caller_is_refused_once_revoked(tmp_path: Path) -> None:
    log = RevocationLog(tmp_path / "revocations.jsonl", SharedWords(tmp_path / "words"))
    step = identity({URI: EDGE}.get, LoggedRevocations(log, lambda uri: "default"))
    shown = replace(ADMIN, token_id="key-1")

    def call_of() -> Call:
        call = new_call()
        call.credential = lambda call: shown
        return call

    assert await run(step, call_of())
    now = int(time.time())
    log.add(Revocation(Kind.TOKEN, "accounts/default", "key-1", now, now + 60))
    assert await _refused(step, call_of()) == "TOKEN_REVOKED"


async def _refused(step: Step, call: Call) -> str:
    with pytest.raises(ApiError) as refused:
        await run(step, call)
    return refused.value.reason
