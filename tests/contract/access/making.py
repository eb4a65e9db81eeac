"""Short ways to what tests need of an account."""

from __future__ import annotations

from typing import Any

from tests.contract.access.stand import ACCOUNT, Stand

ALLOW, DENY = 1, 2
SUPER = f"{ACCOUNT}/permissionGroups/super-administrator"
EVERYTHING = f"{ACCOUNT}/resourceGroups/everything"
OBJECTS = f"{ACCOUNT}/permissionGroups/objects"


def group(group_id: str) -> str:
    return f"{ACCOUNT}/groups/{group_id}"


async def member(stand: Stand, member_id: str, principal: str = "") -> Any:
    """A member who has accepted."""
    caller = stand.caller
    invited = await stand.do("InviteMember", parent=ACCOUNT, member_id=member_id)
    stand.caller = principal or f"{ACCOUNT}/principals/{member_id}"
    accepted = await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=invited.invitation_code)
    stand.caller = caller
    return accepted.member


async def policy(stand: Stand, policy_id: str, *principals: str, **fields: Any) -> Any:
    given = {"access": ALLOW, "permission_groups": [OBJECTS], "resource_groups": [EVERYTHING], **fields}
    made = await stand.do(
        "CreatePolicy", parent=ACCOUNT, policy_id=policy_id, policy={"principals": principals, **given}
    )
    return made.policy


async def permission_group(stand: Stand, group_id: str, *permissions: str, **fields: Any) -> Any:
    made = await stand.do(
        "CreatePermissionGroup",
        parent=ACCOUNT,
        permission_group_id=group_id,
        permission_group={"permissions": permissions, **fields},
    )
    return made.permission_group


async def resource_group(stand: Stand, group_id: str, **fields: Any) -> Any:
    made = await stand.do("CreateResourceGroup", parent=ACCOUNT, resource_group_id=group_id, resource_group=fields)
    return made.resource_group


async def domain_group(stand: Stand, group_id: str, *domains: str) -> Any:
    zones = [f"{ACCOUNT}/zones/{domain}" for domain in domains]
    made = await stand.do("CreateDomainGroup", parent=ACCOUNT, domain_group_id=group_id, domain_group={"zones": zones})
    return made.domain_group


async def principals_group(stand: Stand, group_id: str, *members: str) -> Any:
    made = await stand.do("CreateGroup", parent=ACCOUNT, group_id=group_id, group={"members": members})
    return made.group
