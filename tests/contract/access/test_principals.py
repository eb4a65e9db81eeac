"""Accounts, members who are invited, and service accounts with their secrets."""

from __future__ import annotations

import json

import pytest

from portico_server.access import accounts, errors
from portico_server.access.compiling import account_policies
from portico_server.platform.authorization import Filter
from portico_server.platform.errors import DomainError
from portico_server.platform.outbox import AUDIT, Outbox
from tests.contract.access.making import member, policy, principals_group
from tests.contract.access.stand import ACCOUNT, ADMIN, Stand

ADA = f"{ACCOUNT}/principals/ada"
BOB = f"{ACCOUNT}/principals/bob"


async def test_who_creates_an_account_is_its_super_administrator(stand: Stand) -> None:
    made = await stand.do("CreateAccount", parent=ACCOUNT, account_id="acme", account={"display_name": "Acme"})
    assert (made.account.name, made.account.parent) == ("accounts/acme", ACCOUNT)
    members = (await stand.do("ListMembers", parent="accounts/acme")).members
    assert [one.principal for one in members] == [ADMIN]
    listed = await stand.do("ListAccounts", parent=ACCOUNT)
    assert [one.name for one in listed.accounts] == ["accounts/acme", ACCOUNT]
    with pytest.raises(DomainError):
        await stand.do("CreateAccount", parent=ACCOUNT, account_id="acme")


async def test_a_stranger_sees_no_account(stand: Stand) -> None:
    stand.caller, stand.filter = ADA, Filter(everything=False)
    assert not (await stand.do("ListAccounts", parent=ACCOUNT)).accounts


async def test_the_accounts_that_one_may_create_are_bounded(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "MOST_OF_CREATOR", 2)
    monkeypatch.setattr(accounts, "MOST_OF_FIRST", 4)
    stand.caller = ADA

    async def create(account_id: str) -> None:
        await stand.do("CreateAccount", parent=ACCOUNT, account_id=account_id)

    async def refusal(account_id: str) -> str:
        with pytest.raises(DomainError) as refused:
            await create(account_id)
        code, reason = errors.ERRORS[type(refused.value)]
        assert (code.name, reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_ACCOUNTS")
        return str(refused.value)

    await create("a1")
    await create("a2")
    assert f"{ADA} has 2 accounts" in await refusal("a3")
    stand.caller = ADMIN  # for whoever administers the platform only the bound of the account holds
    await create("a3")
    await create("a4")
    assert f"{ACCOUNT} has 4 accounts" in await refusal("a5")
    stand.caller = ADA
    await stand.do("DeleteAccount", name="accounts/a1")
    await create("a6")


async def test_an_account_is_deleted_when_nothing_is_left_in_it(stand: Stand) -> None:
    await stand.do("CreateAccount", parent=ACCOUNT, account_id="acme")
    await stand.do("CreateGroup", parent="accounts/acme", group_id="g", group={})
    with pytest.raises(errors.AccountNotEmpty, match="accounts/acme/groups/g"):
        await stand.do("DeleteAccount", name="accounts/acme")
    await stand.do("DeleteGroup", name="accounts/acme/groups/g")
    await stand.do("DeleteAccount", name="accounts/acme")
    with pytest.raises(DomainError):
        await stand.do("GetAccount", name="accounts/acme")
    with pytest.raises(errors.AccountNotEmpty):
        await stand.do("DeleteAccount", name=ACCOUNT)
    with pytest.raises(DomainError, match="was deleted"):  # or who makes it anew would have what is left of it
        await stand.do("CreateAccount", parent=ACCOUNT, account_id="acme")


async def test_the_account_of_the_platforms_own_is_nobodys(stand: Stand) -> None:
    with pytest.raises(errors.InvalidField, match="account_id"):
        await stand.do("CreateAccount", parent=ACCOUNT, account_id="portico")


async def test_an_invitation_is_accepted_once(stand: Stand) -> None:
    invited = await stand.do("InviteMember", parent=ACCOUNT, member_id="ada", member={"email": "ada@example.com"})
    assert invited.member.state == 1
    assert invited.invitation_code
    await policy(stand, "beforehand", invited.member.name)
    assert ADA not in account_policies(await stand.book.state(ACCOUNT)).principals
    stand.caller = ADA
    accepted = await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=invited.invitation_code)
    assert (accepted.member.principal, accepted.member.state) == (ADA, 2)
    decided = account_policies(await stand.book.state(ACCOUNT))
    assert ADA in decided.principals
    assert decided.policies[f"{ACCOUNT}/policies/beforehand"].principals == (ADA,)
    stand.caller = BOB
    with pytest.raises(errors.InvitationNotFound):
        await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=invited.invitation_code)


async def test_an_invitation_ends_and_is_renewed_and_the_old_code_is_good_no_more(stand: Stand) -> None:
    first = await stand.do("InviteMember", parent=ACCOUNT, member_id="ada", ttl={"seconds": 60})
    stand.clock.pass_seconds(61)
    second = await stand.do("RenewInvitation", name=first.member.name)
    stand.caller = ADA
    with pytest.raises(errors.InvitationNotFound):
        await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=first.invitation_code)
    stand.clock.pass_seconds(8 * 24 * 3600)
    with pytest.raises(errors.InvitationNotFound):
        await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=second.invitation_code)


async def test_an_invitation_for_one_principal_is_for_nobody_else(stand: Stand) -> None:
    invited = await stand.do("InviteMember", parent=ACCOUNT, member_id="ada", member={"principal": ADA})
    stand.caller = BOB
    with pytest.raises(errors.InvitationNotFound):
        await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=invited.invitation_code)
    stand.caller = ""
    with pytest.raises(errors.NotAuthenticated):
        await stand.do("AcceptInvitation", parent=ACCOUNT, invitation_code=invited.invitation_code)


async def test_what_an_invitation_would_make_is_shown_first(stand: Stand) -> None:
    shown = await stand.do("InviteMember", parent=ACCOUNT, member_id="ada", validate_only=True)
    assert shown.member.name == f"{ACCOUNT}/members/ada"
    assert shown.invitation_code == ""
    with pytest.raises(DomainError):
        await stand.do("GetMember", name=shown.member.name)


async def test_who_leaves_is_named_nowhere_any_more(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await principals_group(stand, "friends", ada.principal)
    await policy(stand, "p", ada.name)
    await stand.do("DeleteMember", name=ada.name)
    decided = account_policies(await stand.book.state(ACCOUNT))
    assert decided.groups[f"{ACCOUNT}/groups/friends"].members == ()
    assert decided.policies[f"{ACCOUNT}/policies/p"].principals == ()
    assert ada.principal not in decided.principals


async def test_who_deletes_somebody_is_told_what_applies_to_nobody_by_that(stand: Stand) -> None:
    ada, bob = await member(stand, "ada"), await member(stand, "bob")
    made = await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="ci", service_account={})
    await policy(stand, "both", ada.name, bob.name)
    await principals_group(stand, "friends", ada.principal)
    await policy(stand, "friends", f"{ACCOUNT}/groups/friends")
    await policy(stand, "robots", made.service_account.name)
    left = await stand.do("DeleteMember", name=ada.name)
    assert list(left.emptied) == [f"{ACCOUNT}/groups/friends"], "the policy of the group still has it"
    left = await stand.do("DeleteMember", name=bob.name)
    assert list(left.emptied) == [f"{ACCOUNT}/policies/both"]
    left = await stand.do("DeleteServiceAccount", name=made.service_account.name)
    assert list(left.emptied) == [f"{ACCOUNT}/policies/robots"]


async def test_secrets_are_listed_as_far_as_they_may_be_seen(stand: Stand) -> None:
    names = []
    for service_account in ("ci", "robot"):
        made = await stand.do(
            "CreateServiceAccount", parent=ACCOUNT, service_account_id=service_account, service_account={}
        )
        names += [made.service_account.name]
    secrets = [(await stand.do("CreateClientSecret", parent=names[0])).client_secret.name for _ in range(3)]

    async def listed(parent: str = names[0]) -> list[str]:
        answer = await stand.do("ListClientSecrets", parent=parent)
        return [secret.name for secret in answer.client_secrets]

    assert await listed() == sorted(secrets)
    stand.filter = Filter(everything=False, allow=(names[1],))
    assert await listed() == []
    assert await listed(f"{ACCOUNT}/serviceAccounts/none") == [], "who may see nothing of it is not told that"
    stand.filter = Filter(everything=True, deny=(secrets[1],))
    assert await listed() == sorted({*secrets} - {secrets[1]})
    with pytest.raises(DomainError):
        await listed(f"{ACCOUNT}/serviceAccounts/none")


async def test_a_service_account_is_a_principal_until_it_is_disabled(stand: Stand) -> None:
    made = await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="ci", service_account={})
    principal = made.service_account.principal
    assert principal == f"{ACCOUNT}/principals/ci"
    assert principal in account_policies(await stand.book.state(ACCOUNT)).principals
    await stand.do("UpdateServiceAccount", service_account={"name": made.service_account.name, "disabled": True})
    assert principal not in account_policies(await stand.book.state(ACCOUNT)).principals
    await member(stand, "bob")
    with pytest.raises(DomainError):
        await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="bob", service_account={})


async def test_secrets_are_shown_once_kept_hashed_and_prove_until_they_are_deleted(stand: Stand) -> None:
    made = await stand.do("CreateServiceAccount", parent=ACCOUNT, service_account_id="ci", service_account={})
    name = made.service_account.name
    first = await stand.do("CreateClientSecret", parent=name)
    second = await stand.do("CreateClientSecret", parent=name, ttl={"seconds": 60})
    service_accounts = next(
        servicer._service_accounts for _, servicer in stand.running.servicers if hasattr(servicer, "ListClientSecrets")
    )
    for secret in (first.secret, second.secret):
        assert (await service_accounts.authenticate(name, secret)).service_account.name == name
        assert await service_accounts.authenticate(name, secret[:-1]) is None
    rows = await stand.database.scan("SELECT salt, hash, sealed FROM proof")
    assert not any(secret.encode() in bytes(cell) for row in rows for cell in row for secret in (first.secret,))
    assert len((await stand.do("ListClientSecrets", parent=name)).client_secrets) == 2
    stand.clock.pass_seconds(61)
    assert await service_accounts.authenticate(name, second.secret) is None
    await stand.do("DeleteClientSecret", name=first.client_secret.name)
    assert await service_accounts.authenticate(name, first.secret) is None
    await stand.do("DeleteServiceAccount", name=name)
    assert await stand.database.scan("SELECT name FROM proof") == []


async def test_each_change_leaves_an_audit_event_with_before_and_after_and_no_secret(stand: Stand) -> None:
    invited = await stand.do("InviteMember", parent=ACCOUNT, member_id="ada")
    await stand.do("UpdateMember", member={"name": invited.member.name, "display_name": "Ada"})
    events = [json.loads(event.body) for event in await Outbox(stand.database).take(100) if event.dataset == AUDIT]
    last = events[-1]
    assert (last["action"], last["resource"], last["principal"]) == ("access.member.update", invited.member.name, ADMIN)
    assert last["before"].get("displayName") is None
    assert last["after"]["displayName"] == "Ada"
    assert invited.invitation_code not in json.dumps(events)
