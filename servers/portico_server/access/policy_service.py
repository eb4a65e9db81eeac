"""Permission groups, resource groups, domain groups, groups and policies: what decisions are made of."""

from __future__ import annotations

from typing import Any

from portico.access.v1 import (
    domain_groups_pb2,
    domain_groups_pb2_grpc,
    groups_pb2,
    groups_pb2_grpc,
    permission_groups_pb2,
    permission_groups_pb2_grpc,
    policies_pb2,
    policies_pb2_grpc,
    resource_groups_pb2,
    resource_groups_pb2_grpc,
)
from portico_server.access import caller
from portico_server.access.errors import InvalidField
from portico_server.access.items import Items
from portico_server.access.kinds import DOMAIN_GROUP, GROUP, PERMISSION_GROUP, POLICY, RESOURCE_GROUP
from portico_server.access.nouns import Noun
from portico_server.platform.paging import PageTokens

MAX_ZONES = 1000


class PermissionGroupService(permission_groups_pb2_grpc.PermissionGroupServiceServicer):
    """Manages permission groups."""

    def __init__(self, items: Items, page_tokens: PageTokens) -> None:
        self._noun = Noun(
            PERMISSION_GROUP, permission_groups_pb2, "PermissionGroup", "PermissionGroups", items, page_tokens
        )

    async def CreatePermissionGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.create(request)

    async def GetPermissionGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListPermissionGroups(self, request: Any, context: Any) -> Any:
        return await self._noun.list(request)

    async def UpdatePermissionGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request)

    async def DeletePermissionGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.delete(request)


class ResourceGroupService(resource_groups_pb2_grpc.ResourceGroupServiceServicer):
    """Manages resource groups."""

    def __init__(self, items: Items, page_tokens: PageTokens) -> None:
        self._noun = Noun(RESOURCE_GROUP, resource_groups_pb2, "ResourceGroup", "ResourceGroups", items, page_tokens)

    async def CreateResourceGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.create(request)

    async def GetResourceGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListResourceGroups(self, request: Any, context: Any) -> Any:
        return await self._noun.list(request)

    async def UpdateResourceGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request)

    async def DeleteResourceGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.delete(request)


class DomainGroupService(domain_groups_pb2_grpc.DomainGroupServiceServicer):
    """Manages domain groups."""

    def __init__(self, items: Items, page_tokens: PageTokens) -> None:
        self._items = items
        self._noun = Noun(DOMAIN_GROUP, domain_groups_pb2, "DomainGroup", "DomainGroups", items, page_tokens)

    async def CreateDomainGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.create(request)

    async def GetDomainGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListDomainGroups(self, request: Any, context: Any) -> Any:
        return await self._noun.list(request)

    async def UpdateDomainGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request)

    async def DeleteDomainGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.delete(request)

    async def AddDomainGroupZones(self, request: Any, context: Any) -> Any:
        def add(message: Any) -> None:
            message.zones.extend(zone for zone in dict.fromkeys(request.zones) if zone not in set(message.zones))
            if len(message.zones) > MAX_ZONES:
                raise InvalidField(f"a domain group has at most {MAX_ZONES:,} zones: make another one", field="zones")

        kept = await self._items.edit(DOMAIN_GROUP, request.name, request.etag, add, caller.principal())
        return self._noun.changed("AddDomainGroupZones", *kept)

    async def RemoveDomainGroupZones(self, request: Any, context: Any) -> Any:
        def remove(message: Any) -> None:
            gone = set(request.zones)
            message.zones[:] = [zone for zone in message.zones if zone not in gone]

        kept = await self._items.edit(DOMAIN_GROUP, request.name, request.etag, remove, caller.principal())
        return self._noun.changed("RemoveDomainGroupZones", *kept)


class GroupService(groups_pb2_grpc.GroupServiceServicer):
    """Manages groups."""

    def __init__(self, items: Items, page_tokens: PageTokens) -> None:
        self._noun = Noun(GROUP, groups_pb2, "Group", "Groups", items, page_tokens)

    async def CreateGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.create(request)

    async def GetGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListGroups(self, request: Any, context: Any) -> Any:
        return await self._noun.list(request)

    async def UpdateGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request)

    async def DeleteGroup(self, request: Any, context: Any) -> Any:
        return await self._noun.delete(request)


class PolicyService(policies_pb2_grpc.PolicyServiceServicer):
    """Manages policies."""

    def __init__(self, items: Items, page_tokens: PageTokens) -> None:
        self._noun = Noun(POLICY, policies_pb2, "Policy", "Policies", items, page_tokens)

    async def CreatePolicy(self, request: Any, context: Any) -> Any:
        return await self._noun.create(request)

    async def GetPolicy(self, request: Any, context: Any) -> Any:
        return await self._noun.get(request)

    async def ListPolicies(self, request: Any, context: Any) -> Any:
        return await self._noun.list(request)

    async def UpdatePolicy(self, request: Any, context: Any) -> Any:
        return await self._noun.update(request)

    async def DeletePolicy(self, request: Any, context: Any) -> Any:
        return await self._noun.delete(request)
