"""What `portico access` calls the things of an account, and how their methods are called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


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

    def shell_complete(self, context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in KINDS if name.startswith(begun)]


class OfKind(click.ParamType[str]):
    """A thing by its id or full name; the kind is known, or is what stands before it on the line (`kind`)."""

    name = "id"

    def __init__(self, kind: str = "") -> None:
        self._kind = kind

    def shell_complete(self, context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from portico_cli.completing import things

        kind = KINDS[self._kind] if self._kind else context.params.get("kind")
        return things(kind.many, begun, context.params.get("profile")) if isinstance(kind, Kind) else []


KIND = _KindType()
ID_OF_KIND = OfKind()
