"""The identity step with tokens of further issuers, as Envoy forwards them: whom they name, and that they name none
but those of their mapping."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from portico_server.gateway.identity import identity
from portico_server.gateway.issuers import Issuers
from portico_server.gateway.revocation_log import RevocationLog
from portico_server.gateway.revoked import LoggedRevocations
from portico_server.platform.call import Step
from portico_server.platform.errors import ApiError
from portico_server.platform.private_files import replace_file
from portico_server.platform.revocations import Kind, Revocation
from portico_server.platform.shared_words import SharedWords
from tests.unit.gateway.fakes import ADMIN, new_call, run

OWN, A, B = "https://portico.local", "https://a.example", "https://b.example"
PREFIX = "accounts/default/principals/"


def in_force(run_folder: Path, prefix: str = "a", *, with_b: bool = True) -> None:
    common = 'jwks_file = "x"\naudiences = ["portico"]\nalgorithms = ["ES256"]\n'
    text = f'[[issuers]]\nissuer = "{A}"\nprincipals = "{PREFIX}{prefix}-{{sub}}"\n{common}'
    if with_b:
        text += f'[[issuers]]\nissuer = "{B}"\nrfc9068 = false\nprincipals = "{PREFIX}b-{{sub}}"\n{common}'
    replace_file(run_folder / "issuers.json", json.dumps({"text": text, "problems": []}).encode())


@pytest.fixture
def issuers(tmp_path: Path) -> Issuers:
    in_force(tmp_path)
    return Issuers(OWN, tmp_path)


@pytest.fixture
def step(issuers: Issuers) -> Step:
    return identity(lambda uri: None, issuers=issuers)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    good = {"iss": A, "sub": "x", "aud": "portico", "client_id": "c", "jti": "1", "iat": now, "exp": now + 600}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def forwarded(payload: dict[str, Any] | str, typ: str | None = "at+jwt", *, verified: bool = True) -> dict[str, str]:
    body = encoded(payload if isinstance(payload, str) else json.dumps(payload))
    header = encoded(json.dumps({"alg": "ES256"} | ({"typ": typ} if typ else {})))
    headers = {"authorization": f"Bearer {header}.{body}.{'A' * 86}"}
    headers["x-portico-token-failure"] = "Jwt issuer is not configured"  # Envoy asks the own provider first
    return headers | ({"x-portico-token-payload": body} if verified else {})


async def named(step: Step, headers: dict[str, str]) -> str:
    call = new_call(headers=headers)
    assert await run(step, call)
    assert call.principal is not None
    return call.principal.name.removeprefix(PREFIX)


async def refused(step: Step, headers: dict[str, str]) -> str:
    with pytest.raises(ApiError) as error:
        await run(step, new_call(headers=headers))
    return error.value.reason


async def test_each_issuers_subjects_are_its_own_principals(step: Step) -> None:
    assert await named(step, forwarded(claims())) == "a-x"
    assert await named(step, forwarded(claims(iss=B))) == "b-x"
    assert await named(step, forwarded(claims(iss=OWN, sub=ADMIN.name))) == "admin"


@pytest.mark.parametrize("subject", [ADMIN.name, "../admin", "x/../admin", "B", "accounts/default/principals/b-x"])
async def test_a_foreign_subject_names_nobody_outside_its_mapping(step: Step, subject: str) -> None:
    assert await refused(step, forwarded(claims(sub=subject))) == "SUBJECT_UNKNOWN"


@pytest.mark.parametrize("name", ["iss", "\\u0069ss"])
async def test_a_payload_that_names_two_issuers_is_refused(step: Step, name: str) -> None:
    text = json.dumps(claims(sub=ADMIN.name))[:-1]
    assert await refused(step, forwarded(f'{text}, "{name}": "{OWN}"}}')) == "TOKEN_MALFORMED"


@pytest.mark.parametrize("issuer", [None, 7, [A], "https://c.example", f"{A}/", A.upper()])
async def test_an_issuer_that_is_not_in_force_is_refused(step: Step, issuer: Any) -> None:
    assert await refused(step, forwarded(claims(iss=issuer))) == "ISSUER_UNKNOWN"


async def test_types_and_claims_of_rfc_9068_may_be_waived_for_one_issuer_alone(step: Step) -> None:
    loose = {"jti": None, "client_id": None}
    for typ in ("JWT", None):
        assert await named(step, forwarded(claims(iss=B, **loose), typ)) == "b-x"
        assert await refused(step, forwarded(claims(), typ)) == "TOKEN_TYPE_INVALID"
        assert await refused(step, forwarded(claims(iss=OWN, sub=ADMIN.name), typ)) == "TOKEN_TYPE_INVALID"
    assert await refused(step, forwarded(claims(**loose))) == "TOKEN_MALFORMED"
    assert await refused(step, forwarded(claims(iss=B), "dpop+jwt")) == "TOKEN_TYPE_INVALID"


async def test_a_foreign_token_does_not_outlive_revocations(step: Step) -> None:
    now = int(time.time())
    assert await refused(step, forwarded(claims(exp=now + 90 * 86_400))) == "TOKEN_MALFORMED"
    assert await refused(step, forwarded(claims(iat=now + 3600, exp=now + 7200))) == "TOKEN_NOT_YET_VALID"
    assert await refused(step, forwarded(claims(iat=now + 20, exp=now + 10))) == "TOKEN_MALFORMED"
    assert await refused(step, forwarded(claims(iss=B, exp=None))) == "TOKEN_MALFORMED"


async def test_why_a_foreign_token_is_refused_is_told(step: Step) -> None:
    now = int(time.time())
    assert await refused(step, forwarded(claims(exp=now - 60), verified=False)) == "TOKEN_EXPIRED"
    assert await refused(step, forwarded(claims(aud="other"), verified=False)) == "AUDIENCE_MISMATCH"
    assert await refused(step, forwarded(claims(), verified=False)) == "SIGNATURE_INVALID"
    assert await refused(step, forwarded(claims(iss="https://c.example"), verified=False)) == "ISSUER_UNKNOWN"


async def test_another_mapping_bears_on_tokens_that_are_remembered(
    step: Step, issuers: Issuers, tmp_path: Path
) -> None:
    headers, other = forwarded(claims()), forwarded(claims(iss=B))
    assert await named(step, headers) == "a-x"
    assert await named(step, other) == "b-x"
    in_force(tmp_path, "new", with_b=False)
    issuers.refresh()
    assert await named(step, headers) == "new-x"
    assert await refused(step, other) == "ISSUER_UNKNOWN"


async def test_foreign_tokens_are_revoked_by_id_and_by_principal(issuers: Issuers, tmp_path: Path) -> None:
    log = RevocationLog(tmp_path / "revocations.jsonl", SharedWords(tmp_path / "words"))
    step = identity(lambda uri: None, LoggedRevocations(log, lambda uri: ""), issuers=issuers)
    by_id, by_name = forwarded(claims()), forwarded(claims(iss=B, jti=None))
    for headers in (by_id, by_name):
        await named(step, headers)
    now = int(time.time())
    log.add(Revocation(Kind.TOKEN, "accounts/default", "1", now, now + 60))
    log.add(Revocation(Kind.PRINCIPAL, "accounts/default", f"{PREFIX}b-x", now, now + 60, now + 1))
    assert [await refused(step, headers) for headers in (by_id, by_name)] == ["TOKEN_REVOKED"] * 2
