"""What a hostile member tries to become more, or to keep what is taken away: no path, and no race, leads there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from portico_server.access import errors, store
from portico_server.access.compiling import account_policies
from portico_server.access.powers import super_administrators
from portico_server.platform.errors import DomainError
from tests.contract.access.making import (
    DENY,
    EVERYTHING,
    SUPER,
    domain_group,
    group,
    member,
    permission_group,
    policy,
    principals_group,
    resource_group,
)
from tests.contract.access.stand import ACCOUNT, ADMIN, Stand

DNS = f"{ACCOUNT}/permissionGroups/dns"
ZONE, OTHER = f"{ACCOUNT}/zones/example.com", f"{ACCOUNT}/zones/example.org"
EVE = f"{ACCOUNT}/principals/eve"


def resources(group_id: str) -> str:
    return f"{ACCOUNT}/resourceGroups/{group_id}"


async def _writer(stand: Stand, member_id: str = "eve") -> Any:
    """A member who may write policies and what they are made of, and holds nothing else."""
    made = await member(stand, member_id)
    await permission_group(stand, "writes", *(f"access.{noun}.*" for noun in ("policy", "group", "resource_group")))
    await policy(stand, "writes", made.name, permission_groups=[f"{ACCOUNT}/permissionGroups/writes"])
    return made


async def test_what_lies_outside_of_the_scope_of_ones_resource_group_is_not_ones_own(stand: Stand) -> None:
    """A resource group covers of a domain group's zones those in its scope; so they alone can be given on."""
    eve = await _writer(stand)
    await domain_group(stand, "both", "example.com", "example.org")
    both = [f"{ACCOUNT}/domainGroups/both"]
    await resource_group(stand, "scoped", scope=ZONE, domain_groups=both)
    await policy(stand, "scoped", eve.name, permission_groups=[DNS], resource_groups=[resources("scoped")])
    stand.caller = EVE
    asked = {"parent": ACCOUNT, "permission": "dns.record.delete"}
    assert (await stand.do("CheckAccess", **asked, resource=ZONE)).allowed
    assert not (await stand.do("CheckAccess", **asked, resource=OTHER)).allowed
    await resource_group(stand, "hers", domain_groups=both)
    with pytest.raises(errors.GrantsMoreThanHeld, match=OTHER):
        await policy(stand, "more", eve.name, permission_groups=[DNS], resource_groups=[resources("hers")])
    await resource_group(stand, "same", scope=ZONE, domain_groups=both)
    await policy(stand, "same", eve.name, permission_groups=[DNS], resource_groups=[resources("same")])


async def test_an_exclusion_is_given_to_nobody_by_way_of_another_group(stand: Stand) -> None:
    eve = await _writer(stand)
    record = f"{ZONE}/records/{'0' * 32}"
    await resource_group(stand, "but-one", objects=[ZONE], excluded=[record])
    await policy(stand, "but-one", eve.name, permission_groups=[DNS], resource_groups=[resources("but-one")])
    stand.caller = EVE
    for objects, excluded in (([ZONE], []), ([record], []), ([ZONE], [f"{record[:-1]}1"])):
        name = f"try-{len(objects[0])}-{len(excluded)}"
        await resource_group(stand, name, objects=objects, excluded=excluded)
        with pytest.raises(errors.GrantsMoreThanHeld):
            await policy(stand, name, eve.name, permission_groups=[DNS], resource_groups=[resources(name)])
    wider = {"name": resources("but-one"), "excluded": []}
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("UpdateResourceGroup", resource_group=wider, update_mask={"paths": ["excluded"]})


async def test_nobody_climbs_by_groups_in_groups(stand: Stand) -> None:
    """However long the way is, and at whichever end it is laid on."""
    eve = await _writer(stand)
    for number in range(4):
        await principals_group(stand, f"g{number}", *([group(f"g{number - 1}")] if number else []))
    await policy(stand, "top", group("g3"), permission_groups=[SUPER])
    stand.caller = EVE
    for joined in ("g0", "g2", "g3"):
        with pytest.raises(errors.GrantsMoreThanHeld):
            await stand.do("UpdateGroup", group={"name": group(joined), "members": [eve.name]})
    await principals_group(stand, "own", eve.name)
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("UpdateGroup", group={"name": group("g0"), "members": [group("own")]})
    with pytest.raises(errors.GroupCycle):
        await stand.do("UpdateGroup", group={"name": group("g0"), "members": [group("g3")]})


async def test_what_denies_somebody_is_weakened_by_nobody_else(stand: Stand) -> None:
    eve = await _writer(stand)
    await permission_group(stand, "wide", "dns.*", "access.domain_group.*", "access.permission_group.*")
    await policy(stand, "wide", eve.name, permission_groups=[f"{ACCOUNT}/permissionGroups/wide"])
    await domain_group(stand, "closed", "example.com")
    await domain_group(stand, "open", "example.org")
    await principals_group(stand, "shut-out", eve.name)
    await resource_group(
        stand,
        "closed",
        domain_groups=[f"{ACCOUNT}/domainGroups/closed"],
        excluded_domain_groups=[f"{ACCOUNT}/domainGroups/open"],
    )
    await permission_group(stand, "edits", "dns.record.*")
    denies = {"access": DENY, "permission_groups": [f"{ACCOUNT}/permissionGroups/edits"]}
    await policy(stand, "deny", group("shut-out"), **denies, resource_groups=[resources("closed")])
    stand.caller = EVE
    for method, fields in (
        ("UpdateGroup", {"group": {"name": group("shut-out"), "members": []}}),
        ("RemoveDomainGroupZones", {"name": f"{ACCOUNT}/domainGroups/closed", "zones": [ZONE]}),
        ("AddDomainGroupZones", {"name": f"{ACCOUNT}/domainGroups/open", "zones": [ZONE]}),
        ("UpdateDomainGroup", {"domain_group": {"name": f"{ACCOUNT}/domainGroups/open", "zones": [ZONE]}}),
        ("UpdateResourceGroup", {"resource_group": {"name": resources("closed"), "objects": [OTHER]}}),
        (
            "UpdatePermissionGroup",
            {"permission_group": {"name": f"{ACCOUNT}/permissionGroups/edits", "permissions": ["dns.zone.read"]}},
        ),
        (
            "UpdatePolicy",
            {"policy": {"name": f"{ACCOUNT}/policies/deny", "access": 1}, "update_mask": {"paths": ["access"]}},
        ),
        ("DeletePolicy", {"name": f"{ACCOUNT}/policies/deny"}),
    ):
        with pytest.raises(errors.NotSuperAdministrator):
            await stand.do(method, **fields)


@pytest.mark.parametrize(
    "name",
    [
        "accounts/other/groups/admins",
        "accounts/other/members/admin",
        "accounts/other/principals/admin",
        f"{ACCOUNT}/principals/stranger",
        f"{ACCOUNT}/members/nobody",
        f"{ACCOUNT}/policies/super-administrator",
        f"{ACCOUNT}/members/admin/",
        f"{ACCOUNT}/members/../members/admin",
        f"{ACCOUNT}/members/Admin",
        f"{ACCOUNT}/members/%61dmin",
        f"{ACCOUNT}/members/\u0430dmin",
        f"{ACCOUNT}/members/*",
        f"{ACCOUNT}/members/admin\u200b",
        ACCOUNT,
        "*",
    ],
)
async def test_a_policy_and_a_group_name_nobody_but_who_belongs_to_the_account(stand: Stand, name: str) -> None:
    for make in (policy(stand, "p", name), principals_group(stand, "g", name)):
        with pytest.raises(DomainError) as refused:
            await make
        assert refused.value.field in ("policy.principals[0]", "group.members[0]")


async def test_a_secret_of_a_service_account_is_no_principal(stand: Stand) -> None:
    """Else somebody who writes policies could keep the secret from being deleted, by referring to it."""
    await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="ci", service_account={})
    secret = (await stand.do("CreateClientSecret", parent=f"{ACCOUNT}/serviceAccounts/ci")).client_secret.name
    await _writer(stand)
    stand.caller = EVE
    for make in (policy(stand, "p", secret), principals_group(stand, "g", secret)):
        with pytest.raises(errors.RefersToNothing):
            await make


@pytest.mark.parametrize(
    "name",
    [
        "accounts/other/zones/example.com",
        f"{ACCOUNT}-evil/zones/example.com",
        f"{ACCOUNT}/zones/*",
        f"{ACCOUNT}/zones/*.example.com",
        f"{ACCOUNT}/zones/Example.com",
        f"{ACCOUNT}/zones/example.com/",
        f"{ACCOUNT}/zones/example.com/../example.org",
        f"{ACCOUNT}/zones/ex\u0430mple.com",
        f"{ACCOUNT}/zones/example.com%2F",
        f"{ACCOUNT}/zones/",
        f"{ACCOUNT}//zones/example.com",
        f"/{ACCOUNT}/zones/example.com",
        f"{ACCOUNT}/zones/.",
        f"{ACCOUNT}/zones/{'a' * 3000}",
        f"{ACCOUNT}/buckets/photos",
    ],
)
async def test_a_domain_group_and_a_resource_group_hold_zones_of_the_account_in_their_one_spelling(
    stand: Stand, name: str
) -> None:
    made = await stand.do("CreateDomainGroup", parent=ACCOUNT, domain_group_id="d", domain_group={})
    with pytest.raises(DomainError) as refused:
        await stand.do("AddDomainGroupZones", name=made.domain_group.name, zones=[ZONE, name])
    assert refused.value.field == "domain_group.zones[1]"
    if "/buckets/" not in name:
        with pytest.raises(DomainError) as refused:
            await resource_group(stand, "r", objects=[ZONE], excluded=[name])
        assert refused.value.field == "resource_group.excluded[0]"


async def test_of_two_who_remove_one_another_at_once_one_super_administrator_stays(stand: Stand) -> None:
    first = f"{ACCOUNT}/members/admin"
    for round_number in range(5):
        other = await member(stand, f"ada-{round_number}")
        await policy(stand, other.name.rpartition("/")[2], other.name, permission_groups=[SUPER])

        async def remove(name: str, caller: str) -> object:
            stand.caller = caller  # taken up before the first await
            return await stand.do("DeleteMember", name=name)

        done = await asyncio.gather(remove(other.name, ADMIN), remove(first, other.principal), return_exceptions=True)
        refused = [one for one in done if isinstance(one, DomainError)]
        assert len(refused) == 1, done
        left = super_administrators(account_policies(await stand.book.state(ACCOUNT)))
        assert len(left) == 1
        if ADMIN not in left:
            await stand.clear()
        stand.caller = ADMIN


async def test_who_was_demoted_elsewhere_gives_nothing_any_more(stand: Stand) -> None:
    """What he held is looked at in the state that the change is written to, not in one that this process remembers."""
    eve = await _writer(stand)
    held = await policy(stand, "held", eve.name, permission_groups=[DNS])
    stand.caller = EVE
    await policy(stand, "given", eve.name, permission_groups=[DNS])
    await stand.do("DeletePolicy", name=f"{ACCOUNT}/policies/given")
    remembered = stand.book._states[ACCOUNT]
    stand.caller = ADMIN
    await stand.do("DeletePolicy", name=held.name)
    stand.book._states[ACCOUNT] = remembered  # as another process has it, which took no part
    stand.caller = EVE
    with pytest.raises(errors.GrantsMoreThanHeld):
        await policy(stand, "given", eve.name, permission_groups=[DNS])


async def test_a_code_that_was_renewed_while_it_was_being_accepted_is_good_no_more(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who has an old code races the administrator who takes it back."""
    invited = await stand.do("InviteMember", parent=ACCOUNT, member_id="ada")
    looked = store.proof

    async def slowly(database: Any, name: str) -> Any:
        found = await looked(database, name)
        monkeypatch.setattr(store, "proof", looked)
        stand.caller = ADMIN
        await stand.do("RenewInvitation", name=invited.member.name)
        stand.caller = EVE
        return found

    monkeypatch.setattr(store, "proof", slowly)
    stand.caller = EVE
    with pytest.raises(errors.InvitationNotFound):
        await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=invited.invitation_code)
    assert (await stand.do("GetMember", name=invited.member.name)).member.state == 1


async def test_nobody_creates_the_account_that_others_principals_are_of(stand: Stand) -> None:
    """Whoever had it could have tokens issued for them, and act in every account that they belong to."""
    await permission_group(stand, "creates", "access.account.create")
    eve = await member(stand, "eve")
    await policy(stand, "creates", eve.name, permission_groups=[f"{ACCOUNT}/permissionGroups/creates"])
    partner = await member(stand, "zoe", "accounts/partner/principals/zoe")
    await stand.do(
        "InviteMember", parent=ACCOUNT, member_id="yve", member={"principal": "accounts/soon/principals/yve"}
    )
    stand.caller = EVE
    for taken in ("partner", "soon"):
        with pytest.raises(DomainError) as refused:
            await stand.do("CreateAccount", parent=ACCOUNT, account_id=taken)
        assert errors.ERRORS[type(refused.value)][1] == "ACCOUNT_ALREADY_EXISTS"
    await stand.do("CreateAccount", parent=ACCOUNT, account_id="partner-2")
    stand.caller = ADMIN
    await stand.do("DeleteMember", name=partner.name)
    await stand.do("CreateAccount", parent=ACCOUNT, account_id="partner")


async def test_names_that_look_alike_or_hide_something_are_refused(stand: Stand) -> None:
    for text in ("Admin\u202enimda", "a\u200bdmin", "ad\u00admin", "\ufeffadmin", "admin\x7f", "a\x00"):
        with pytest.raises(DomainError):
            await stand.do(
                "CreateGroup", parent=ACCOUNT, group_id="g", group={"display_name": text, "description": text}
            )


async def test_nobody_but_a_super_administrator_takes_part_of_everything(stand: Stand) -> None:
    """`administrator` is not above: it writes no policies, and cannot become more by what it may do."""
    eve = await member(stand, "eve")
    await policy(stand, "eve", eve.name, permission_groups=[f"{ACCOUNT}/permissionGroups/administrator"])
    stand.caller = EVE
    wanted = {"access": 1, "permission_groups": [SUPER], "resource_groups": [EVERYTHING]}
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id="t", api_token={"policies": [wanted]})
    with pytest.raises(errors.GrantsMoreThanHeld):
        await policy(stand, "more", eve.name, permission_groups=[SUPER])


async def _token(stand: Stand, token_id: str, permissions: list[str], principal: str = ADMIN) -> str:
    """The id of an API token that may do that on everything in the account."""
    group_id = f"of-{token_id}"
    await permission_group(stand, group_id, *permissions)
    stand.caller = principal
    own = {
        "access": 1,
        "permission_groups": [f"{ACCOUNT}/permissionGroups/{group_id}"],
        "resource_groups": [EVERYTHING],
    }
    made = await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id=token_id, api_token={"policies": [own]})
    return str(made.api_token.token_id)


async def test_an_api_token_gives_no_more_than_it_holds_itself_whoever_issued_it(stand: Stand) -> None:
    """Else one that may write policies, found in a log, would be worth as much as the Super Administrator's own."""
    ada = await member(stand, "ada")
    stand.token_id = await _token(stand, "writes", ["access.policy.*", "access.group.*", "dns.record.*"])
    with pytest.raises(errors.GrantsMoreThanHeld):
        await policy(stand, "more", ada.name, permission_groups=[SUPER])
    with pytest.raises(errors.GrantsMoreThanHeld):
        await policy(stand, "more", ada.name, permission_groups=[DNS])
    with pytest.raises(errors.NotSuperAdministrator):
        await policy(stand, "deny", ada.name, access=DENY)
    await permission_group(stand, "edits", "dns.record.*")
    edits = f"{ACCOUNT}/permissionGroups/edits"
    made = await policy(stand, "same", ada.name, permission_groups=[edits])
    await stand.do("DeletePolicy", name=made.name)
    for method, fields in (
        ("InviteMember", {"parent": ACCOUNT, "member_id": "bob"}),
        ("DeleteMember", {"name": ada.name}),
        ("CreateServiceAccount", {"parent": ACCOUNT, "service_account_id": "ci", "service_account": {}}),
    ):
        with pytest.raises(errors.NotSuperAdministrator):
            await stand.do(method, **fields)
    document = "version: 1\npolicies:\n  more:\n    access: allow\n    permissionGroups: [super-administrator]\n"
    document += "    resourceGroups: [everything]\n    principals: [members/ada]\n"
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("ImportPolicySet", parent=ACCOUNT, yaml=document)


async def test_an_api_token_makes_no_secret_of_a_service_account_and_renews_no_other_token(stand: Stand) -> None:
    await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="ci", service_account={})
    await _token(stand, "full", ["*"])
    less = await _token(stand, "less", ["access.api_token.*", "access.service_account.*"])
    stand.token_id = less
    with pytest.raises(errors.NotSuperAdministrator):
        await stand.do("CreateClientSecret", parent=f"{ACCOUNT}/serviceAccounts/ci")
    with pytest.raises(errors.GrantsMoreThanHeld):
        await stand.do("RollApiToken", name=f"{ACCOUNT}/apiTokens/full")
    await stand.do("RollApiToken", name=f"{ACCOUNT}/apiTokens/less")


async def test_an_api_token_that_may_everything_administers(stand: Stand) -> None:
    stand.token_id = await _token(stand, "full", ["*"])
    await stand.do("InviteMember", parent=ACCOUNT, member_id="ada")
    await policy(stand, "p", f"{ACCOUNT}/members/ada", permission_groups=[SUPER])
    stand.token_id = "api.gone"
    with pytest.raises(errors.NotSuperAdministrator):
        await stand.do("InviteMember", parent=ACCOUNT, member_id="bob")
