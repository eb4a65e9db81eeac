"""Tokens that have fooled other verifiers, sent to the running gateway: each is refused with a reason, whoever's it is.

This platform's own issuer and three further ones, one for each algorithm, whose keys all bear the same key id.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization

from portico_server.platform.keyring import Keyring
from portico_server.platform.private_files import replace_file
from tests.harness import Response, RunningPlatform, hostile_tokens, jose_vectors, running_platform
from tests.harness.credentials import ssl_context
from tests.harness.hostile_tokens import Hostile, Signer, new_key
from tests.harness.waiting import wait_until

ACCOUNT = "accounts/default"
ADMIN = f"{ACCOUNT}/principals/admin"
OWN = "own"
FURTHER = {"es": "ES256", "rs": "RS256", "ed": "EdDSA"}


class Gateway(NamedTuple):
    platform: RunningPlatform
    signers: dict[str, Signer]
    connection: http.client.HTTPSConnection


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A platform that believes four issuers."""
    with running_platform(tmp_path_factory.mktemp("hostile")) as platform:
        signers = {OWN: own_signer(platform)}
        text = ""
        for name, algorithm in FURTHER.items():
            issuer = f"https://{name}.example"
            signer = Signer(algorithm, signers[OWN].kid, new_key(algorithm), issuer, "us", "x")
            (platform.data / f"{name}.json").write_text(json.dumps({"keys": [signer.jwk()]}))
            text += (
                f'[[issuers]]\nissuer = "{issuer}"\naudiences = ["us"]\nalgorithms = ["{algorithm}"]\n'
                f'jwks_file = "{name}.json"\nprincipals = "{ACCOUNT}/principals/{name}-{{sub}}"\n'
            )
            signers[name] = signer
        replace_file(platform.data / "issuers.toml", text.encode())
        context = ssl_context(platform.authority, platform.certificate)
        running = Gateway(platform, signers, http.client.HTTPSConnection("127.0.0.1", platform.port, context=context))
        for name, signer in signers.items():
            is_believed = functools.partial(reason, running, signer.token())
            wait_until(lambda told=is_believed: told() == "", f"{name} is believed")
        yield running
        running.connection.close()


def own_signer(platform: RunningPlatform) -> Signer:
    path = next((platform.data / "keys" / "tokens").iterdir())
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    jwks = Keyring.open(platform.data, platform.settings.trust_domain, ()).jwks()
    return Signer("ES256", jwks["keys"][0]["kid"], key, "https://portico.local", "portico", ADMIN)  # type: ignore[arg-type]


def reason(gateway: Gateway, token: str) -> str:
    """Why the token is refused; empty: it is not. One connection for all, as long as it stands."""
    try:
        gateway.connection.request("GET", f"/v1/{ACCOUNT}/buckets", headers={"authorization": f"Bearer {token}"})
        answer = gateway.connection.getresponse()
        body = answer.read()
    except (ConnectionError, http.client.HTTPException):
        gateway.connection.close()  # which connects anew with the next request
        raise
    if answer.status == 200:
        return ""
    details = json.loads(body)["details"]
    return next(str(detail["reason"]) for detail in details if "reason" in detail)


def judged(gateway: Gateway, name: str, *makers: Callable[[Signer], Iterator[Hostile]]) -> str:
    """Those that were not refused for one of their reasons, a line each with what was said."""
    wrong = []
    for make in makers:
        for hostile in make(gateway.signers[name]):
            told = reason(gateway, hostile.token)
            if told not in hostile.reasons:
                wrong.append(f"{hostile.fault}: {told or 'LET IN'}, not {hostile.reasons}")
    return "\n".join(wrong)


def check(gateway: Gateway, name: str, *makers: Callable[[Signer], Iterator[Hostile]]) -> None:
    if wrong := judged(gateway, name, *makers):
        pytest.fail(wrong)


@pytest.mark.parametrize("name", [OWN, *FURTHER])
def test_none_is_let_in_and_each_is_told_why(gateway: Gateway, name: str) -> None:
    check(gateway, name, hostile_tokens.of_any_algorithm)


@pytest.mark.parametrize("name", [OWN, "es"])
def test_signatures_that_are_no_points_of_the_curve_are_refused(gateway: Gateway, name: str) -> None:
    check(gateway, name, hostile_tokens.of_p256)


def test_rsa_takes_its_own_padding_alone(gateway: Gateway) -> None:
    check(gateway, "rs", hostile_tokens.of_rsa)


def test_the_keys_of_one_issuer_sign_for_no_other_though_their_ids_be_the_same(gateway: Gateway) -> None:
    for one in gateway.signers.values():
        for other in gateway.signers.values():
            if one is not other:
                forged = dataclasses.replace(one, issuer=other.issuer, audience=other.audience, subject=other.subject)
                assert reason(gateway, forged.token()) == "SIGNATURE_INVALID", (one, other)
                renamed = one.token(one.header(alg=other.algorithm), forged.claims())
                assert reason(gateway, renamed) == "SIGNATURE_INVALID", (one, other)


def test_what_a_token_may_say_besides_does_not_shut_it_out(gateway: Gateway) -> None:
    """Each of these is good: else the others would prove nothing."""
    own = gateway.signers[OWN]
    good = {
        "as it is": own.token(),
        "ours among other audiences": own.token(None, own.claims(aud=["x", own.audience, "y"])),
        "a list of one": own.token(None, own.claims(aud=[own.audience])),
        "nbf of now": own.token(None, own.claims(nbf=int(time.time()))),
        "nbf of a second": own.token(None, own.claims(nbf=int(time.time()) - 1)),
        "claims that nobody knows": own.token(None, own.claims(scope="x", act={"sub": "y"}, more=[1, {"a": "b"}])),
        "typ in capitals": own.token(own.header(typ="AT+JWT")),
        "typ in full": own.token(own.header(typ="application/at+jwt")),
        "no kid": own.token(own.header(kid=None)),
        "header in another order": own.token(json.dumps(dict(reversed(own.header().items())))),
        "escaped": own.token(None, json.dumps(own.claims()).replace("admin", "\\u0061dmin")),
        "high s": high_s(own),
        "of 4 KiB": own.token(None, own.claims(filling="x" * 2600)),
        "of 16 KiB": own.token(None, own.claims(filling="x" * 12_000)),
    }
    refused = {name: told for name, token in good.items() if (told := reason(gateway, token))}
    assert refused == {}


def high_s(signer: Signer) -> str:
    """The other signature by the same key: whoever sees one can make it, so ids of tokens are never their bytes."""
    head, body, signature = signer.token().split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    s = hostile_tokens.P256_ORDER - int.from_bytes(raw[32:], "big")
    return f"{head}.{body}.{hostile_tokens.encoded(raw[:32] + s.to_bytes(32, 'big'))}"


def test_a_token_counts_in_one_authorization_header_alone(gateway: Gateway) -> None:
    platform, token = gateway.platform, gateway.signers[OWN].token()
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert platform.http("GET", f"/v1/{ACCOUNT}/buckets?access_token={token}", token=None).status in (400, 401)
    answers = {
        "in a form": platform.http(
            "POST", f"/v1/{ACCOUNT}/buckets?bucketId=x", token=None, headers=form, body=f"access_token={token}"
        ),
        "in a cookie": bare(platform, {"cookie": f"access_token={token}; authorization=Bearer {token}"}),
        "in another header": bare(platform, {"proxy-authorization": f"Bearer {token}", "x-authorization": token}),
        "without scheme": bare(platform, {"authorization": token}),
        "behind two schemes": bare(platform, {"authorization": f"Bearer Bearer {token}"}),
        "as a password": bare(platform, {"authorization": f"Basic {token}"}),
        "as a parameter": bare(platform, {"authorization": f'Bearer token="{token}"'}),
        "behind a comma": bare(platform, {"authorization": f"Bearer x, Bearer {token}"}),
    }
    assert {how: answer.status for how, answer in answers.items() if answer.status not in (400, 401)} == {}


def bare(platform: RunningPlatform, headers: dict[str, str]) -> Response:
    return platform.http("GET", f"/v1/{ACCOUNT}/buckets", token=None, headers=headers)


def test_two_authorization_headers_are_refused_whichever_is_good(gateway: Gateway) -> None:
    good, bad = gateway.signers[OWN].token(), gateway.signers[OWN].token({"alg": "none", "typ": "at+jwt"})
    for first, second in ((good, bad), (bad, good), (good, good), (good, gateway.signers["es"].token())):
        request = f"GET /v1/{ACCOUNT}/buckets HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
        request += f"authorization: Bearer {first}\r\nauthorization: Bearer {second}\r\n\r\n"
        with gateway.platform.connect() as connection:
            connection.sendall(request.encode())
            answer = b"".join(iter(lambda read=connection.recv: read(65536), b""))
        assert answer.split(b" ")[1] in (b"400", b"401"), (first, second)


def test_no_published_vector_opens_the_door(gateway: Gateway) -> None:
    """Not the good ones either: they are for others, or no access tokens."""
    folder = jose_vectors.wycheproof_folder()
    vectors = [*jose_vectors.rfc_examples(), *(jose_vectors.wycheproof(folder) if folder else ())]
    told = {vector.source: reason(gateway, vector.token) for vector in vectors}
    assert set(told.values()) <= {"TOKEN_MALFORMED", "SIGNATURE_INVALID", "ISSUER_UNKNOWN", "TOKEN_EXPIRED"}, told
    assert told["RFC 7515, A.3"] in ("ISSUER_UNKNOWN", "TOKEN_EXPIRED"), "it was read, and is not of an issuer of ours"
