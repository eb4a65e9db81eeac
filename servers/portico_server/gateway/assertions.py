"""Callers that another service vouches for: calls between products, on the mesh.

Within the process the host has put the principal into the call itself.
"""

from __future__ import annotations

from portico_server.gateway import tokens
from portico_server.gateway.revoked import Revoked
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call


def vouched_for(call: Call, revoked: Revoked) -> Principal:
    """Whom the acting service calls for. Raises ApiError (UNAUTHENTICATED): for nobody, or by a token that has expired
    or was revoked since."""
    principal, call.principal = call.principal, None
    if principal is None:
        raise tokens.unauthenticated(
            "TOKEN_MISSING", f"{call.acting} calls this method for a caller who gave no token, and it needs one"
        )
    if principal.expires_at and principal.expires_at * 1_000_000_000 <= call.arrival_time_ns:
        raise tokens.expired()
    if principal.token_id:
        revoked.check_token(principal)
    return principal
