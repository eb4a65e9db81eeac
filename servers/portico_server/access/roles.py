"""What comes with the platform: permission groups for the roles that everybody knows, and the resource group of
everything. They stand in every account, and in no row; one that is kept under such a name counts before them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portico.access.v1.permission_groups_pb2 import PermissionGroup, ScopeType
from portico.access.v1.resource_groups_pb2 import ResourceGroup
from portico_server.access.kinds import PERMISSION_GROUP, RESOURCE_GROUP, Kind
from portico_server.access.permissions import Permissions

SUPER_ADMINISTRATOR = "super-administrator"
ADMINISTRATOR = "administrator"
READ_ONLY = "read-only"
EVERYTHING = "everything"

_OF_ADMINISTRATORS = ("access.access_key.", "access.api_token.")
"""Of the access product, besides what only reads: what is the caller's own."""

_OF_ANYBODY = frozenset({"gateway.token.create", "gateway.certificate.create"})
"""Who holds these can act as whom he holds them on, Super Administrators too: so they come with no lesser role."""


class Roles:
    """The built-in groups of any account, for these permissions."""

    def __init__(self, permissions: Permissions) -> None:
        products = sorted({name.partition(".")[0] for name in permissions})
        reads = sorted(name for name in permissions if permissions.is_read(name))
        of_access = sorted(
            name
            for name in permissions
            if name.startswith("access.") and (permissions.is_read(name) or name.startswith(_OF_ADMINISTRATORS))
        )
        others = [f"{product}.*" for product in products if product not in ("access", "gateway")]
        account_only = ScopeType.SCOPE_TYPE_ACCOUNT
        self._groups: dict[str, PermissionGroup] = {}
        self._add(
            SUPER_ADMINISTRATOR, "Super Administrator", "Everything, members and policies too.", ["*"], account_only
        )
        self._add(
            ADMINISTRATOR,
            "Administrator",
            "Everything but members, policies and what they are made of.",
            [*others, *of_access],
            account_only,
        )
        self._add(READ_ONLY, "Read only", "Whatever changes nothing.", reads, account_only)
        for product in products:
            text, held = f"Everything that the product {product} can do.", [f"{product}.*"]
            if product == "gateway":
                text = "Everything that the gateway can do, but issue tokens and certificates for others."
                held = [name for name in permissions if name.startswith("gateway.") and name not in _OF_ANYBODY]
            self._add(product, product, text, held, ScopeType.SCOPE_TYPE_ANY)

    def _add(self, role: str, label: str, description: str, permissions: list[str], scope_type: ScopeType) -> None:
        self._groups[role] = PermissionGroup(
            display_name=label,
            description=description,
            permissions=permissions,
            scope_type=scope_type,
            built_in=True,
            version=1,
        )

    def of(self, account: str) -> Mapping[str, Any]:
        """Those of an account, by name."""
        found: dict[str, Any] = {}
        for role, group in self._groups.items():
            message = PermissionGroup(name=PERMISSION_GROUP.name(account, role))
            message.MergeFrom(group)
            found[message.name] = message
        everything = RESOURCE_GROUP.name(account, EVERYTHING)
        found[everything] = ResourceGroup(
            name=everything,
            display_name="Everything",
            description="All that the account has: all domains.",
            scope=account,
            everything=True,
            built_in=True,
        )
        return found

    def is_taken(self, kind: Kind, item_id: str) -> bool:
        """Whether nothing else of the kind may have this id."""
        return item_id in self._groups if kind is PERMISSION_GROUP else kind is RESOURCE_GROUP and item_id == EVERYTHING
