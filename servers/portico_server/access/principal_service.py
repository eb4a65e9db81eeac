"""Members and service accounts: who may be meant by policies."""

from __future__ import annotations

from typing import Any

from portico.access.v1 import members_pb2, members_pb2_grpc, service_accounts_pb2, service_accounts_pb2_grpc
from portico_server.access import caller, rules
from portico_server.access.errors import InvalidField, already_exists
from portico_server.access.items import Judge
from portico_server.access.kinds import MEMBER, SERVICE_ACCOUNT
from portico_server.access.members import Members
from portico_server.access.nouns import Noun
from portico_server.access.pages import page_size
from portico_server.access.service_accounts import ServiceAccounts, principal_of
from portico_server.access.state import AccountState
from portico_server.platform.paging import PageTokens


def _super_administrator(what: str) -> Judge:
    who = caller.principal()

    def judge(state: AccountState) -> None:
        rules.check_super_administrator(state, who, what)

    return judge


class MemberService(members_pb2_grpc.MemberServiceServicer):
    """Manages who belongs to an account."""

    def __init__(self, members: Members, page_tokens: PageTokens) -> None:
        self._members = members
        self._noun = Noun(MEMBER, members_pb2, "Member", "Members", members.items, page_tokens)

    async def InviteMember(self, request: Any, context: Any) -> Any:
        member, revision, code = await self._members.invite(
            request.parent,
            request.member_id,
            request.member,
            request.ttl.seconds,
            caller.principal(),
            only_check=request.validate_only,
        )
        return self._noun.changed("InviteMember", member, revision, invitation_code=code)

    async def AcceptInvitation(self, request: Any, context: Any) -> Any:
        kept = await self._members.accept(request.parent, request.invitation_code, caller.principal())
        return self._noun.changed("AcceptInvitation", *kept)

    async def RenewInvitation(self, request: Any, context: Any) -> Any:
        member, revision, code = await self._members.renew(request.name, request.ttl.seconds, caller.principal())
        return self._noun.changed("RenewInvitation", member, revision, invitation_code=code)

    async def GetMember(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListMembers(self, request: Any, context: Any) -> Any:
        return await self._noun.list(request)

    async def UpdateMember(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request, _super_administrator("change members"))

    async def DeleteMember(self, request: Any, context: Any) -> Any:
        revision, emptied = await self._members.remove(request.name, request.etag, caller.principal())
        return members_pb2.DeleteMemberResponse(policy_revision=caller.tell_revision(revision), emptied=emptied)


class ServiceAccountService(service_accounts_pb2_grpc.ServiceAccountServiceServicer):
    """Manages programs that belong to an account."""

    def __init__(self, service_accounts: ServiceAccounts, page_tokens: PageTokens) -> None:
        self._service_accounts = service_accounts
        self._page_tokens = page_tokens
        self._noun = Noun(
            SERVICE_ACCOUNT,
            service_accounts_pb2,
            "ServiceAccount",
            "ServiceAccounts",
            service_accounts.items,
            page_tokens,
        )

    async def CreateServiceAccount(self, request: Any, context: Any) -> Any:
        who = caller.principal()
        principal = principal_of(SERVICE_ACCOUNT.name(request.parent, request.service_account_id))

        def judge(state: AccountState) -> None:
            rules.check_super_administrator(state, who, "create service accounts")
            if principal in state.belonging():
                raise already_exists(SERVICE_ACCOUNT, principal, "a member")

        if request.service_account.principal not in ("", principal):
            where = "service_account.principal"
            raise InvalidField(f"{where}: a service account is a principal of its own, {principal}", field=where)
        request.service_account.principal = principal
        return await self._noun.create(request, judge=judge)

    async def GetServiceAccount(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListServiceAccounts(self, request: Any, context: Any) -> Any:
        return await self._noun.list(request)

    async def UpdateServiceAccount(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request, _super_administrator("change service accounts"))

    async def DeleteServiceAccount(self, request: Any, context: Any) -> Any:
        revision, emptied = await self._service_accounts.remove(request.name, request.etag, caller.principal())
        return service_accounts_pb2.DeleteServiceAccountResponse(
            policy_revision=caller.tell_revision(revision), emptied=emptied
        )

    async def CreateClientSecret(self, request: Any, context: Any) -> Any:
        message, revision, secret = await self._service_accounts.create_secret(
            request.parent, request.ttl.seconds, caller.principal()
        )
        return service_accounts_pb2.CreateClientSecretResponse(
            client_secret=message, policy_revision=caller.tell_revision(revision), secret=secret
        )

    async def ListClientSecrets(self, request: Any, context: Any) -> Any:
        who = caller.principal()
        after = self._page_tokens.open(request, who, request.page_token)
        found, cursor = await self._service_accounts.secrets_page(
            request.parent, after, page_size(request.page_size), caller.shown()
        )
        return service_accounts_pb2.ListClientSecretsResponse(
            client_secrets=found, next_page_token=self._page_tokens.seal(request, who, cursor)
        )

    async def DeleteClientSecret(self, request: Any, context: Any) -> Any:
        revision = await self._service_accounts.delete_secret(request.name, caller.principal())
        return service_accounts_pb2.DeleteClientSecretResponse(policy_revision=caller.tell_revision(revision))
