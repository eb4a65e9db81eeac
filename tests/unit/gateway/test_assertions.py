"""Where an assertion counts, and where it is nothing: the attacks on callers that another process vouches for."""

from __future__ import annotations

import time
from pathlib import Path

import grpc
import pytest

from portico_server.gateway.assertions import Assertions
from portico_server.gateway.identity import identity
from portico_server.gateway.tokens import unauthenticated
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Peer
from portico_server.platform.errors import ApiError
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.assertions import (
    DOOR_ASSERTION,
    NODE_ASSERTION,
    AssertionKey,
    Confirmation,
    at_door,
    by_certificate,
)
from portico_server.platform.keyring.identity import node_uri
from tests.unit.gateway.fakes import new_call, run

DOMAIN = "portico.local"
ADA = Principal("accounts/default/principals/ada", "default", "jti", "client", int(time.time()) + 3600, 1)
SERVICE = "portico.objects.v1.ObjectService"
CERTIFICATE, OTHER_CERTIFICATE = "ab" * 32, "cd" * 32
NODE, CLIENT = node_uri(DOMAIN), "spiffe://portico.local/default/mallory"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> AssertionKey:
    return Keyring.open(tmp_path_factory.mktemp("keys"), DOMAIN, ("localhost",)).assertions


def peer(fingerprint: str, uri: str) -> dict[str, str]:
    return {"x-forwarded-client-cert": f"Hash={fingerprint};URI={uri}"}


async def identified(key: AssertionKey, headers: dict[str, str], called: str = "Unary") -> Call:
    """A call to the process `objects`, as the identity step leaves it."""
    call = new_call(called, headers=headers)
    step = identity(lambda uri: None, asserted=Assertions(key, DOMAIN, "objects"))
    assert await run(step, call)
    return call


async def refusal(key: AssertionKey, headers: dict[str, str]) -> ApiError:
    with pytest.raises(ApiError) as refused:
        await identified(key, headers)
    assert refused.value.code is grpc.StatusCode.UNAUTHENTICATED
    return refused.value


def signed(key: AssertionKey, confirmation: Confirmation, principal: Principal | None = ADA) -> str:
    return key.sign(principal, SERVICE, confirmation)


async def test_an_assertion_for_this_door_names_the_caller(key: AssertionKey) -> None:
    call = await identified(key, {DOOR_ASSERTION: signed(key, at_door("objects"))})
    assert (call.principal, call.acting) == (ADA, SERVICE)


async def test_an_assertion_bound_to_the_nodes_certificate_names_the_caller(key: AssertionKey) -> None:
    headers = {NODE_ASSERTION: signed(key, by_certificate(CERTIFICATE)), **peer(CERTIFICATE, NODE)}
    for _ in range(2):  # the second time it is remembered
        call = await identified(key, headers)
        assert (call.principal, call.acting) == (ADA, SERVICE)


async def test_one_that_another_process_got_is_nothing_here(key: AssertionKey) -> None:
    """A process cannot use against a third what it was called with."""
    error = await refusal(key, {DOOR_ASSERTION: signed(key, at_door("front"))})
    assert error.reason == "ASSERTION_INVALID"


async def test_one_that_another_node_signed_for_itself_is_nothing_from_this_one(key: AssertionKey) -> None:
    stolen = signed(key, by_certificate(OTHER_CERTIFICATE))
    assert (await refusal(key, {NODE_ASSERTION: stolen, **peer(CERTIFICATE, NODE)})).reason == "ASSERTION_INVALID"


async def test_remembering_one_does_not_make_it_good_with_another_certificate(key: AssertionKey) -> None:
    assertions = Assertions(key, DOMAIN, "objects")
    step = identity(lambda uri: None, asserted=assertions)
    sent = {NODE_ASSERTION: signed(key, by_certificate(CERTIFICATE))}
    assert await run(step, new_call(headers={**sent, **peer(CERTIFICATE, NODE)}))
    with pytest.raises(ApiError, match="cannot be believed"):
        await run(step, new_call(headers={**sent, **peer(OTHER_CERTIFICATE, NODE)}))


async def test_a_clients_own_is_ignored_whatever_it_is_bound_to(key: AssertionKey) -> None:
    """Doors of clients let this header pass: who shows no node's certificate is not heard."""
    for headers in (
        {NODE_ASSERTION: signed(key, by_certificate(CERTIFICATE)), **peer(CERTIFICATE, CLIENT)},
        {NODE_ASSERTION: signed(key, at_door("objects"))},
        {NODE_ASSERTION: signed(key, at_door("objects")), **peer(CERTIFICATE, CLIENT)},
    ):
        assert (await refusal(key, headers)).reason == "TOKEN_MISSING"


async def test_a_door_assertion_is_not_good_by_a_nodes_certificate_nor_the_other_way_round(key: AssertionKey) -> None:
    for headers in (
        {NODE_ASSERTION: signed(key, at_door("objects")), **peer(CERTIFICATE, NODE)},
        {DOOR_ASSERTION: signed(key, by_certificate(CERTIFICATE)), **peer(CERTIFICATE, NODE)},
    ):
        assert (await refusal(key, headers)).reason == "ASSERTION_INVALID"


async def test_a_node_without_an_assertion_is_nobody(key: AssertionKey) -> None:
    assert (await refusal(key, peer(CERTIFICATE, NODE))).reason == "TOKEN_MISSING"


async def test_a_bad_assertion_is_not_made_up_for_by_a_good_token(key: AssertionKey) -> None:
    headers = {DOOR_ASSERTION: "e30.e30.e30", "authorization": "Bearer x", "x-portico-token-payload": "e30"}
    assert (await refusal(key, headers)).reason == "ASSERTION_INVALID"


async def test_another_platforms_assertion_is_nothing(key: AssertionKey, tmp_path: Path) -> None:
    other = Keyring.open(tmp_path, DOMAIN, ("localhost",)).assertions
    assert (await refusal(key, {DOOR_ASSERTION: signed(other, at_door("objects"))})).reason == "ASSERTION_INVALID"


async def test_one_that_has_expired_is_not_remembered(key: AssertionKey, monkeypatch: pytest.MonkeyPatch) -> None:
    step = identity(lambda uri: None, asserted=Assertions(key, DOMAIN, "objects"))
    headers = {DOOR_ASSERTION: signed(key, at_door("objects"), Principal(ADA.name, "default"))}
    assert await run(step, new_call(headers=headers))
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 60)
    monkeypatch.setattr(time, "time_ns", lambda: int((now + 60) * 1e9))
    with pytest.raises(ApiError, match="cannot be believed"):
        await run(step, new_call(headers=headers))


async def test_the_original_tokens_end_is_the_end_of_what_is_done_by_it(key: AssertionKey) -> None:
    late = Principal(ADA.name, "default", "jti", "client", int(time.time()) - 1, 1)
    error = await refusal(key, {DOOR_ASSERTION: signed(key, at_door("objects"), late)})
    assert error.reason == "TOKEN_EXPIRED"


async def test_an_unknown_caller_stays_unknown(key: AssertionKey) -> None:
    headers = {DOOR_ASSERTION: signed(key, at_door("objects"), None)}
    assert (await refusal(key, headers)).reason == "TOKEN_MISSING"
    call = await identified(key, headers, "Empty")
    assert (call.principal, call.acting) == (None, SERVICE)


class OneRevoked:
    """Revocation of one certificate, by its serial number."""

    def refresh(self) -> None:
        pass

    def check_token(self, principal: Principal) -> None:
        pass

    def check_certificate(self, peer: Peer) -> None:
        if peer.serial == "5a3f":
            raise unauthenticated("CERTIFICATE_REVOKED", "revoked")


@pytest.mark.parametrize("called", ["Unary", "Empty"])
async def test_whose_certificate_was_revoked_is_called_for_no_more(key: AssertionKey, called: str) -> None:
    """By another process as by a product here; public methods included."""
    step = identity(lambda uri: None, OneRevoked(), Assertions(key, DOMAIN, "objects"))

    def calls(serial: str) -> list[Call]:
        origin = Peer(fingerprint="ab" * 32, uri=CLIENT, serial=serial)
        sent = key.sign(ADA, SERVICE, at_door("objects"), origin)
        here = new_call(called)
        here.principal, here.acting, here.origin = ADA, SERVICE, origin
        return [new_call(called, headers={DOOR_ASSERTION: sent}), here]

    for call in calls("5a40"):
        assert await run(step, call)
        assert call.origin.serial == "5a40"
    for call in calls("5a3f"):
        with pytest.raises(ApiError) as refused:
            await run(step, call)
        assert refused.value.reason == "CERTIFICATE_REVOKED"
