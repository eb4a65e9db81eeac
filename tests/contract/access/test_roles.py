"""The roles that everybody knows: what each may do, to the last method, and that it is for all domains or for none."""

from __future__ import annotations

from typing import Any

import pytest

from portico.gateway.v1 import credentials_pb2
from portico_server.access import errors
from portico_server.access.permissions import Permissions, covers
from portico_server.access.roles import Roles
from portico_server.platform.methods import Method, Mode, methods_of
from tests.contract.access.making import EVERYTHING, domain_group, member, permission_group, policy, resource_group
from tests.contract.access.stand import ACCOUNT, METHODS, Stand
from tests.contract.access.test_audit import ASKS

PERMISSIONS = Permissions(METHODS.values())
PRODUCTS = sorted({name.partition(".")[0] for name in PERMISSIONS})
ALL_DOMAINS = ("super-administrator", "administrator", "read-only")
OWN = {
    *(f"{verb}ApiToken" for verb in ("Create", "Roll", "Delete")),
}
"""What an administrator changes in the access product: what is his own, see `test_powers` and `test_credentials`."""
ANYBODYS_OWN = {f"{verb}AccessKey" for verb in ("Create", "Get", "Delete")}
"""What every member does with what is his own, whatever his role."""


def may(role: str, method: Method) -> bool:
    """Whether a member with that role alone is let in to a method that asks for something."""
    held = Roles(PERMISSIONS).of(ACCOUNT)[f"{ACCOUNT}/permissionGroups/{role}"].permissions
    asked = [any(covers(each, one.permission) for each in held) for one in method.requirements]
    either = [one.mode is Mode.EITHER for one in method.requirements]
    return all(holds for holds, any_of in zip(asked, either, strict=True) if not any_of) and (
        not any(either) or any(holds for holds, any_of in zip(asked, either, strict=True) if any_of)
    )


def methods() -> dict[str, Method]:
    """Those that roles let in to."""
    return {
        path: method
        for path, method in METHODS.items()
        if method.requirements and path.startswith("/portico.") and not is_for_own(method)
    }


def is_for_own(method: Method) -> bool:
    return any(one.mode is Mode.OWN for one in method.requirements)


def test_a_member_needs_no_role_for_access_keys_of_his_own_alone() -> None:
    assert {path.rpartition("/")[2] for path, method in METHODS.items() if is_for_own(method)} == ANYBODYS_OWN


def test_there_is_a_role_for_each_product_and_the_three_for_all_of_them() -> None:
    assert {"access", "dns", "objects"} <= set(PRODUCTS)
    names = {name.rpartition("/")[2] for name in Roles(PERMISSIONS).of(ACCOUNT) if "/permissionGroups/" in name}
    assert names == {*ALL_DOMAINS, *PRODUCTS}


def test_who_only_reads_is_let_in_to_nothing_that_changes_anything() -> None:
    for path, method in methods().items():
        asks = path.rpartition("/")[2] in ASKS
        assert may("read-only", method) is method.read_only or asks, path


def test_a_super_administrator_may_everything_and_an_administrator_all_but_memberships_and_policies() -> None:
    for path, method in methods().items():
        assert may("super-administrator", method), path
        product, name = path.split(".")[1], path.rpartition("/")[2]
        if product == "access" and not method.read_only and name not in ASKS:
            assert may("administrator", method) is (name in OWN), path
        elif product not in ("access", "gateway"):
            assert may("administrator", method), path


def test_a_products_role_is_let_in_to_its_own_methods_alone() -> None:
    for path, method in methods().items():
        for product in PRODUCTS:
            assert may(product, method) is (path.split(".")[1] == product), (path, product)


@pytest.mark.parametrize("role", ALL_DOMAINS)
async def test_a_role_for_all_domains_goes_with_nothing_less(stand: Stand, role: str) -> None:
    """Neither with some, nor with all but some, nor by what a group that it goes with becomes later."""
    name = f"{ACCOUNT}/permissionGroups/{role}"
    await domain_group(stand, "production", "example.com")
    production = {"excluded_domain_groups": [f"{ACCOUNT}/domainGroups/production"]}
    less: list[dict[str, Any]] = [
        {"objects": [f"{ACCOUNT}/zones/example.com"]},
        {"domain_groups": [f"{ACCOUNT}/domainGroups/production"]},
        {"everything": True, "scope": f"{ACCOUNT}/zones/example.com"},
        {"everything": True, "excluded": [f"{ACCOUNT}/zones/example.com"]},
        {"everything": True, **production},
    ]
    for number, fields in enumerate(less):
        group = await resource_group(stand, f"less-{number}", **fields)
        with pytest.raises(errors.ScopeTypeMismatch) as refused:
            await policy(stand, "p", permission_groups=[name], resource_groups=[EVERYTHING, group.name])
        assert refused.value.field == "policy.resource_groups[1]"
    everything = await resource_group(stand, "all", everything=True)
    await policy(stand, "p", permission_groups=[name], resource_groups=[everything.name])
    for fields in ({"excluded": [f"{ACCOUNT}/zones/example.com"]}, production):
        changed = {"resource_group": {"name": everything.name, **fields}, "update_mask": {"paths": list(fields)}}
        with pytest.raises(errors.ScopeTypeMismatch, match="policies/p"):
            await stand.do("UpdateResourceGroup", **changed)


async def test_a_permission_group_becomes_none_for_all_domains_while_it_is_used_for_some(stand: Stand) -> None:
    await permission_group(stand, "edits", "dns.record.*")
    some = await resource_group(stand, "some", objects=[f"{ACCOUNT}/zones/example.com"])
    await policy(stand, "p", permission_groups=[f"{ACCOUNT}/permissionGroups/edits"], resource_groups=[some.name])
    changed = {"name": f"{ACCOUNT}/permissionGroups/edits", "scope_type": 2}
    with pytest.raises(errors.ScopeTypeMismatch) as refused:
        await stand.do("UpdatePermissionGroup", permission_group=changed, update_mask={"paths": ["scope_type"]})
    assert refused.value.field == "permission_group.scope_type"


async def test_a_member_is_made_administrator_and_no_more_by_a_super_administrator_alone(stand: Stand) -> None:
    ada, bob = await member(stand, "ada"), await member(stand, "bob")
    await policy(stand, "ada", ada.name, permission_groups=[f"{ACCOUNT}/permissionGroups/administrator"])
    await permission_group(stand, "writes", "access.policy.*", "access.group.*")
    await policy(stand, "writes", ada.name, permission_groups=[f"{ACCOUNT}/permissionGroups/writes"])
    stand.caller = ada.principal
    given = {"resource_groups": [EVERYTHING]}
    await policy(stand, "same", bob.name, permission_groups=[f"{ACCOUNT}/permissionGroups/administrator"], **given)
    for role in ("super-administrator", "access", "gateway"):
        with pytest.raises(errors.GrantsMoreThanHeld):
            await policy(stand, "more", bob.name, permission_groups=[f"{ACCOUNT}/permissionGroups/{role}"], **given)
    for method, fields in (
        ("InviteMember", {"parent": ACCOUNT, "member_id": "eve"}),
        ("RenewInvitation", {"name": bob.name}),
        ("UpdateMember", {"member": {"name": bob.name, "email": "x@example.com"}}),
        ("DeleteMember", {"name": bob.name}),
        ("CreateServiceAccount", {"parent": ACCOUNT, "service_account_id": "ci", "service_account": {}}),
    ):
        with pytest.raises(errors.NotSuperAdministrator):
            await stand.do(method, **fields)


def test_no_lesser_role_may_act_as_anybody() -> None:
    """Who may issue a token for somebody is worth as much as he."""
    issuing = methods_of(credentials_pb2.DESCRIPTOR.services_by_name.values())
    permissions = Permissions([*METHODS.values(), *issuing.values()])
    roles = Roles(permissions).of(ACCOUNT)
    assert f"{ACCOUNT}/permissionGroups/gateway" in roles
    for name, group in roles.items():
        if name.endswith("/super-administrator") or not hasattr(group, "permissions"):
            continue
        for permission in ("gateway.token.create", "gateway.certificate.create"):
            assert permission in permissions
            assert not any(covers(pattern, permission) for pattern in group.permissions), name
