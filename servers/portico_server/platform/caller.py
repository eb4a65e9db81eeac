"""What servicers ask of the call that is being served: who calls, and what he may see."""

from __future__ import annotations

from google.protobuf.message import Message

from portico_server.platform import call
from portico_server.platform.authorization import Filter
from portico_server.platform.requests import RequestKey

_NOTHING = Filter(everything=False)


def principal() -> str:
    """The caller's name."""
    found = call.current.get().principal
    return found.name if found else ""


def shown() -> Filter:
    """What a list may show; nothing where nobody decided."""
    return call.current.get().filter or _NOTHING


def holds(permission: str, resource: str) -> bool:
    """Whether the caller holds a permission that the method does not always ask for; not where nobody decided."""
    made = call.current.get()
    if made.authorizer is None or made.principal is None:
        return False
    return made.authorizer.allows(made.principal, permission, resource)


def holds_of_own(permission: str, resource: str) -> bool:
    """Whether the caller may do that with what is its own there (`Authorizer.allows_own`); not where nobody decided."""
    made = call.current.get()
    if made.authorizer is None or made.principal is None:
        return False
    return made.authorizer.allows_own(made.principal, permission, resource)


def held_below(permission: str, resource: str) -> Filter:
    """On what at or below the resource the caller holds the permission; nothing where nobody decided."""
    made = call.current.get()
    if made.authorizer is None or made.principal is None:
        return _NOTHING
    return made.authorizer.filter(made.principal, permission, resource)


def request_key(request: Message) -> RequestKey | None:
    """Names the caller's request, if it has a request id."""
    return RequestKey.of(principal(), call.current.get().method.path, request)
