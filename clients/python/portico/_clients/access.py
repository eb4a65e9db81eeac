"""Accounts and policies: what is done most with types of its own, and all methods by their names.

The contracts (`portico.access.v1`) say what each method takes: `client.access.call("CreateGroup", group_id="few",
group={})`. Where a request has a `parent` and none is given it is the client's own account; things of it are given by
their ids, or by full names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf import descriptor

from portico._kept_keys import own_key
from portico._methods import Method, Response, lookup
from portico._names import name_of
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps
from portico.access.v1 import decisions_pb2, domain_groups_pb2, members_pb2, policies_pb2, policy_sets_pb2
from portico.access.v1.api_tokens_pb2 import ApiTokenPolicy, CreateApiTokenResponse, RollApiTokenResponse
from portico.access.v1.decisions_pb2 import ExplainResponse, ListMyPermissionsResponse, SimulatePolicyResponse
from portico.access.v1.domain_groups_pb2 import DomainGroup
from portico.access.v1.members_pb2 import InviteMemberResponse, Member
from portico.access.v1.policies_pb2 import Access as Effect
from portico.access.v1.policies_pb2 import Policy
from portico.access.v1.policy_sets_pb2 import ImportPolicySetResponse
from portico.access.v1.service_accounts_pb2 import CreateClientSecretResponse
from portico.presigning import AccessKey

_CONTRACTS = (
    "access_keys",
    "accounts",
    "api_tokens",
    "decisions",
    "domain_groups",
    "groups",
    "members",
    "permission_groups",
    "permissions",
    "policies",
    "policy_sets",
    "resource_groups",
    "service_accounts",
)


@cache
def _methods() -> dict[str, Method[Any]]:
    """All methods by name, each of which there is once."""
    found: dict[str, Method[Any]] = {}
    for name in _CONTRACTS:
        contract: descriptor.FileDescriptor = import_module(f"portico.access.v1.{name}_pb2").DESCRIPTOR
        for service in contract.services_by_name.values():
            found.update({method.name: lookup(f"/{service.full_name}/{method.name}") for method in service.methods})
    return found


def method_names() -> list[str]:
    """Of all methods of access."""
    return sorted(_methods())


def method_of(name: str) -> Method[Any]:
    """The method. Raises ValueError, which names those that there are."""
    if name not in _methods():
        raise ValueError(f"access has no method {name!r}; it has {', '.join(method_names())}")
    return _methods()[name]


class _Access(Service):
    @operation
    def call(self, /, method: str, **fields: Any) -> Steps[Any]:
        """Calls a method; answers its response. `fields` are those of its request, messages as dictionaries.

        Raises ValueError for a method or field that there is not, and what the platform answers.
        """
        return (yield from self._call(method, fields))

    @listing
    def list(self, /, method: str, **fields: Any) -> Paging[Any, Any]:
        """What a method whose name begins with `List` answers, page after page."""
        called = method_of(method)
        items = next(iter(called.response_type.DESCRIPTOR.fields)).name
        return Paging(called, self._request(called, fields), items)

    @operation
    def check(self, permission: str, resource: str, *, principal: str = "") -> Steps[bool]:
        """Whether a principal (left out: the caller) holds the permission on the resource. Raises PermissionDenied
        where the caller may not ask about others."""
        asked = {"permission": permission, "resource": resource, "principal": self._principal(principal)}
        return (yield from self._ask(decisions_pb2.CheckAccessResponse, asked)).allowed

    @operation
    def check_all(self, questions: Iterable[tuple[str, str]], *, principal: str = "") -> Steps[Sequence[bool]]:
        """As `check`, for up to 1,000 pairs of permission and resource at once; answers in their order."""
        who = self._principal(principal)
        asked = [{"permission": permission, "resource": name, "principal": who} for permission, name in questions]
        answer = yield from self._ask(decisions_pb2.BatchCheckAccessResponse, {"questions": asked})
        return tuple(answer.allowed)

    @operation
    def explain(self, permission: str, resource: str, *, principal: str = "") -> Steps[ExplainResponse]:
        """Why a principal holds the permission on the resource, or does not."""
        asked = {"permission": permission, "resource": resource, "principal": self._principal(principal)}
        return (yield from self._ask(ExplainResponse, asked))

    @listing
    def my_permissions(self, resource: str = "") -> Paging[str, ListMyPermissionsResponse]:
        """The permissions that the caller holds on the resource (left out: the account) or below it."""
        called = method_of("ListMyPermissions")
        return Paging(called, self._request(called, {"resource": resource}), "permissions")

    @operation
    def simulate(
        self, policy: Policy | None = None, *, removed: str = "", resources: Sequence[str] = ()
    ) -> Steps[SimulatePolicyResponse]:
        """Who would gain and lose what if the policy were so, or the one named `removed` were not."""
        gone = self._name("policies", removed) if removed else ""
        fields = {"policy": policy, "removed_policy": gone, "resources": tuple(resources)}
        return (yield from self._ask(SimulatePolicyResponse, fields))

    @operation
    def grant(
        self, policy_id: str, roles: Sequence[str], on: Sequence[str], to: Sequence[str], *, deny: bool = False
    ) -> Steps[Policy]:
        """Makes a policy: these permission groups on these resource groups for these members (or, by their full names,
        groups and service accounts). Raises AlreadyExists, PermissionDenied (`GRANTS_MORE_THAN_HELD`)."""
        policy = Policy(
            access=Effect.ACCESS_DENY if deny else Effect.ACCESS_ALLOW,
            permission_groups=[self._name("permissionGroups", each) for each in roles],
            resource_groups=[self._name("resourceGroups", each) for each in on],
            principals=[each if "/" in each else self._name("members", each) for each in to],
        )
        fields = {"policy_id": policy_id, "policy": policy}
        return (yield from self._ask(policies_pb2.CreatePolicyResponse, fields)).policy

    @operation
    def export_policies(self) -> Steps[str]:
        """The policies of the account, and the groups that they are made of, as YAML."""
        return (yield from self._ask(policy_sets_pb2.ExportPolicySetResponse, {})).yaml

    @operation
    def import_policies(
        self, yaml: str, *, dry_run: bool = False, prune: bool = False, expected_policy_revision: int = 0
    ) -> Steps[ImportPolicySetResponse]:
        """Makes what the YAML says so, all of it or nothing; with `prune` deletes what it lacks.

        Raises InvalidArgument, FailedPrecondition, PermissionDenied, which name line and element; Aborted where the
        account has changed since that revision.
        """
        seen = {"expected_policy_revision": expected_policy_revision}
        fields = {"yaml": yaml, "dry_run": dry_run, "prune": prune, **seen}
        return (yield from self._ask(ImportPolicySetResponse, fields))

    @operation
    def invite(
        self, member_id: str, *, principal: str = "", email: str = "", ttl_seconds: int = 0
    ) -> Steps[InviteMemberResponse]:
        """Invites somebody; the answer has the code, which is shown once. Raises AlreadyExists, PermissionDenied."""
        member = Member(principal=self._principal(principal), email=email)
        fields = {"member_id": member_id, "member": member, **_living(ttl_seconds)}
        return (yield from self._ask(InviteMemberResponse, fields))

    @operation
    def accept(self, invitation_code: str) -> Steps[Member]:
        """Becomes the member whom the code invites. Raises NotFound."""
        fields = {"invitation_code": invitation_code}
        return (yield from self._ask(members_pb2.AcceptInvitationResponse, fields)).member

    @operation
    def add_zones(self, domain_group: str, zones: Sequence[str]) -> Steps[DomainGroup]:
        """Adds zones, by their domains; whoever has access by the group has it to them from then on."""
        fields = self._zones(domain_group, zones)
        return (yield from self._ask(domain_groups_pb2.AddDomainGroupZonesResponse, fields)).domain_group

    @operation
    def remove_zones(self, domain_group: str, zones: Sequence[str]) -> Steps[DomainGroup]:
        """Takes zones out, and everybody's access by the group along."""
        fields = self._zones(domain_group, zones)
        return (yield from self._ask(domain_groups_pb2.RemoveDomainGroupZonesResponse, fields)).domain_group

    @operation
    def create_secret(self, service_account: str, *, ttl_seconds: int = 0) -> Steps[CreateClientSecretResponse]:
        """Makes a secret of a service account, good for ever if not said otherwise; it is shown once."""
        parent = self._name("serviceAccounts", service_account)
        return (yield from self._ask(CreateClientSecretResponse, {"parent": parent, **_living(ttl_seconds)}))

    @operation
    def create_token(
        self,
        token_id: str,
        policies: Sequence[ApiTokenPolicy],
        *,
        ttl_seconds: int = 0,
        source_cidrs: Sequence[str] = (),
    ) -> Steps[CreateApiTokenResponse]:
        """Makes an API token of the caller's, good for 90 days if not said otherwise; its secret is shown once. Raises
        PermissionDenied (`GRANTS_MORE_THAN_HELD`)."""
        token = {"policies": policies, "source_cidrs": source_cidrs}
        fields = {"api_token_id": token_id, "api_token": token, **_living(ttl_seconds)}
        return (yield from self._ask(CreateApiTokenResponse, fields))

    @operation
    def roll_token(self, token: str) -> Steps[RollApiTokenResponse]:
        """Gives an API token of the caller's another secret; the old one is good no more."""
        return (yield from self._ask(RollApiTokenResponse, {"name": self._name("apiTokens", token)}))

    @operation
    def revoke_token(self, token: str) -> Steps[None]:
        """Deletes an API token; it is good no more."""
        yield from self._call("DeleteApiToken", {"name": self._name("apiTokens", token)})

    @operation
    def own_key(self) -> Steps[AccessKey]:
        """The access key that the profile keeps for S3's clients: made, and kept in its folder, where there is none, or
        none any more. Raises ProfileError, PermissionDenied, ResourceExhausted (the caller has ten already)."""
        return (yield from own_key(self.session))

    def _zones(self, domain_group: str, zones: Sequence[str]) -> dict[str, Any]:
        named = [self._name("zones", zone) for zone in zones]
        return {"name": self._name("domainGroups", domain_group), "zones": named}

    def _ask(self, answers: type[Response], fields: dict[str, Any]) -> Steps[Response]:
        """Calls the method that answers that response."""
        answer: Response = yield from self._call(answers.DESCRIPTOR.name.removesuffix("Response"), fields)
        return answer

    def _call(self, method: str, fields: dict[str, Any]) -> Steps[Any]:
        called = method_of(method)
        return (yield from self.session.call(called, self._request(called, fields)))

    def _request(self, called: Method[Any], fields: dict[str, Any]) -> Any:
        if "parent" in called.request_type.DESCRIPTOR.fields_by_name:
            fields = {"parent": self.session.account, **fields}
        return called.request_type(**fields)

    def _name(self, collection: str, given: str) -> str:
        return name_of(self.session.account, collection, given)

    def _principal(self, given: str) -> str:
        """Empty stays empty: the caller."""
        return self._name("principals", given) if given else ""


def _living(ttl_seconds: int) -> dict[str, Any]:
    return {"ttl": {"seconds": ttl_seconds}} if ttl_seconds else {}


class Access(_Access, SyncService):
    """Accounts and policies, for threads."""


class AsyncAccess(_Access, AsyncService):
    """Accounts and policies, for asyncio."""
