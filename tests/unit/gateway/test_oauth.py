"""The OAuth 2.0 endpoints without a host: clients with secrets, which a product will know, and who fails too often."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode

import grpc
import pytest

from portico_server.gateway.oauth import OAuthServer
from portico_server.gateway.oauth.attempts import BURST, SECONDS_EACH, FailedAttempts
from portico_server.gateway.oauth.errors import refusal
from portico_server.gateway.revocation_log import LogFull
from portico_server.gateway.revoked import NOTHING_REVOKED, Revoked
from portico_server.platform.authorization import Principal
from portico_server.platform.call import current
from portico_server.platform.errors import ApiError
from portico_server.platform.http_face import HttpRequest, HttpResponse
from portico_server.platform.keyring import Keyring
from portico_server.platform.peer import Peer
from portico_server.platform.revocations import Revocation
from portico_server.platform.settings import Settings
from tests.unit.gateway.fakes import FakeAuthorizer, new_call

ROBOT = Principal("accounts/default/principals/robot", "default")
ID, SECRET = "robot:1 +%", "s&cr=t:+%é"
GRANT = {"grant_type": "client_credentials"}


class Store:
    """Knows one client."""

    async def authenticate(self, client_id: str, secret: str) -> Principal | None:
        return ROBOT if (client_id, secret) == (ID, SECRET) else None


class Unreadable:
    """What has been revoked cannot be read."""

    def refresh(self) -> None:
        raise ApiError(grpc.StatusCode.UNAVAILABLE, "REVOCATIONS_UNREADABLE", "try again")

    def check_certificate(self, peer: Peer) -> None:
        raise AssertionError

    def check_token(self, principal: Principal) -> None:
        raise AssertionError


def new_server(folder: Path, revoked: Revoked = NOTHING_REVOKED) -> OAuthServer:
    async def add(revocation: Revocation) -> Revocation:
        raise LogFull

    keyring = Keyring.open(folder, "portico.local", ())
    server = OAuthServer(Settings(data=folder), keyring, FakeAuthorizer(), revoked, add, lambda uri: None)
    server.use_clients(Store())
    return server


@pytest.fixture
def server(tmp_path: Path) -> OAuthServer:
    return new_server(tmp_path)


async def asked(server: OAuthServer, form: dict[str, str], path: str = "/oauth2/token", **headers: str) -> HttpResponse:
    endpoint = server.find(path)
    assert endpoint is not None
    call = new_call(endpoint.method, headers={"content-type": "application/x-www-form-urlencoded", **headers})
    current.set(call)
    request = HttpRequest("POST", path, b"", call.headers, urlencode(form).encode())
    try:
        return await endpoint.answer(request)
    except ApiError as error:
        return endpoint.refusal(error)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def told(answer: HttpResponse) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found


async def test_a_secret_proves_a_client_in_the_header_or_the_form(server: OAuthServer) -> None:
    by_header = await asked(server, GRANT, authorization=basic(ID, SECRET))
    by_form = await asked(server, {**GRANT, "client_id": ID, "client_secret": SECRET})
    for answer in (by_header, by_form):
        assert answer.status == 200, answer.content
        payload = told(answer)["access_token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
        assert (claims["sub"], claims["client_id"]) == (ROBOT.name, ID)
        assert "cnf" not in claims
    assert current.get().principal == ROBOT


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [(ID, "x"), ("x", SECRET), (ID, SECRET + " "), (ID, ""), ("", SECRET), (ID.upper(), SECRET)],
)
async def test_any_other_secret_proves_nothing(server: OAuthServer, client_id: str, secret: str) -> None:
    answers = [await asked(server, GRANT, authorization=basic(client_id, secret))]
    if client_id and secret:
        answers.append(await asked(server, {**GRANT, "client_id": client_id, "client_secret": secret}))
    assert [(answer.status, told(answer)["error"]) for answer in answers] == [(401, "invalid_client")] * len(answers)
    assert SECRET not in "".join(answer.content.decode() for answer in answers)


async def test_two_proofs_at_once_are_refused(server: OAuthServer) -> None:
    form = {**GRANT, "client_id": ID, "client_secret": SECRET}
    assert told(await asked(server, form, authorization=basic(ID, SECRET)))["error"] == "invalid_request"
    form = {**GRANT, "client_id": "another"}
    assert told(await asked(server, form, authorization=basic(ID, SECRET)))["error"] == "invalid_request"


async def test_guessing_is_slowed_down_also_for_the_right_guess(server: OAuthServer) -> None:
    for _ in range(BURST):
        assert (await asked(server, GRANT, authorization=basic(ID, "x"))).status == 401
    answer = await asked(server, GRANT, authorization=basic(ID, SECRET))
    assert (answer.status, told(answer)["error"]) == (429, "temporarily_unavailable")
    assert 1 <= int(answer.headers["retry-after"]) <= SECONDS_EACH


def test_after_a_wait_one_more_may_fail() -> None:
    now = [100.0]
    attempts = FailedAttempts(lambda: now[0])
    for _ in range(BURST):
        attempts.check("a")
        attempts.failed("a")
    with pytest.raises(ApiError) as refused:
        attempts.check("a")
    assert 0 < (refused.value.retry_after_seconds or 0) <= SECONDS_EACH
    attempts.check("b")
    now[0] += SECONDS_EACH
    attempts.check("a")
    attempts.failed("a")
    with pytest.raises(ApiError):
        attempts.check("a")
    now[0] += 1000
    for _ in range(BURST):
        attempts.check("a")
        attempts.failed("a")


async def test_where_nobody_can_tell_what_is_revoked_no_token_is_called_worthless(
    server: OAuthServer, tmp_path: Path
) -> None:
    proof = basic(ID, SECRET)
    token = {"token": told(await asked(server, GRANT, authorization=proof))["access_token"]}
    blind = new_server(tmp_path, Unreadable())
    for path in ("/oauth2/introspect", "/oauth2/revoke"):
        answer = await asked(blind, token, path, authorization=proof)
        assert (answer.status, told(answer)["error"]) == (503, "temporarily_unavailable")


async def test_a_token_is_not_called_revoked_where_no_more_can_be(server: OAuthServer) -> None:
    proof = basic(ID, SECRET)
    token = {"token": told(await asked(server, GRANT, authorization=proof))["access_token"]}
    assert told(await asked(server, token, "/oauth2/introspect", authorization=proof))["active"] is True
    answer = await asked(server, token, "/oauth2/revoke", authorization=proof)
    assert (answer.status, told(answer)["error"]) == (429, "temporarily_unavailable")


async def test_the_metadata_tells_of_secrets_where_there_are_some(server: OAuthServer) -> None:
    endpoint = server.find("/.well-known/oauth-authorization-server")
    assert endpoint is not None
    answer = await endpoint.answer(HttpRequest("GET", "", b"", {b"host": b"localhost"}))
    assert "client_secret_basic" in told(answer)["token_endpoint_auth_methods_supported"]


@pytest.mark.parametrize(("listens", "port"), [("0.0.0.0:9000", 9000), ("", None)])
async def test_the_metadata_tells_where_the_s3_door_is(server: OAuthServer, listens: str, port: int | None) -> None:
    server._settings = server._settings.replace(s3_listen=listens)
    endpoint = server.find("/.well-known/oauth-authorization-server")
    assert endpoint is not None
    answer = await endpoint.answer(HttpRequest("GET", "", b"", {b"host": b"localhost"}))
    assert told(answer)["portico_s3_port"] == port


def test_a_description_holds_no_characters_that_rfc_6749_forbids() -> None:
    error = ApiError(grpc.StatusCode.INTERNAL, "INTERNAL", 'a "quoted" \\ é')
    assert told(refusal(error)) == {"error": "server_error", "error_description": "a 'quoted' / ?"}
