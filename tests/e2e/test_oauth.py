"""The OAuth 2.0 endpoints at the running doors: by clients that nobody here wrote, and by hand where those are too
good to send what must be refused."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from joserfc import jwt
from joserfc.jwk import KeySet
from oauthlib.oauth2 import BackendApplicationClient
from requests_oauthlib import OAuth2Session

from portico_cli.main import run as portico
from portico_server.platform.keyring import Keyring, certificate_uri
from tests.e2e.test_hostile_tokens import own_signer
from tests.harness import Response, RunningPlatform, clients, hostile_tokens, running_platform
from tests.harness.credentials import ClientCertificate
from tests.harness.documents import commands_of

ACCOUNT = "accounts/default"
ADMIN, WORKER, PEER = (f"{ACCOUNT}/principals/{name}" for name in ("admin", "worker", "peer"))
FORM = {"content-type": "application/x-www-form-urlencoded"}
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
METADATA = "/.well-known/oauth-authorization-server"

POLICY = f"""
[[bindings]]
principals = ["{ADMIN}"]
permissions = ["*"]
resources = ["accounts/default"]

[[bindings]]
principals = ["{WORKER}"]
permissions = ["gateway.token.create"]
resources = ["{PEER}"]

[[bindings]]
principals = ["{PEER}"]
permissions = ["objects.bucket.list"]
resources = ["accounts/default"]
"""


class Door:
    """A door, and one client's way to it."""

    def __init__(self, platform: RunningPlatform, folder: Path, name: str, address: str) -> None:
        self.platform = platform
        self.address = address
        self.principal = f"{ACCOUNT}/principals/{name}"
        self.id = certificate_uri(platform.settings.trust_domain, self.principal)
        keyring = Keyring.open(platform.data, platform.settings.trust_domain, platform.settings.hostnames)
        self.certificate = ClientCertificate.of(keyring.new_client_certificate(self.id, lifetime_seconds=3600))
        self.files = str(folder / f"{name}.pem"), str(folder / f"{name}.key")
        for path, content in zip(self.files, (self.certificate.certificate, self.certificate.key), strict=True):
            Path(path).write_bytes(content)
        self.authority = str(folder / "ca.pem")
        Path(self.authority).write_bytes(platform.authority)

    @property
    def url(self) -> str:
        return f"https://{self.address}"

    def post(self, path: str, form: Any, **options: Any) -> Response:
        """By hand; the client's id goes with the form unless it says otherwise."""
        if isinstance(form, dict):
            form = urllib.parse.urlencode({"client_id": self.id, **form})
        usual = {"authority": self.platform.authority, "certificate": self.certificate, "token": None, "headers": FORM}
        return clients.http(self.address, "POST", path, body=form, **{**usual, **options})

    def token(self, **form: str) -> str:
        answer = self.post("/oauth2/token", {"grant_type": "client_credentials", **form})
        assert answer.status == 200, answer.body
        return str(answer.json()["access_token"])

    def exchange(self, subject_token: str, **form: str) -> Response:
        given = {"grant_type": EXCHANGE, "subject_token": subject_token, "subject_token_type": ACCESS_TOKEN}
        return self.post("/oauth2/token", {**given, **form})

    def introspect(self, token: str, **options: Any) -> dict[str, Any]:
        answer = self.post("/oauth2/introspect", {"token": token}, **options)
        assert answer.status == 200, answer.body
        assert answer.headers["cache-control"] == "no-store"
        told: dict[str, Any] = answer.json()
        return told

    def session(self, session: Any) -> Any:
        """A client of a library, told of authority and certificate."""
        session.verify, session.cert = self.authority, self.files
        session.trust_env = False  # which may name another authority
        return session


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    """The worker and the peer at the API door, the worker at the web door."""
    folder = tmp_path_factory.mktemp("oauth")
    (folder / "data").mkdir(mode=0o700)
    (folder / "data" / "policy.toml").write_text(POLICY)
    with running_platform(folder) as platform:
        at_doors = {"worker": platform.address, "peer": platform.address, "admin": platform.address}
        found = {name: Door(platform, folder, name, address) for name, address in at_doors.items()}
        yield {**found, "web": Door(platform, folder, "worker", platform.web_address)}


@pytest.fixture
def worker(doors: dict[str, Door]) -> Door:
    return doors["worker"]


@pytest.fixture
def peer(doors: dict[str, Door]) -> Door:
    return doors["peer"]


def error_of(answer: Response) -> tuple[int, str]:
    told = answer.json()
    assert told["error_description"]
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.headers["x-ray-id"]) == 32
    return answer.status, told["error"]


def claims_of(door: Door, token: str) -> dict[str, Any]:
    """What a resource server reads from it, by the keys that the platform shows."""
    shown = door.platform.http("GET", "/.well-known/jwks.json", token=None).json()
    return jwt.decode(token, KeySet.import_key_set(shown), algorithms=["ES256"]).claims


# Clients of others.


@pytest.mark.parametrize("at", ["worker", "web"])
def test_authlib_discovers_the_server_and_gets_introspects_and_revokes_a_token(doors: dict[str, Door], at: str) -> None:
    door = doors[at]
    told = requests.get(door.url + METADATA, verify=door.authority, cert=door.files, timeout=30).json()
    metadata = AuthorizationServerMetadata(told)
    metadata.validate_issuer()
    metadata.validate_token_endpoint()
    metadata.validate_jwks_uri()
    assert metadata["token_endpoint"] == f"{door.url}/oauth2/token"
    session = door.session(AuthlibSession(door.id, token_endpoint_auth_method="none", token=None))
    token = session.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    assert token["token_type"] == "Bearer"
    assert 0 < token["expires_in"] <= 3600
    about = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert about["active"] is True
    assert about["sub"] == WORKER
    answer = session.revoke_token(metadata["revocation_endpoint"], token=token["access_token"])
    assert (answer.status_code, answer.content) == (200, b"")
    again = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert again == {"active": False}


def test_requests_oauthlib_gets_a_token_and_calls_with_it(peer: Door) -> None:
    session = peer.session(OAuth2Session(client=BackendApplicationClient(peer.id)))
    token = session.fetch_token(
        f"{peer.url}/oauth2/token", include_client_id=True, verify=peer.authority, cert=peer.files
    )
    assert token["access_token"]
    assert session.get(f"{peer.url}/v1/{ACCOUNT}/buckets").status_code == 200


def test_authlib_exchanges_a_token_for_one_that_says_who_acts(worker: Door, peer: Door) -> None:
    keyring = Keyring.open(worker.platform.data, worker.platform.settings.trust_domain, ())
    shown = keyring.sign_token(PEER, client_id=peer.id, lifetime_seconds=120)
    session = worker.session(AuthlibSession(worker.id, token_endpoint_auth_method="none"))
    token = session.fetch_token(
        f"{worker.url}/oauth2/token", grant_type=EXCHANGE, subject_token=shown, subject_token_type=ACCESS_TOKEN
    )
    assert token["issued_token_type"] == ACCESS_TOKEN
    claims = claims_of(worker, token["access_token"])
    assert (claims["sub"], claims["act"], claims["client_id"]) == (PEER, {"sub": WORKER}, worker.id)
    assert claims["exp"] <= claims_of(worker, shown)["exp"]


# Tokens.


def test_a_token_is_bound_to_the_certificate_by_which_its_client_came(worker: Door, peer: Door) -> None:
    token = worker.token()
    digest = x509.load_pem_x509_certificate(worker.certificate.certificate).fingerprint(hashes.SHA256())
    assert claims_of(worker, token)["cnf"] == {"x5t#S256": hostile_tokens.encoded(digest)}
    path = f"/v1/{ACCOUNT}/buckets"
    assert worker.platform.http("GET", path, token=token, certificate=worker.certificate).status == 200
    stolen = worker.platform.http("GET", path, token=token, certificate=peer.certificate)
    assert stolen.status == 401
    assert stolen.json()["details"][0]["reason"] == "CERTIFICATE_MISMATCH"


def test_an_exchange_widens_nothing(worker: Door, peer: Door) -> None:
    platform = worker.platform
    keyring = Keyring.open(platform.data, platform.settings.trust_domain, ())
    short = keyring.sign_token(PEER, client_id="x", lifetime_seconds=90)
    assert 0 < worker.exchange(short).json()["expires_in"] <= 90
    assert error_of(worker.exchange(short, audience="elsewhere")) == (400, "invalid_target")
    assert error_of(worker.exchange(short, resource="https://elsewhere")) == (400, "invalid_target")
    assert error_of(worker.exchange(short, scope="objects.* everything")) == (400, "invalid_scope")
    admins = keyring.sign_token(ADMIN, client_id="x", lifetime_seconds=90)
    assert error_of(worker.exchange(admins)) == (400, "unauthorized_client")
    assert error_of(peer.exchange(admins)) == (400, "unauthorized_client")
    other = keyring.sign_token("accounts/other/principals/x", client_id="x", lifetime_seconds=90)
    assert error_of(worker.exchange(other)) == (400, "unauthorized_client")
    # Bound to another's certificate it is of no use to who has stolen it, here either.
    assert error_of(worker.exchange(peer.token())) == (400, "invalid_request")
    assert error_of(worker.exchange(short, actor_token=short, actor_token_type=ACCESS_TOKEN)) == (
        400,
        "invalid_request",
    )
    assert worker.exchange(short, actor_token=worker.token(), actor_token_type=ACCESS_TOKEN).status == 200
    own = worker.exchange(worker.token()).json()["access_token"]
    assert "act" not in claims_of(worker, own), "nobody acts for another here"


def test_actors_are_told_in_order_and_a_token_is_exchanged_on_four_times_at_most(worker: Door) -> None:
    keyring = Keyring.open(worker.platform.data, worker.platform.settings.trust_domain, ())
    token = keyring.sign_token(PEER, client_id="x", lifetime_seconds=90, more={"act": {"sub": "a"}})
    for times in range(1, 5):
        token = worker.exchange(token).json()["access_token"]
        found, act = [], claims_of(worker, token)["act"]
        while act:
            found.append(act["sub"])
            act = act.get("act")
        assert found == [*[WORKER] * times, "a"]
    assert error_of(worker.exchange(token)) == (400, "invalid_request")


def test_a_token_is_revoked_with_those_that_it_was_exchanged_for(worker: Door) -> None:
    keyring = Keyring.open(worker.platform.data, worker.platform.settings.trust_domain, ())
    first = keyring.sign_token(PEER, client_id=worker.id, lifetime_seconds=90)
    second = worker.exchange(first).json()["access_token"]
    third = worker.exchange(second).json()["access_token"]
    assert worker.introspect(third)["active"] is True
    assert worker.post("/oauth2/revoke", {"token": first}).status == 200
    assert [worker.introspect(token) for token in (first, second, third)] == [{"active": False}] * 3
    path = f"/v1/{ACCOUNT}/buckets"
    called = worker.platform.http("GET", path, token=third, certificate=worker.certificate)
    assert (called.status, called.json()["details"][0]["reason"]) == (401, "TOKEN_REVOKED")


def test_no_hostile_token_is_active_exchanged_or_revoked(worker: Door, doors: dict[str, Door]) -> None:
    signer = own_signer(worker.platform)
    assert doors["admin"].introspect(signer.token())["active"] is True
    wrong = []
    hostile = [*hostile_tokens.of_any_algorithm(signer), *hostile_tokens.of_p256(signer)]
    session = worker.session(requests.Session())
    for each in hostile:
        if each.fault == "bound to another certificate":  # it is good, for whoever has that
            continue
        told = session.post(
            f"{worker.url}/oauth2/introspect", data={"token": each.token, "client_id": worker.id}, timeout=30
        )
        if told.text != '{"active": false}' and each.token:
            wrong.append(f"{each.fault}: {told.text}")
    for each in hostile[::10]:
        given = {"grant_type": EXCHANGE, "subject_token": each.token, "subject_token_type": ACCESS_TOKEN}
        answer = session.post(f"{worker.url}/oauth2/token", data={**given, "client_id": worker.id}, timeout=30)
        if answer.status_code != 400:
            wrong.append(f"{each.fault}, exchanged: {answer.text}")
    assert wrong == []


def test_introspection_sees_a_revocation_at_once_however_it_came(worker: Door) -> None:
    token = worker.token()
    told = worker.introspect(token)
    assert {"active", "sub", "client_id", "exp", "iat", "jti", "iss", "aud", "token_type", "cnf"} <= told.keys()
    revoked = worker.platform.http("POST", f"/v1/{ACCOUNT}/tokens:revoke", json_body={"tokenId": told["jti"]})
    assert revoked.status == 200, revoked.body
    assert worker.introspect(token) == {"active": False}


def test_tokens_of_other_accounts_and_issuers_are_told_nothing_of(worker: Door) -> None:
    platform = worker.platform
    keyring = Keyring.open(platform.data, platform.settings.trust_domain, ())
    other = keyring.sign_token("accounts/other/principals/x", client_id="x", lifetime_seconds=90)
    assert worker.introspect(other) == {"active": False}


def test_a_resource_server_may_introspect_with_a_token_of_its_own(worker: Door) -> None:
    platform = worker.platform
    answer = platform.http(
        "POST",
        "/oauth2/introspect",
        certificate=platform.certificate,
        headers=FORM,
        body=urllib.parse.urlencode({"token": platform.token}),
    )
    assert answer.json()["sub"] == ADMIN


def test_a_client_takes_back_what_is_its_own_and_nothing_else(worker: Door, peer: Door, doors: dict[str, Door]) -> None:
    token = worker.token()
    assert error_of(peer.post("/oauth2/revoke", {"token": token})) == (400, "unauthorized_client")
    assert worker.introspect(token)["active"] is True
    assert doors["admin"].post("/oauth2/revoke", {"token": token}).status == 200, "it has the permission"
    assert worker.introspect(token) == {"active": False}
    for worthless in (token, "x", "a.b.c", worker.platform.token + "x"):
        assert worker.post("/oauth2/revoke", {"token": worthless, "token_type_hint": "refresh_token"}).status == 200


# Clients.


def test_without_proof_of_who_asks_nothing_is_answered(doors: dict[str, Door], worker: Door, peer: Door) -> None:
    grant = {"grant_type": "client_credentials"}
    basic = base64.b64encode(f"{urllib.parse.quote_plus(worker.id)}:secret".encode()).decode()
    refused = {
        "another's id": worker.post("/oauth2/token", {**grant, "client_id": peer.id}),
        "an id of nobody": worker.post("/oauth2/token", {**grant, "client_id": "x"}),
        "a secret that nobody knows": worker.post("/oauth2/token", {**grant, "client_secret": "x"}),
        "basic": worker.post("/oauth2/token", grant, headers={**FORM, "authorization": f"Basic {basic}"}),
        "basic that is none": worker.post("/oauth2/token", grant, headers={**FORM, "authorization": "Basic ???"}),
        "a page's request": worker.post("/oauth2/token", grant, headers={**FORM, "origin": "https://evil.example"}),
        "a stranger": doors["web"].post("/oauth2/introspect", {"token": "x"}, certificate=None),
        "a page that asks": worker.post("/oauth2/introspect", {"token": "x"}, headers={**FORM, "origin": "null"}),
    }
    assert {how: error_of(answer) for how, answer in refused.items()} == dict.fromkeys(refused, (401, "invalid_client"))
    assert all("www-authenticate" in answer.headers for answer in refused.values())
    in_two_ways = worker.post(
        "/oauth2/token", {**grant, "client_secret": "x"}, headers={**FORM, "authorization": f"Basic {basic}"}
    )
    assert error_of(in_two_ways) == (400, "invalid_request")
    assert error_of(worker.post("/oauth2/token", "grant_type=client_credentials")) == (400, "invalid_request")


def test_a_client_whose_principal_no_policy_names_gets_nothing(worker: Door, tmp_path: Path) -> None:
    stranger = Door(worker.platform, tmp_path, "stranger", worker.address)
    answer = stranger.post("/oauth2/token", {"grant_type": "client_credentials"})
    assert error_of(answer) == (401, "invalid_client")


@pytest.mark.layouts("one", "apart", "plain", reason="each process counts for itself")
def test_who_fails_often_must_wait_and_nobody_else(worker: Door, tmp_path: Path) -> None:
    guessing = Door(worker.platform, tmp_path, "guesser", worker.address)
    statuses = [guessing.post("/oauth2/token", {"client_secret": str(number)}).status for number in range(25)]
    assert statuses[:20] == [401] * 20
    assert 429 in statuses
    assert worker.post("/oauth2/token", {"grant_type": "client_credentials"}).status == 200


# Forms.


def test_forms_that_are_none_are_refused(worker: Door) -> None:
    many = "&".join(f"p{number}=1" for number in range(100))
    good = urllib.parse.urlencode({"grant_type": "client_credentials", "client_id": worker.id})
    refused = {
        "no form": worker.post("/oauth2/token", good, headers={"content-type": "application/json"}),
        "no type": worker.post("/oauth2/token", good, headers={"content-type": ""}),
        "called gRPC's": worker.post("/oauth2/token", good, headers={"content-type": "application/connect+proto"}),
        "a parameter twice": worker.post("/oauth2/token", f"{good}&client_id=x"),
        "too many": worker.post("/oauth2/token", f"{good}&{many}"),
        "not UTF-8": worker.post("/oauth2/token", f"{good}&x=%ff"),
        "not ASCII": worker.post("/oauth2/token", f"{good}&x=\u00e9".encode("latin-1")),
        "in the query": worker.post(f"/oauth2/token?{good}", good),
        "too long": worker.post("/oauth2/token", f"{good}&x={'x' * 40_000}"),
        "empty": worker.post("/oauth2/token", ""),
    }  # fmt: skip
    assert {how: error_of(answer) for how, answer in refused.items()} == dict.fromkeys(
        refused, (400, "invalid_request")
    )
    unknown = worker.post("/oauth2/token", {"grant_type": "password", "username": "x", "password": "y"})
    assert error_of(unknown) == (400, "unsupported_grant_type")
    for path, verb in (("/oauth2/token", "GET"), ("/oauth2/revoke", "PUT"), (METADATA, "POST")):
        answer = worker.platform.http(verb, path, certificate=worker.certificate)
        assert answer.status == 405, path
        assert answer.headers["allow"]


# What is shown, and what is left.


def test_the_metadata_names_the_door_only_by_its_own_names(worker: Door) -> None:
    def told(host: str) -> dict[str, Any]:
        answer: dict[str, Any] = worker.platform.http("GET", METADATA, token=None, headers={"host": host}).json()
        return answer

    port = worker.address.rpartition(":")[2]
    assert told(f"localhost:{port}")["token_endpoint"] == f"https://localhost:{port}/oauth2/token"
    assert told(f"[::1]:{port}")["token_endpoint"] == f"https://[::1]:{port}/oauth2/token"
    for host in ("evil.example", f"evil.example:{port}", "localhost@evil.example", "localhost:1:2", "localhost:x"):
        assert told(host)["token_endpoint"] == "https://portico.local/oauth2/token"
    assert told("localhost")["issuer"] == "https://portico.local"
    head = worker.platform.http("HEAD", METADATA, token=None)
    assert (head.status, head.body) == (200, b"")


def test_keys_follow_a_rotation(worker: Door) -> None:
    def kids() -> list[str]:
        answer = worker.platform.http("GET", "/.well-known/jwks.json", token=None)
        assert answer.headers["content-type"] == "application/jwk-set+json"
        assert all(key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in answer.json()["keys"])
        return [key["kid"] for key in answer.json()["keys"]]

    before, token = kids(), worker.token()
    Keyring.open(worker.platform.data, worker.platform.settings.trust_domain, ()).rotate_token_key(0.0)
    assert len(kids()) == len(before) + 1
    assert worker.introspect(token)["active"] is True


def test_each_request_leaves_an_event_and_no_secret(worker: Door) -> None:
    platform = worker.platform
    secret = "correct-horse-battery-staple"
    answers = [
        worker.post("/oauth2/token", {"grant_type": "client_credentials", "client_secret": secret}),
        worker.post("/oauth2/introspect", {"token": f"{secret}.x.y"}),
    ]
    token = worker.token()
    rays = {answer.headers["x-ray-id"] for answer in answers}
    deadline = time.monotonic() + 30
    text = ""
    while time.monotonic() < deadline and not all(ray in text for ray in rays):
        text = "".join(path.read_text() for path in (platform.data / "telemetry").rglob("*") if path.is_file())
    events = {event["ray_id"]: event for event in map(json.loads, text.splitlines()) if event.get("ray_id") in rays}
    refused, asked = (events[answer.headers["x-ray-id"]] for answer in answers)
    assert (refused["method"], refused["reason"]) == ("/oauth2/token", "INVALID_CLIENT")
    assert (asked["method"], asked["principal"], asked["code"]) == ("/oauth2/introspect", WORKER, 0)
    everything = text + platform.logs()
    assert secret not in everything
    assert token not in everything


# Commands.


def test_the_commands_of_the_page_do_what_it_says(worker: Door, tmp_path: Path) -> None:
    launcher = tmp_path / "portico"
    launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m portico_cli.main "$@"\n')
    launcher.chmod(0o755)
    profile = str(worker.platform.profile)
    at = {"ADDRESS": worker.address, "WEB_ADDRESS": worker.platform.web_address}
    ways = {"PROFILE": profile, "PORTICO_PROFILE_DIR": profile, **at}
    groups = {"permissionGroups": [f"{ACCOUNT}/permissionGroups/objects"]}
    policy = {"access": "ACCESS_ALLOW", **groups, "resourceGroups": [f"{ACCOUNT}/resourceGroups/everything"]}
    path = f"/v1/{ACCOUNT}/apiTokens?apiTokenId=photos"
    made = worker.platform.http("POST", path, json_body={"policies": [policy]})
    (worker.platform.profile / "photos.token").write_text(made.json()["secret"])
    done = subprocess.run(
        ["bash", "-c", "\n".join(["set -eu -o pipefail", *commands_of("docs/oauth.md")])],
        env={**os.environ, **ways, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"token_type": "Bearer"') == 3
    assert done.stdout.count('"active": true') == 1


def test_the_command_line_tells_of_a_token_that_is_worth_nothing(
    worker: Door, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(worker.platform.profile))
    monkeypatch.setattr(sys, "stdin", io.StringIO("x.y.z"))
    assert portico(["token", "introspect", "-"]) == 1
    assert '"active": false' in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO("x.y.z"))
    assert portico(["token", "exchange", "-"]) != 0
    assert "INVALID_REQUEST" in capsys.readouterr().err
    assert portico(["token", "introspect", worker.platform.token]) == 2, "a token is no argument"
