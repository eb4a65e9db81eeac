"""Members: invited, accepted, removed. Only a Super Administrator changes who is one."""

from __future__ import annotations

from typing import Any

from portico.access.v1.members_pb2 import Member, MemberState
from portico_server.access import checks, rules, store
from portico_server.access.book import Book, Change
from portico_server.access.errors import InvalidField, InvitationNotFound, already_exists
from portico_server.access.items import Items, complete, existing
from portico_server.access.kinds import ACCESS_KEY, API_TOKEN, GROUP, MEMBER, POLICY, account_name, id_of, kind_of
from portico_server.access.permissions import Permissions
from portico_server.access.secrets import INVITATION, Secrets, proves
from portico_server.access.state import AccountState, Item
from portico_server.platform.database import GuardFailed

INVITATION_SECONDS = 7 * 24 * 3600
_NAMING = {POLICY: "principals", GROUP: "members"}
"""The fields in which who leaves is named."""
_MOST_EMPTIED = 100
"""That are told of."""


class Members:
    """Who belongs to an account."""

    def __init__(self, book: Book, items: Items, permissions: Permissions, secrets: Secrets) -> None:
        self._book = book
        self.items = items
        self._permissions = permissions
        self._secrets = secrets

    async def invite(
        self, parent: str, member_id: str, wanted: Member, ttl_seconds: int, caller: str, *, only_check: bool = False
    ) -> tuple[Member, int, str]:
        """The member who has yet to accept, the revision, and the code; with `only_check` nothing is kept, and there is
        no code. Raises DomainError."""
        name = MEMBER.name(parent, member_id)
        if wanted.name and wanted.name != name:
            raise InvalidField("member.name is not what parent and member_id say; leave it out", field="member.name")
        code, expires_at = self._new_code(member_id, ttl_seconds)
        shown: list[Member] = []

        def plan(state: AccountState, revision: int) -> Change:
            rules.check_super_administrator(state, caller, "invite members")
            if state.get(name) is not None:
                raise already_exists(MEMBER, name)
            if wanted.principal and wanted.principal in state.belonging():
                raise already_exists(MEMBER, wanted.principal, "a member or service account")
            member = Member(
                name=name,
                display_name=wanted.display_name,
                description=wanted.description,
                email=wanted.email,
                principal=wanted.principal,
                state=MemberState.MEMBER_STATE_INVITED,
                inviter=caller,
            )
            member.invitation_expire_time.FromSeconds(expires_at)
            complete(member, revision, self._book.clock.now_us())
            checks.check(MEMBER, member, state, self._permissions)
            shown[:] = [member]
            if only_check:
                return Change()
            return Change([member], also=[store.prove(self._secrets.proof(name, parent, code, expires_at))])

        revision, _ = await self._book.change(parent, "access.member.create", caller, plan)
        return shown[0], revision, "" if only_check else code

    async def renew(self, name: str, ttl_seconds: int, caller: str) -> tuple[Member, int, str]:
        """As `invite`, for somebody who is invited. Raises DomainError."""
        account = account_name(name)
        code, expires_at = self._new_code(id_of(name), ttl_seconds)

        def plan(state: AccountState, revision: int) -> Change:
            rules.check_super_administrator(state, caller, "invite members")
            old = existing(state, MEMBER, name)
            if old.state != MemberState.MEMBER_STATE_INVITED:
                raise already_exists(MEMBER, name, f"the invitation was accepted: {old.principal}")
            member = Member()
            member.CopyFrom(old)
            member.invitation_expire_time.FromSeconds(expires_at)
            complete(member, revision, self._book.clock.now_us(), old)
            return Change([member], also=[store.prove(self._secrets.proof(name, account, code, expires_at))])

        revision, state = await self._book.change(account, "access.member.update", caller, plan)
        return state.get(name), revision, code

    async def accept(self, account: str, code: str, caller: str) -> tuple[Member, int]:
        """The member that the caller is from now on, and the revision. Raises DomainError."""
        member_id = code.removeprefix(INVITATION).partition(".")[0]
        name = MEMBER.name(account, member_id)
        proof = await store.proof(self._book.database, name)
        good = proves(proof, code, self._book.clock.now_us() / 1e6)

        def plan(state: AccountState, revision: int) -> Change:
            old = state.get(name)
            invited = old is not None and old.state == MemberState.MEMBER_STATE_INVITED
            if not good or not invited or old.principal not in ("", caller):
                raise _no_such_invitation()
            if caller in state.belonging() and old.principal != caller:
                raise already_exists(MEMBER, caller, "a member or service account")
            member = Member()
            member.CopyFrom(old)
            member.principal = caller
            member.state = MemberState.MEMBER_STATE_ACTIVE
            member.ClearField("invitation_expire_time")
            complete(member, revision, self._book.clock.now_us(), old)
            assert proof is not None
            return Change([member], also=[store.use_up(proof)])

        try:
            revision, state = await self._book.change(account, "access.member.accept", "", plan)
        except GuardFailed as failed:
            if failed.reason != store.OTHER_PROOF:
                raise
            raise _no_such_invitation() from None  # it was renewed, or used, since it was looked at
        return state.get(name), revision

    async def remove(self, name: str, etag: str, caller: str) -> tuple[int, list[str]]:
        """The revision, and what applies to nobody now. Raises DomainError."""
        emptied: list[str] = []

        def plan(state: AccountState, revision: int) -> Change:
            rules.check_super_administrator(state, caller, "remove members")
            member = existing(state, MEMBER, name, etag)
            change = departure(state, member, revision, self._book.clock.now_us())
            emptied[:] = emptied_by(change)
            return change

        revision, _ = await self._book.change(account_name(name), "access.member.delete", caller, plan)
        return revision, emptied

    def _new_code(self, member_id: str, ttl_seconds: int) -> tuple[str, int]:
        """The member's id is part of the code, by which it is found."""
        now = self._book.clock.now_us() // 1_000_000
        return self._secrets.new(f"{INVITATION}{member_id}."), now + (ttl_seconds or INVITATION_SECONDS)


def _no_such_invitation() -> InvitationNotFound:
    return InvitationNotFound(
        "there is no such invitation: it was used, has ended, or is for somebody else; ask for a new one"
    )


def departure(state: AccountState, leaving: Any, revision: int, now_us: int) -> Change:
    """What becomes of an account that a member or service account leaves: its credentials go, and what named it names
    it no more."""
    names = {leaving.name, leaving.principal} - {""}
    change = Change(removed=[leaving.name])
    for item in state.kept():
        message = item.message
        field = _NAMING.get(item.kind)
        if (
            item.kind in (API_TOKEN, ACCESS_KEY) and leaving.principal and message.principal == leaving.principal
        ) or item.name.startswith(f"{leaving.name}/"):
            change.removed.append(item.name)
        elif field is not None and not names.isdisjoint(getattr(message, field)):
            change.put.append(_without(item, field, names, revision, now_us))
    return change


def emptied_by(departure: Change) -> list[str]:
    """The names of what has nobody left to whom it applies."""
    emptied = (message.name for message in departure.put if not getattr(message, _NAMING[kind_of(message.name)]))
    return sorted(emptied)[:_MOST_EMPTIED]


def _without(item: Item, field: str, names: set[str], revision: int, now_us: int) -> Any:
    message = item.kind.message()
    message.CopyFrom(item.message)
    kept = [name for name in getattr(message, field) if name not in names]
    message.ClearField(field)
    getattr(message, field).extend(kept)
    complete(message, revision, now_us, item.message)
    return message
