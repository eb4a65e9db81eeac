"""What an account is made of: one kind for each collection of its names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from google.protobuf.message import Message

from portico.access.v1 import (
    access_keys_pb2,
    accounts_pb2,
    api_tokens_pb2,
    domain_groups_pb2,
    groups_pb2,
    members_pb2,
    permission_groups_pb2,
    policies_pb2,
    resource_groups_pb2,
    service_accounts_pb2,
)


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """`collection`: as in names; `field`: as in requests; `noun`: as in permissions and sentences; `mutable`: what an
    update can change."""

    collection: str
    field: str
    message: type[Message]
    mutable: tuple[str, ...] = ()

    @property
    def noun(self) -> str:
        return self.field.replace("_", " ")

    def parse(self, body: bytes) -> Any:
        return self.message.FromString(body)

    def name(self, account: str, item_id: str) -> str:
        return f"{account}/{self.collection}/{item_id}"


_DESCRIBED = ("display_name", "description")

ACCOUNT = Kind("accounts", "account", accounts_pb2.Account, _DESCRIBED)
PERMISSION_GROUP = Kind(
    "permissionGroups",
    "permission_group",
    permission_groups_pb2.PermissionGroup,
    (*_DESCRIBED, "permissions", "scope_type"),
)
RESOURCE_GROUP = Kind(
    "resourceGroups",
    "resource_group",
    resource_groups_pb2.ResourceGroup,
    (*_DESCRIBED, "scope", "everything", "objects", "domain_groups", "excluded", "excluded_domain_groups"),
)
DOMAIN_GROUP = Kind("domainGroups", "domain_group", domain_groups_pb2.DomainGroup, (*_DESCRIBED, "zones"))
POLICY = Kind(
    "policies",
    "policy",
    policies_pb2.Policy,
    (*_DESCRIBED, "access", "permission_groups", "resource_groups", "principals", "conditions"),
)
GROUP = Kind("groups", "group", groups_pb2.Group, (*_DESCRIBED, "members"))
MEMBER = Kind("members", "member", members_pb2.Member, (*_DESCRIBED, "email"))
SERVICE_ACCOUNT = Kind(
    "serviceAccounts", "service_account", service_accounts_pb2.ServiceAccount, (*_DESCRIBED, "disabled")
)
CLIENT_SECRET = Kind("secrets", "client_secret", service_accounts_pb2.ClientSecret)
API_TOKEN = Kind("apiTokens", "api_token", api_tokens_pb2.ApiToken)
ACCESS_KEY = Kind("accessKeys", "access_key", access_keys_pb2.AccessKey)

KINDS = {
    kind.collection: kind
    for kind in (
        ACCOUNT,
        PERMISSION_GROUP,
        RESOURCE_GROUP,
        DOMAIN_GROUP,
        POLICY,
        GROUP,
        MEMBER,
        SERVICE_ACCOUNT,
        CLIENT_SECRET,
        API_TOKEN,
        ACCESS_KEY,
    )
}
"""By collection."""

POLICY_SET = (PERMISSION_GROUP, DOMAIN_GROUP, RESOURCE_GROUP, GROUP, POLICY)
"""What is exported and imported, each behind what it refers to."""


def kind_of(name: str) -> Kind:
    """The kind of what has this name."""
    return KINDS[name.rsplit("/", 2)[-2]]


def account_name(name: str) -> str:
    """`accounts/{account}` of the name of whatever belongs to it."""
    return "/".join(name.split("/", 2)[:2])


def id_of(name: str) -> str:
    return name.rpartition("/")[2]
