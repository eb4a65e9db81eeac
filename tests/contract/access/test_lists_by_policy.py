"""Lists of all that an account is made of show what policies allow one by one, in full pages: for random policies."""

from __future__ import annotations

import random
from typing import Any

import pytest

from portico_server.platform.authorization import Filter
from portico_server.platform.errors import ApiError
from tests.contract.access.making import (
    domain_group,
    member,
    permission_group,
    policy,
    principals_group,
    resource_group,
)
from tests.contract.access.stand import ACCOUNT, ADMIN, Stand
from tests.contract.access.test_audit import API_TOKEN
from tests.contract.worlds import check_list, paged, random_world

WORLDS = 25
LISTS = {
    "ListAccessKeys": "access_keys",
    "ListApiTokens": "api_tokens",
    "ListDomainGroups": "domain_groups",
    "ListGroups": "groups",
    "ListMembers": "members",
    "ListPermissionGroups": "permission_groups",
    "ListPolicies": "policies",
    "ListResourceGroups": "resource_groups",
    "ListServiceAccounts": "service_accounts",
}


async def furnish(stand: Stand) -> None:
    """Some of each kind, with names that begin alike."""
    for item_id in ("a", "a-b", "ab", "b"):
        await member(stand, item_id)
        await domain_group(stand, item_id, "example.com")
        await resource_group(stand, item_id, objects=[f"{ACCOUNT}/buckets/{item_id}"])
        await permission_group(stand, item_id, "objects.*")
        await principals_group(stand, item_id)
        await policy(stand, item_id)
        account = {"parent": ACCOUNT, "service_account_id": f"{item_id}-ci", "service_account": {}}
        await stand.do("CreateServiceAccount", **account)
        await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id=item_id, api_token=API_TOKEN)
        await stand.do("CreateAccessKey", parent=ACCOUNT)


async def test_each_list_shows_what_is_allowed_and_its_pages_are_of_who_got_them(stand: Stand) -> None:
    await furnish(stand)
    chance = random.Random(3)
    for method, field in LISTS.items():
        permission = f"access.{field.removesuffix('s').replace('policie', 'policy')}.list"
        names, _ = paged(await stand.do(method, parent=ACCOUNT), field)
        assert len(names) >= 4, method
        for _ in range(WORLDS):
            world = random_world(chance, ACCOUNT, names, permission)
            stand.filter = world.filter(permission, ACCOUNT)

            async def page(size: int, token: str, method: str = method, field: str = field) -> tuple[list[str], str]:
                return paged(await stand.do(method, parent=ACCOUNT, page_size=size, page_token=token), field)

            await check_list(page, world.allowed(permission, names), chance.randint(1, 4))
        stand.filter = Filter(everything=True)
        token = (await stand.do(method, parent=ACCOUNT, page_size=1)).next_page_token
        await _check_is_of_one_caller(stand, method, token)


async def _check_is_of_one_caller(stand: Stand, method: str, token: str) -> None:
    """Nobody else uses it, and not for another list or account, nor a changed one."""
    asked: dict[str, Any] = {"parent": ACCOUNT, "page_size": 1, "page_token": token}
    other = "ListGroups" if method != "ListGroups" else "ListPolicies"
    tries = [(f"{ACCOUNT}/principals/a", method, {}), (ADMIN, other, {})]
    tries += [(ADMIN, method, {"page_token": token[:-2] + ("AA" if token[-2:] != "AA" else "BB")})]
    tries += [(ADMIN, method, {"parent": "accounts/other"})]
    for caller, called, changes in tries:
        stand.caller = caller
        with pytest.raises(ApiError, match="page_token"):
            await stand.do(called, **{**asked, **changes})
    stand.caller = ADMIN
    await stand.do(method, **asked)
