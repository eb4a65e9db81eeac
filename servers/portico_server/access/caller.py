"""What the servicers ask of the call that is being served: who calls, and what he may see."""

from __future__ import annotations

from google.protobuf.message import Message

from portico_server.access.errors import NotAuthenticated
from portico_server.access.powers import Caller
from portico_server.platform import call
from portico_server.platform.access.credentials import API_TOKEN_ID_PREFIX
from portico_server.platform.access.permissions import patterns_of
from portico_server.platform.access.revision import HEADER
from portico_server.platform.caller import holds as holds
from portico_server.platform.caller import holds_of_own as holds_of_own
from portico_server.platform.caller import shown as shown
from portico_server.platform.requests import RequestKey


def principal() -> Caller:
    """The caller. Raises NotAuthenticated, which methods that ask for a permission never do."""
    found = call.current.get().principal
    if found is None:
        raise NotAuthenticated("this method needs a token: it says who you are")
    return Caller(found.name, token_id(), _is_operator_of)


def _is_operator_of(account: str) -> bool:
    made = call.current.get()
    if made.authorizer is None or made.principal is None:
        return False
    return made.authorizer.is_operator(made.principal, account)


def token_id() -> str:
    """The id of the account's credential, or else the token, that the caller came by; empty without one. A token that
    is narrowed to a scope is like an API token that holds nothing: nobody is given anything by it."""
    found = call.current.get().principal
    if found is None:
        return ""
    return API_TOKEN_ID_PREFIX if found.scope else found.credential or found.token_id


def is_in_scope(permission: str) -> bool:
    """Whether the caller's token is narrowed to nothing (RFC 9068, 2.2.3), or to something that means this
    permission."""
    found = call.current.get().principal
    return found is None or not found.scope or not found.scope.isdisjoint(patterns_of(permission))


def request_key(request: Message) -> RequestKey | None:
    """Names the caller's request, if it has a request id."""
    return RequestKey.of(str(principal()), call.current.get().method.path, request)


def tell_revision(revision: int) -> int:
    """Has the answer carry the revision in its header; answers it."""
    call.current.get().response_headers.append((HEADER, str(revision)))
    return revision
