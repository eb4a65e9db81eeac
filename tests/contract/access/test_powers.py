"""Nobody gives away more than is his own, and an account keeps somebody who can administer it, by whatever path."""

from __future__ import annotations

import pytest

from portico_server.access import errors
from tests.contract.access.making import (
    DENY,
    EVERYTHING,
    OBJECTS,
    SUPER,
    group,
    member,
    permission_group,
    policy,
    principals_group,
    resource_group,
)
from tests.contract.access.stand import ACCOUNT, ADMIN, Stand

FIRST_POLICY = f"{ACCOUNT}/policies/super-administrator"
FIRST_MEMBER = f"{ACCOUNT}/members/admin"


async def test_the_first_account_has_a_super_administrator_from_the_start(stand: Stand) -> None:
    read = (await stand.do("GetMember", name=FIRST_MEMBER)).member
    assert (read.principal, read.state) == (ADMIN, 2)
    assert list((await stand.do("GetPolicy", name=FIRST_POLICY)).policy.permission_groups) == [SUPER]


@pytest.mark.parametrize(
    ("method", "request_fields"),
    [
        ("DeletePolicy", {"name": FIRST_POLICY}),
        ("DeleteMember", {"name": FIRST_MEMBER}),
        ("UpdatePolicy", {"policy": {"name": FIRST_POLICY}, "update_mask": {"paths": ["principals"]}}),
        (
            "UpdatePolicy",
            {"policy": {"name": FIRST_POLICY, "access": DENY}, "update_mask": {"paths": ["access"]}},
        ),
        (
            "UpdatePolicy",
            {
                "policy": {"name": FIRST_POLICY, "permission_groups": [OBJECTS]},
                "update_mask": {"paths": ["permission_groups"]},
            },
        ),
        (
            "UpdatePolicy",
            {
                "policy": {"name": FIRST_POLICY, "conditions": {"certificate_required": True}},
                "update_mask": {"paths": ["conditions"]},
            },
        ),
        (
            "CreatePolicy",
            {
                "parent": ACCOUNT,
                "policy_id": "locked-out",
                "policy": {
                    "access": DENY,
                    "permission_groups": [f"{ACCOUNT}/permissionGroups/access"],
                    "resource_groups": [EVERYTHING],
                    "principals": [FIRST_MEMBER],
                },
            },
        ),
    ],
)
async def test_the_last_super_administrator_can_be_neither_removed_nor_demoted(
    stand: Stand, method: str, request_fields: dict[str, object]
) -> None:
    with pytest.raises(errors.LastSuperAdministrator):
        await stand.do(method, **request_fields)


async def test_nor_by_a_group_nor_by_an_exclusion_nor_by_a_permission_group(stand: Stand) -> None:
    await permission_group(stand, "all", "*")
    await resource_group(stand, "all", everything=True)
    await principals_group(stand, "admins", FIRST_MEMBER)
    await policy(
        stand,
        "own",
        group("admins"),
        permission_groups=[f"{ACCOUNT}/permissionGroups/all"],
        resource_groups=[f"{ACCOUNT}/resourceGroups/all"],
    )
    await stand.do("DeletePolicy", name=FIRST_POLICY)
    for method, fields in (
        ("UpdateGroup", {"group": {"name": group("admins")}}),
        (
            "UpdateResourceGroup",
            {
                "resource_group": {
                    "name": f"{ACCOUNT}/resourceGroups/all",
                    "everything": True,
                    "excluded": [f"{ACCOUNT}/policies"[:-9] + "/policies/own"],
                }
            },
        ),
        (
            "UpdatePermissionGroup",
            {"permission_group": {"name": f"{ACCOUNT}/permissionGroups/all", "permissions": ["objects.*"]}},
        ),
        ("DeleteMember", {"name": FIRST_MEMBER}),
    ):
        with pytest.raises(errors.LastSuperAdministrator):
            await stand.do(method, **fields)


async def test_with_a_second_one_the_first_can_go(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "ada", ada.name, permission_groups=[SUPER])
    await stand.do("DeleteMember", name=FIRST_MEMBER)
    stand.caller = ada.principal
    with pytest.raises(errors.LastSuperAdministrator):
        await stand.do("DeleteMember", name=ada.name)
    left = (await stand.do("GetPolicy", name=FIRST_POLICY)).policy
    assert list(left.principals) == [], "who is gone is named no more"


async def test_only_a_super_administrator_changes_who_is_a_member(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "ada", ada.name, permission_groups=[f"{ACCOUNT}/permissionGroups/access"])
    stand.caller = ada.principal
    for method, fields in (
        ("InviteMember", {"parent": ACCOUNT, "member_id": "bob"}),
        ("DeleteMember", {"name": FIRST_MEMBER}),
        ("UpdateMember", {"member": {"name": ada.name, "display_name": "A"}}),
        ("CreateServiceAccount", {"parent": ACCOUNT, "service_account_id": "ci", "service_account": {}}),
        ("DeleteAccount", {"name": ACCOUNT}),
    ):
        with pytest.raises(errors.NotSuperAdministrator):
            await stand.do(method, **fields)


async def test_who_may_write_policies_gives_nobody_more_than_he_holds(stand: Stand) -> None:
    bucket, other = f"{ACCOUNT}/buckets/mine", f"{ACCOUNT}/buckets/other"
    ada = await member(stand, "ada")
    await permission_group(stand, "policies", "access.policy.*", "access.group.*", "access.resource_group.*")
    await resource_group(stand, "mine", objects=[bucket])
    await policy(stand, "may-write", ada.name, permission_groups=[f"{ACCOUNT}/permissionGroups/policies"])
    await policy(stand, "holds", ada.name, resource_groups=[f"{ACCOUNT}/resourceGroups/mine"])
    await resource_group(stand, "others", objects=[other])
    denied = await policy(stand, "denied", access=DENY, resource_groups=[f"{ACCOUNT}/resourceGroups/others"])

    stand.caller = ada.principal
    await policy(stand, "within", ada.name, resource_groups=[f"{ACCOUNT}/resourceGroups/mine"])
    for fields, lacking in (
        ({"permission_groups": [SUPER]}, r"\* on"),
        ({"permission_groups": [OBJECTS]}, r"objects\.\* on"),
    ):
        with pytest.raises(errors.GrantsMoreThanHeld, match=lacking):
            await policy(stand, "more", ada.name, **fields)
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do(
            "UpdateResourceGroup",
            resource_group={"name": f"{ACCOUNT}/resourceGroups/mine", "objects": [bucket, other]},
        )
    with pytest.raises(errors.NotSuperAdministrator):
        await stand.do("DeletePolicy", name=denied.name)


async def test_who_may_take_a_policy_away_may_narrow_it_and_not_widen_it_again(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await permission_group(stand, "policies", "access.policy.*")
    await policy(stand, "may-write", ada.name, permission_groups=[f"{ACCOUNT}/permissionGroups/policies"])
    bob = await member(stand, "bob")
    given = await policy(stand, "bob", bob.name, ada.name)

    async def update(*paths: str, **fields: object) -> None:
        wanted = {"name": given.name, **fields}
        await stand.do("UpdatePolicy", policy=wanted, update_mask={"paths": paths})

    stand.caller = ada.principal
    await update("conditions", conditions={"source_cidrs": ["203.0.113.0/24"]})
    await update("principals", principals=[bob.name])
    both = {"source_cidrs": ["203.0.113.0/24"], "certificate_required": True}
    await update("conditions", conditions=both)
    for paths, wider in (
        ("conditions", {"conditions": {**both, "source_cidrs": ["203.0.113.0/24", "198.51.100.0/24"]}}),
        ("conditions", {"conditions": {"certificate_required": True}}),
        ("conditions", {}),
        ("principals", {"principals": [bob.name, ada.name]}),
        ("permission_groups", {"permission_groups": [SUPER]}),
    ):
        with pytest.raises(errors.GrantsMoreThanHeld):
            await update(paths, **wider)


async def test_narrowing_makes_nobody_less_of_a_super_administrator(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await permission_group(stand, "policies", "access.policy.*")
    await policy(stand, "may-write", ada.name, permission_groups=[f"{ACCOUNT}/permissionGroups/policies"])
    bob = await member(stand, "bob")
    second = await policy(stand, "second", bob.name, permission_groups=[SUPER])
    stand.caller = ada.principal
    narrower = {"name": second.name, "conditions": {"certificate_required": True}}
    with pytest.raises(errors.NotSuperAdministrator):
        await stand.do("UpdatePolicy", policy=narrower, update_mask={"paths": ["conditions"]})


async def test_nor_does_he_join_a_group_that_holds_more(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await principals_group(stand, "admins")
    await policy(stand, "admins", group("admins"), permission_groups=[SUPER])
    stand.caller = ada.principal
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("UpdateGroup", group={"name": group("admins"), "members": [ada.name]})
    await principals_group(stand, "friends", ada.name)
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("UpdateGroup", group={"name": group("admins"), "members": [group("friends")]})


async def test_a_writer_of_policies_makes_no_super_administrator_less_than_one(stand: Stand) -> None:
    """Though a second one is left: that is for Super Administrators to say."""
    for name in ("ben", "cat"):
        await member(stand, name)
    await policy(stand, "second", f"{ACCOUNT}/members/ben", permission_groups=[SUPER])
    writing = (await permission_group(stand, "writing", "access.policy.*")).name
    await policy(stand, "writers", f"{ACCOUNT}/members/cat", permission_groups=[writing])
    stand.caller = f"{ACCOUNT}/principals/cat"
    for change in (
        ("DeletePolicy", {"name": FIRST_POLICY}),
        (
            "UpdatePolicy",
            {"policy": {"name": FIRST_POLICY, "principals": []}, "update_mask": {"paths": ["principals"]}},
        ),
    ):
        with pytest.raises(errors.NotSuperAdministrator, match="no Super Administrator"):
            await stand.do(change[0], **change[1])
    stand.caller = ADMIN
    assert (await stand.do("GetPolicy", name=FIRST_POLICY)).policy.principals


async def test_a_service_account_is_not_who_is_left(stand: Stand) -> None:
    await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="bot")
    await policy(stand, "second", f"{ACCOUNT}/serviceAccounts/bot", permission_groups=[SUPER])
    with pytest.raises(errors.LastSuperAdministrator, match="service accounts"):
        await stand.do("DeletePolicy", name=FIRST_POLICY)
    await member(stand, "ben")
    await policy(stand, "third", f"{ACCOUNT}/members/ben", permission_groups=[SUPER])
    await stand.do("DeletePolicy", name=FIRST_POLICY)
