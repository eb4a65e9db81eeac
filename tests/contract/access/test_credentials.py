"""API tokens and access keys: less than their issuer, shown once, kept so that nobody reads them, and gone at once."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any

import pytest

from portico_server.access import errors
from portico_server.access.compiling import account_policies
from portico_server.platform.access.credentials import api_token_id
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.access.uses import FOLDER as USES
from portico_server.platform.access.uses import UseNotes
from portico_server.platform.errors import DomainError
from portico_server.platform.keyring.sealing import Sealing
from tests.contract.access.making import DENY, EVERYTHING, OBJECTS, SUPER, member, policy, resource_group
from tests.contract.access.stand import ACCOUNT, ADMIN, Stand

NAME = f"{ACCOUNT}/apiTokens/ci"


def _wanted(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    usual = {"access": 1, "permission_groups": [OBJECTS], "resource_groups": [EVERYTHING]}
    return {"policies": [{**usual, **part} for part in parts or ({},)], **fields}


async def _create(stand: Stand, *parts: dict[str, Any], **fields: Any) -> Any:
    return await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id="ci", api_token=_wanted(*parts, **fields))


async def _known(stand: Stand, secret: str) -> str:
    """The name of the API token that whoever shows this secret is taken for; empty for none."""
    policies, _ = await stand.book.load(ACCOUNT)
    credential = Snapshot.compile([policies], ()).credential(api_token_id(secret))
    return credential.token.name if credential is not None else ""


async def _signer(stand: Stand, name: str) -> tuple[str, str] | None:
    """As whom whoever signs by an access key calls, and its secret, as every process reads it; None: as nobody."""
    policies, _ = await stand.book.load(ACCOUNT)
    key = Snapshot.compile([policies], ()).access_key(name.rpartition("/")[2])
    if key is None:
        return None
    secret = Sealing(b"s" * 32, "access").open(base64.b64decode(key.sealed), name.encode())
    return key.principal, secret.decode()


async def test_an_api_token_is_its_issuers_with_policies_of_its_own(stand: Stand) -> None:
    made = await _create(stand, {}, {"access": DENY}, source_cidrs=["10.0.0.0/8"])
    decided = account_policies(await stand.book.state(ACCOUNT)).tokens[NAME]
    assert (decided.principal, decided.token_id) == (ADMIN, made.api_token.token_id)
    assert decided.token_id.startswith("api.")
    assert [one.deny for one in decided.policies] == [False, True]
    assert decided.source_cidrs == ("10.0.0.0/8",)
    assert made.api_token.expire_time.seconds == decided.expires_at > 0


async def test_nothing_that_is_told_of_whose_a_credential_is_or_until_when_is_dropped(stand: Stand) -> None:
    other = f"{ACCOUNT}/principals/ada"
    later = {"seconds": int(time.time()) + 3600}
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "principal": ("CreateAccessKey", {"principal": other}),
        "api_token.principal": ("CreateApiToken", {"api_token_id": "ci", "api_token": _wanted(principal=other)}),
        "api_token.expire_time": ("CreateApiToken", {"api_token_id": "ci", "api_token": _wanted(expire_time=later)}),
        "service_account.principal": (
            "CreateServiceAccount",
            {"service_account_id": "nightly", "service_account": {"principal": other}},
        ),
        "account.parent": ("CreateAccount", {"account_id": "acme", "account": {"parent": "accounts/other"}}),
    }
    for field, (method, request) in asked.items():
        with pytest.raises(errors.InvalidField, match=f"^{field}") as refused:
            await stand.do(method, parent=ACCOUNT, **request)
        assert refused.value.field == field
    made = await stand.do("CreateAccessKey", parent=ACCOUNT, principal=ADMIN)
    assert made.access_key.principal == ADMIN, "one's own may be said"


async def test_it_asks_for_no_more_than_its_issuer_has_and_the_element_is_named(stand: Stand) -> None:
    bucket = f"{ACCOUNT}/buckets/mine"
    ada = await member(stand, "ada")
    await resource_group(stand, "mine", objects=[bucket])
    await policy(stand, "holds", ada.name, resource_groups=[f"{ACCOUNT}/resourceGroups/mine"])
    stand.caller = ada.principal
    own = {"resource_groups": [f"{ACCOUNT}/resourceGroups/mine"]}
    for more in ({}, {**own, "permission_groups": [SUPER]}):
        with pytest.raises(DomainError) as refused:
            await _create(stand, own, more)
        assert isinstance(refused.value, errors.GrantsMoreThanHeld | errors.ScopeTypeMismatch)
        assert refused.value.field.startswith("api_token.policies[1]")
    await _create(stand, own)


async def test_a_stranger_and_an_api_token_issue_none(stand: Stand) -> None:
    stand.token_id = "api.something"
    with pytest.raises(errors.GrantsMoreThanHeld):
        await _create(stand)
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("CreateAccessKey", parent=ACCOUNT)
    stand.token_id, stand.caller = "", "accounts/other/principals/admin"
    with pytest.raises(errors.CallerNotMember):
        await _create(stand)


async def test_the_secret_is_kept_hashed_and_good_until_rolled_or_deleted(stand: Stand) -> None:
    first = await _create(stand)
    assert not any(
        first.secret.encode() in bytes(cell)
        for row in await stand.database.scan("SELECT salt, hash, sealed FROM proof")
        for cell in row
    )
    assert await _known(stand, first.secret) == NAME
    rolled = await stand.do("RollApiToken", name=NAME)
    assert rolled.api_token.token_id != first.api_token.token_id
    assert await _known(stand, first.secret) == ""
    assert await _known(stand, rolled.secret) == NAME
    assert rolled.api_token.expire_time == first.api_token.expire_time
    await stand.do("DeleteApiToken", name=NAME)
    assert await _known(stand, rolled.secret) == ""


async def test_it_is_noted_when_it_was_last_used(stand: Stand) -> None:
    await _create(stand)
    assert not (await stand.do("GetApiToken", name=NAME)).api_token.HasField("last_use_time")
    UseNotes(stand.run / USES).note(NAME, 7200)
    deadline = time.monotonic() + 45
    while not (used := (await stand.do("GetApiToken", name=NAME)).api_token.last_use_time.seconds):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    assert used == 7200


async def test_by_a_token_with_a_scope_nobody_is_given_anything(stand: Stand) -> None:
    """It would outlive the token, and could do more; whoever holds the token may be less trusted than its principal."""
    await _create(stand)
    robot = f"{ACCOUNT}/serviceAccounts/robot"
    await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="robot", service_account={})
    stand.scope = frozenset({"access.*"})
    with pytest.raises(errors.NotSuperAdministrator):
        await stand.do("InviteMember", parent=ACCOUNT, member_id="mallory")
    with pytest.raises(errors.NotSuperAdministrator):
        await stand.do("CreateClientSecret", parent=robot)
    with pytest.raises(errors.GrantsMoreThanHeld):
        await policy(stand, "more", robot)
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("RollApiToken", name=NAME)
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id="x", api_token=_wanted())
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("CreateAccessKey", parent=ACCOUNT)


async def test_another_member_neither_rolls_nor_deletes_it(stand: Stand) -> None:
    await _create(stand)
    stand.caller = (await member(stand, "ada")).principal
    for method in ("RollApiToken", "DeleteApiToken"):
        with pytest.raises(errors.NotSuperAdministrator):
            await stand.do(method, name=NAME)


async def test_it_goes_with_the_member_who_issued_it_and_holds_what_it_refers_to(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await resource_group(stand, "mine", objects=[f"{ACCOUNT}/buckets/mine"])
    await policy(stand, "all", ada.name)
    stand.caller = ada.principal
    await _create(stand, {"resource_groups": [f"{ACCOUNT}/resourceGroups/mine"]})
    await stand.do("CreateAccessKey", parent=ACCOUNT)
    stand.caller = ADMIN
    with pytest.raises(DomainError, match=NAME):
        await stand.do("DeleteResourceGroup", name=f"{ACCOUNT}/resourceGroups/mine")
    await stand.do("DeleteMember", name=ada.name)
    with pytest.raises(DomainError):
        await stand.do("GetApiToken", name=NAME)
    assert not (await stand.do("ListAccessKeys", parent=ACCOUNT)).access_keys


async def test_an_access_keys_secret_is_sealed_and_read_again_by_who_verifies(stand: Stand) -> None:
    made = await stand.do("CreateAccessKey", parent=ACCOUNT, display_name="laptop")
    assert len(made.secret_access_key) == 40
    assert await _signer(stand, made.access_key.name) == (ADMIN, made.secret_access_key)
    ((sealed,),) = await stand.database.scan("SELECT sealed FROM proof")
    assert made.secret_access_key.encode() not in bytes(sealed)
    await stand.do("DeleteAccessKey", name=made.access_key.name)
    assert await _signer(stand, made.access_key.name) is None


async def test_another_process_reads_the_sealed_secret_from_the_store(stand: Stand) -> None:
    made = await stand.do("CreateAccessKey", parent=ACCOUNT)
    stand.book._states.clear()
    assert await _signer(stand, made.access_key.name) == (ADMIN, made.secret_access_key)


async def test_nobody_signs_as_who_has_left(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "all", ada.name)
    stand.caller = ada.principal
    made = await stand.do("CreateAccessKey", parent=ACCOUNT)
    assert await _signer(stand, made.access_key.name) == (ada.principal, made.secret_access_key)
    stand.caller = ADMIN
    await stand.do("DeleteMember", name=ada.name)
    assert await _signer(stand, made.access_key.name) is None


async def test_a_principal_has_ten_access_keys_at_most(stand: Stand) -> None:
    for _ in range(10):
        await stand.do("CreateAccessKey", parent=ACCOUNT)
    with pytest.raises(DomainError) as refused:
        await stand.do("CreateAccessKey", parent=ACCOUNT)
    assert errors.ERRORS[type(refused.value)][1] == "TOO_MANY_ACCESS_KEYS"
