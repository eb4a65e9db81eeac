"""What `portico access` calls the things of an account, and how their methods are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Kind:
    """`collection`: as in names; `field`: as in requests; `one`, `many`: as in the names of methods."""

    collection: str
    field: str
    one: str
    many: str

    def name(self, account: str, given: str) -> str:
        """The full name of an id; a full name stays."""
        if "/" in given:
            return given
        return f"accounts/{given}" if self.collection == "accounts" else f"{account}/{self.collection}/{given}"


KINDS = {
    "accounts": Kind("accounts", "account", "Account", "Accounts"),
    "permission-groups": Kind("permissionGroups", "permission_group", "PermissionGroup", "PermissionGroups"),
    "resource-groups": Kind("resourceGroups", "resource_group", "ResourceGroup", "ResourceGroups"),
    "domain-groups": Kind("domainGroups", "domain_group", "DomainGroup", "DomainGroups"),
    "policies": Kind("policies", "policy", "Policy", "Policies"),
    "groups": Kind("groups", "group", "Group", "Groups"),
    "members": Kind("members", "member", "Member", "Members"),
    "service-accounts": Kind("serviceAccounts", "service_account", "ServiceAccount", "ServiceAccounts"),
    "tokens": Kind("apiTokens", "api_token", "ApiToken", "ApiTokens"),
    "keys": Kind("accessKeys", "access_key", "AccessKey", "AccessKeys"),
}


class _KindType(click.ParamType[Kind]):
    """A kind, by its name in the plural."""

    name = "kind"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Kind:
        if isinstance(value, Kind):
            return value
        if value not in KINDS:
            self.fail(f"{value!r} is none of {', '.join(KINDS)}", parameter, context)
        return KINDS[value]


KIND = _KindType()
