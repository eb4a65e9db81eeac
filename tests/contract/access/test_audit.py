"""Every method of access that changes something tells of it, in the batch of the change; none is left out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from portico_server.access import PRODUCT
from tests.contract.access.making import (
    domain_group,
    member,
    permission_group,
    policy,
    principals_group,
    resource_group,
)
from tests.contract.access.stand import ACCOUNT, Stand
from tests.contract.auditing import check_told, mutating_methods, watched

ASKS = {"BatchCheckAccess", "SimulatePolicy"}
"""What changes nothing, though it is too large for a GET."""

Example = Callable[[Stand], Awaitable[dict[str, Any]]]
"""Makes ready what a method needs, and answers the fields of its request."""

BUCKET, ZONE = f"{ACCOUNT}/buckets/b", f"{ACCOUNT}/zones/example.org"


def _given(**fields: Any) -> Example:
    async def example(stand: Stand) -> dict[str, Any]:
        return {"parent": ACCOUNT, **fields}

    return example


def _of(kind: str, make: Callable[[Stand], Awaitable[Any]], **changes: Any) -> Example:
    """An update of something that is made first, with these changes; or what is done to it by its name."""

    async def example(stand: Stand) -> dict[str, Any]:
        name = (await make(stand)).name
        if not kind:
            return {"name": name, **changes}
        return {kind: {"name": name, **changes}, "update_mask": {"paths": list(changes)}}

    return example


async def _policy(stand: Stand) -> Any:
    return await policy(stand, "p")


async def _group(stand: Stand) -> Any:
    return await principals_group(stand, "g")


async def _permission_group(stand: Stand) -> Any:
    return await permission_group(stand, "pg", "objects.*")


async def _resource_group(stand: Stand) -> Any:
    return await resource_group(stand, "rg", objects=[BUCKET])


async def _domain_group(stand: Stand) -> Any:
    return await domain_group(stand, "dg", "example.com")


async def _member(stand: Stand) -> Any:
    return await member(stand, "ada")


async def _invited(stand: Stand) -> Any:
    return (await stand.do("InviteMember", parent=ACCOUNT, member_id="ada")).member


async def _account(stand: Stand) -> Any:
    return (await stand.do("CreateAccount", parent=ACCOUNT, account_id="acme")).account


async def _service_account(stand: Stand) -> Any:
    made = await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="ci", service_account={})
    return made.service_account


async def _secret(stand: Stand) -> Any:
    parent = (await _service_account(stand)).name
    return (await stand.do("CreateClientSecret", parent=parent)).client_secret


async def _api_token(stand: Stand) -> Any:
    return (await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id="t", api_token=API_TOKEN)).api_token


async def _access_key(stand: Stand) -> Any:
    return (await stand.do("CreateAccessKey", parent=ACCOUNT)).access_key


async def _to_accept(stand: Stand) -> dict[str, Any]:
    code = (await stand.do("InviteMember", parent=ACCOUNT, member_id="ada")).invitation_code
    stand.caller = f"{ACCOUNT}/principals/ada"
    return {"parent": ACCOUNT, "invitation_code": code}


async def _for_secret(stand: Stand) -> dict[str, Any]:
    return {"parent": (await _service_account(stand)).name}


POLICY = {
    "access": 1,
    "permission_groups": [f"{ACCOUNT}/permissionGroups/objects"],
    "resource_groups": [f"{ACCOUNT}/resourceGroups/everything"],
}
API_TOKEN = {"policies": [POLICY]}
PERMISSIONS = {"permissions": ["objects.*"]}

EXAMPLES: dict[str, Example] = {
    "AcceptInvitation": _to_accept,
    "AddDomainGroupZones": _of("", _domain_group, zones=[ZONE]),
    "CreateAccessKey": _given(),
    "CreateAccount": _given(account_id="acme"),
    "CreateApiToken": _given(api_token_id="t", api_token=API_TOKEN),
    "CreateClientSecret": _for_secret,
    "CreateDomainGroup": _given(domain_group_id="dg", domain_group={"zones": [ZONE]}),
    "CreateGroup": _given(group_id="g", group={}),
    "CreatePermissionGroup": _given(permission_group_id="pg", permission_group=PERMISSIONS),
    "CreatePolicy": _given(policy_id="p", policy=POLICY),
    "CreateResourceGroup": _given(resource_group_id="rg", resource_group={"objects": [BUCKET]}),
    "CreateServiceAccount": _given(service_account_id="ci", service_account={}),
    "DeleteAccessKey": _of("", _access_key),
    "DeleteAccount": _of("", _account),
    "DeleteApiToken": _of("", _api_token),
    "DeleteClientSecret": _of("", _secret),
    "DeleteDomainGroup": _of("", _domain_group),
    "DeleteGroup": _of("", _group),
    "DeleteMember": _of("", _member),
    "DeletePermissionGroup": _of("", _permission_group),
    "DeletePolicy": _of("", _policy),
    "DeleteResourceGroup": _of("", _resource_group),
    "DeleteServiceAccount": _of("", _service_account),
    "ImportPolicySet": _given(yaml="version: 1\ngroups:\n  new:\n    members: [members/admin]\n"),
    "InviteMember": _given(member_id="ada"),
    "RemoveDomainGroupZones": _of("", _domain_group, zones=[f"{ACCOUNT}/zones/example.com"]),
    "RenewInvitation": _of("", _invited, ttl={"seconds": 7200}),
    "RollApiToken": _of("", _api_token),
    "UpdateAccount": _of("account", _account, display_name="Acme"),
    "UpdateDomainGroup": _of("domain_group", _domain_group, zones=[ZONE]),
    "UpdateGroup": _of("group", _group, members=[f"{ACCOUNT}/members/admin"]),
    "UpdateMember": _of("member", _member, email="ada@example.com"),
    "UpdatePermissionGroup": _of("permission_group", _permission_group, permissions=["objects.object.*"]),
    "UpdatePolicy": _of("policy", _policy, principals=[f"{ACCOUNT}/members/admin"]),
    "UpdateResourceGroup": _of("resource_group", _resource_group, objects=[f"{BUCKET}2"]),
    "UpdateServiceAccount": _of("service_account", _service_account, disabled=True),
}

MUTATING = sorted(mutating_methods(PRODUCT.contracts) - ASKS)


def test_each_method_that_changes_something_has_an_example() -> None:
    assert set(MUTATING) <= set(EXAMPLES), "a new method: give an example of a change, for the test below"


@pytest.mark.parametrize("method", MUTATING)
async def test_a_change_is_told_in_its_own_batch_with_before_and_after_and_no_secret(stand: Stand, method: str) -> None:
    request = await EXAMPLES[method](stand)
    with watched(stand.database, "item") as found:
        answer = await stand.do(method, **request)
    check_told(found, method)
    told = json.dumps(found.events)
    secrets = [getattr(answer, field, "") for field in ("secret", "secret_access_key", "invitation_code")]
    assert not any(secret and secret in told for secret in secrets)


@pytest.mark.parametrize("method", sorted(ASKS))
async def test_what_only_asks_changes_nothing(stand: Stand, method: str) -> None:
    question = {"principal": f"{ACCOUNT}/principals/admin", "permission": "objects.object.read", "resource": BUCKET}
    wanted = {"name": f"{ACCOUNT}/policies/p", **POLICY}
    requests: dict[str, Any] = {"BatchCheckAccess": {"questions": [question]}, "SimulatePolicy": {"policy": wanted}}
    with watched(stand.database, "item", "removal", "membership", "proof") as found:
        await stand.do(method, parent=ACCOUNT, **requests[method])
    assert found.events == []
