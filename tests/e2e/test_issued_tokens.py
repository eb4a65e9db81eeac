"""What the gateway issues for credentials of accounts and for tokens of further issuers, at a running platform: each
can do less than what it comes of, never more, and falls with it in every process."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import grpc
import pytest
import trustme
from joserfc.jwk import ECKey, OKPKey

from portico_server.platform.private_files import replace_file
from tests.e2e.calls import ACCOUNT
from tests.e2e.revoking import lists_buckets, refusal
from tests.e2e.test_api_tokens import OBJECTS, SUPER, gets, issue, policy, reason_of, rest
from tests.e2e.test_issuers import jwks
from tests.e2e.test_issuers import token as foreign_token
from tests.harness import Response, RunningPlatform, clients, running_platform
from tests.harness.key_server import KeyServer
from tests.harness.platform import TESTING_PRODUCT
from tests.harness.waiting import wait_until

pytestmark = pytest.mark.layouts("one", reason="it says itself how its platform is spread")

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
REVOKED = (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED")
ISSUER = "https://ci.example"
ROBOT = f"{ACCOUNT}/serviceAccounts/robot"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Objects in a process of its own, and a service account that may do everything with objects."""
    settings = {**TESTING_PRODUCT, "processes": ("objects",)}
    with running_platform(tmp_path_factory.mktemp("issued"), **settings) as running:
        rest(running, "POST", f"{ACCOUNT}/buckets?bucketId=photos", {})
        rest(running, "POST", f"{ACCOUNT}/serviceAccounts?serviceAccountId=robot", {})
        rest(running, "POST", f"{ACCOUNT}/policies?policyId=robot", policy(principals=[ROBOT]))
        yield running


def asks(platform: RunningPlatform, token: str | None = None, **form: str) -> Response:
    """The token endpoint at the web door, without a certificate."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    given = {"authority": platform.authority, "certificate": None, "token": token, "headers": headers}
    return clients.http(platform.web_address, "POST", "/oauth2/token", body=urlencode(form), **given)


def gets_token(platform: RunningPlatform, secret: str, **form: str) -> str:
    """By client credentials of the service account."""
    answer = asks(platform, grant_type="client_credentials", client_id=ROBOT, client_secret=secret, **form)
    assert answer.status == 200, answer.body
    return str(answer.json()["access_token"])


def exchanges(platform: RunningPlatform, subject_token: str, **form: str) -> Response:
    return asks(platform, grant_type=EXCHANGE, subject_token=subject_token, subject_token_type=ACCESS_TOKEN, **form)


def new_secret(platform: RunningPlatform, **fields: Any) -> tuple[str, str]:
    """A further secret of the service account: its name and itself."""
    made = rest(platform, "POST", f"{ROBOT}/secrets", fields)
    return made["clientSecret"]["name"], made["secret"]


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def error_of(answer: Response) -> tuple[int, str]:
    return answer.status, str(answer.json()["error"])


def test_client_credentials_give_the_service_accounts_own_rights_alone(platform: RunningPlatform) -> None:
    token = gets_token(platform, new_secret(platform)[1])
    assert claims_of(token)["sub"] == f"{ACCOUNT}/principals/robot"
    assert gets(platform, token).status == 200
    invited = platform.http("POST", f"/v1/{ACCOUNT}/members:invite", token=token, json_body={"memberId": "m"})
    assert (invited.status, reason_of(invited)) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize("end", ["secret deleted", "disabled", "deleted"])
def test_its_tokens_are_refused_at_the_next_call_once_their_end_was_acknowledged(
    platform: RunningPlatform, end: str
) -> None:
    """By a process that was not asked, on a connection that is open; what another secret gave stays good."""
    (name, secret), (_, other) = new_secret(platform), new_secret(platform)
    token = gets_token(platform, secret)
    exchanged = exchanges(platform, token, client_id=ROBOT, client_secret=secret).json()["access_token"]
    kept = gets_token(platform, other)
    with platform.channel(token=token) as channel, platform.channel(token=exchanged) as channel_of_exchanged:
        calls = [lists_buckets(channel), lists_buckets(channel_of_exchanged)]
        for call in calls:
            call()
        if end == "secret deleted":
            rest(platform, "DELETE", name)
        elif end == "disabled":
            rest(platform, "PATCH", f"{ROBOT}?updateMask=disabled", {"disabled": True})
        else:
            rest(platform, "DELETE", ROBOT)
        assert [refusal(call) for call in calls] == [REVOKED] * 2
    assert gets(platform, kept).status == (200 if end == "secret deleted" else 401)
    answer = asks(platform, grant_type="client_credentials", client_id=ROBOT, client_secret=secret)
    assert error_of(answer) == (401, "invalid_client")
    if end == "disabled":
        rest(platform, "PATCH", f"{ROBOT}?updateMask=disabled", {"disabled": False})
        assert gets(platform, kept).status == 200
    if end == "deleted":
        rest(platform, "POST", f"{ACCOUNT}/serviceAccounts?serviceAccountId=robot", {})
        rest(platform, "POST", f"{ACCOUNT}/policies?policyId=robot-anew", policy(principals=[ROBOT]))
        assert gets(platform, kept).status == 401, "one of the same name is another one"


def test_a_scope_narrows_at_each_decision_and_no_exchange_widens_it(platform: RunningPlatform) -> None:
    secret = new_secret(platform)[1]
    own = {"client_id": ROBOT, "client_secret": secret}
    answer = asks(platform, grant_type="client_credentials", scope="objects.bucket.read objects.object.*", **own)
    assert answer.json()["scope"] == "objects.bucket.read objects.object.*"
    token = answer.json()["access_token"]
    assert gets(platform, token).status == 200
    assert platform.http("GET", f"/v1/{ACCOUNT}/buckets", token=token).json().get("buckets", []) == []
    refused = platform.http("POST", f"/v1/{ACCOUNT}/buckets?bucketId=more", token=token, json_body={})
    assert (refused.status, "scope" in refused.json()["message"]) == (403, True)
    for wider in ("objects.*", "objects.bucket.*", "objects.bucket.create"):
        assert error_of(exchanges(platform, token, scope=wider, **own)) == (400, "invalid_scope")
    kept = exchanges(platform, token, **own).json()
    assert kept["scope"] == "objects.bucket.read objects.object.*", "what is not asked for stays as it is"
    narrower = exchanges(platform, kept["access_token"], scope="objects.object.read", **own).json()["access_token"]
    assert gets(platform, narrower).status == 403
    for wrong in ("everything", "*", "objects", "objects.bucket.fly", "dns.* nothing.*"):
        answer = asks(platform, grant_type="client_credentials", scope=wrong, **own)
        assert error_of(answer) == (400, "invalid_scope")
        assert wrong.split()[-1] in answer.json()["error_description"]


def test_an_api_token_is_exchanged_for_a_token_that_can_do_no_more_and_falls_with_it(
    platform: RunningPlatform,
) -> None:
    made = issue(platform, policy())
    answer = exchanges(platform, made["secret"])
    assert answer.status == 200, answer.body
    token = answer.json()["access_token"]
    assert claims_of(token)["portico_exchanged_from"] == [made["apiToken"]["tokenId"]]
    assert gets(platform, token).status == 200
    for path, body in (("members:invite", {"memberId": "m"}), ("apiTokens?apiTokenId=x", {"policies": [policy()]})):
        assert platform.http("POST", f"/v1/{ACCOUNT}/{path}", token=token, json_body=body).status == 403
    rest(platform, "DELETE", made["apiToken"]["name"])
    answer = gets(platform, token)
    assert (answer.status, reason_of(answer)) == (401, "TOKEN_REVOKED")
    assert error_of(exchanges(platform, made["secret"])) == (400, "invalid_request")


def test_an_api_tokens_secret_is_no_clients_secret(platform: RunningPlatform) -> None:
    secret = issue(platform, policy(SUPER))["secret"]
    for client_id in (ROBOT, f"{ACCOUNT}/principals/admin", f"{ACCOUNT}/apiTokens/t1"):
        answer = asks(platform, grant_type="client_credentials", client_id=client_id, client_secret=secret)
        assert error_of(answer) == (401, "invalid_client")
    assert asks(platform, token=secret, grant_type="client_credentials").status == 401


def test_tokens_of_a_further_issuer_are_exchanged_for_members_alone(platform: RunningPlatform) -> None:
    authority, old, new = trustme.CA(), ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    server = KeyServer(authority)
    authority.cert_pem.write_to_path(platform.data / "ci-ca.pem")
    server.content = jwks(old, OKPKey.generate_key("Ed25519"))
    toml = (
        f'[[issuers]]\nissuer = "{ISSUER}"\naudiences = ["us"]\nalgorithms = ["ES256"]\nrefresh_seconds = 5\n'
        f'jwks_url = "{server.url}"\nca_file = "ci-ca.pem"\nprincipals = "{ACCOUNT}/principals/ci-{{sub}}"\n'
    )
    by_old = foreign_token(old, "ES256", ISSUER)
    assert error_of(exchanges(platform, by_old)) == (400, "invalid_request")
    with server.running():
        replace_file(platform.data / "issuers.toml", toml.encode())
        wait_until(lambda: "ci-x" in exchanges(platform, by_old).json()["error_description"], "the issuer is believed")
        principal = f"{ACCOUNT}/principals/ci-x"
        body = {"memberId": "ci", "member": {"principal": principal}}
        code = rest(platform, "POST", f"{ACCOUNT}/members:invite", body)["invitationCode"]
        rest(platform, "POST", f"{ACCOUNT}/members:accept", {"invitationCode": code}, token=by_old)
        rest(platform, "POST", f"{ACCOUNT}/policies?policyId=ci", policy(OBJECTS, principals=[f"{ACCOUNT}/members/ci"]))
        answer = exchanges(platform, by_old, scope="objects.bucket.*")
        assert answer.status == 200, answer.body
        token = answer.json()["access_token"]
        assert (claims_of(token)["sub"], claims_of(token)["scope"]) == (principal, "objects.bucket.*")
        assert gets(platform, token).status == 200
        forged = {
            "another key": foreign_token(new, "ES256", ISSUER),
            "another algorithm": foreign_token(OKPKey.generate_key("Ed25519"), "EdDSA", ISSUER),
            "another audience": foreign_token(old, "ES256", ISSUER, aud="portico"),
            "another subject": foreign_token(old, "ES256", ISSUER, sub="y"),
            "another issuer": foreign_token(old, "ES256", "https://else.example"),
            "this platform": foreign_token(old, "ES256", f"https://{platform.settings.trust_domain}", aud="portico"),
            "the past": foreign_token(old, "ES256", ISSUER, exp=int(time.time()) - 60),
            "the future": foreign_token(old, "ES256", ISSUER, nbf=int(time.time()) + 600),
            "no end": foreign_token(old, "ES256", ISSUER, exp=int(time.time()) + 10**9),
        }
        found = {what: error_of(exchanges(platform, each)) for what, each in forged.items()}
        assert found == dict.fromkeys(forged, (400, "invalid_request"))
        server.content = jwks(new)
        by_new = foreign_token(new, "ES256", ISSUER)
        wait_until(lambda: exchanges(platform, by_new).status == 200, "the new key is followed")
        assert error_of(exchanges(platform, by_old)) == (400, "invalid_request"), "and the old one left"
    rest(platform, "DELETE", f"{ACCOUNT}/members/ci")
    assert error_of(exchanges(platform, by_new)) == (400, "invalid_request")
    assert gets(platform, token).status == 403, "who belongs to no account may do nothing"
