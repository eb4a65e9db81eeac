"""Accounts and policies: the methods of the access product by their names, with the fields of their requests.

The contracts (`portico.access.v1`) say what each takes: `client.access.call("CreateGroup", group_id="few", group={})`.
Where a request has a `parent` and none is given it is the client's own account.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from google.protobuf import descriptor

from portico._methods import Method, lookup
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps

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


def method_of(name: str) -> Method[Any]:
    """The method. Raises ValueError, which names those that there are."""
    if name not in _methods():
        raise ValueError(f"access has no method {name!r}; it has {', '.join(sorted(_methods()))}")
    return _methods()[name]


class _Access(Service):
    @operation
    def call(self, /, method: str, **fields: Any) -> Steps[Any]:
        """Calls a method; answers its response. `fields` are those of its request, messages as dictionaries.

        Raises ValueError for a method or field that there is not, and what the platform answers.
        """
        called = method_of(method)
        return (yield from self.session.call(called, self._request(called, fields)))

    @listing
    def list(self, /, method: str, **fields: Any) -> Paging[Any, Any]:
        """What a method whose name begins with `List` answers, page after page."""
        called = method_of(method)
        items = next(iter(called.response_type.DESCRIPTOR.fields)).name
        return Paging(called, self._request(called, fields), items)

    def _request(self, called: Method[Any], fields: dict[str, Any]) -> Any:
        if "parent" in called.request_type.DESCRIPTOR.fields_by_name:
            fields = {"parent": self.session.account, **fields}
        return called.request_type(**fields)


class Access(_Access, SyncService):
    """Accounts and policies, for threads."""


class AsyncAccess(_Access, AsyncService):
    """Accounts and policies, for asyncio."""
