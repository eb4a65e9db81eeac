"""Callers that another service vouches for: calls between products, on the mesh.

Within the process the host has put principal and acting service into the call itself. From another process they come in
an assertion, which counts in two places only. At the socket of a process behind a front, where the front removes the
header from what clients send: bound to that very door. And where Envoy verified the peer's certificate to be a node's,
which only nodes' own door lets in: bound to that certificate. An assertion that a client brings to a door of theirs is
nothing.
"""

from __future__ import annotations

from typing import Protocol

import structlog

from portico_server.gateway import tokens
from portico_server.gateway.remembered import Remembered
from portico_server.gateway.revoked import Revoked
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call
from portico_server.platform.keyring.assertions import (
    DOOR_ASSERTION,
    LEEWAY_SECONDS,
    NODE_ASSERTION,
    Assertion,
    AssertionKey,
    AssertionRefused,
    at_door,
    by_certificate,
)
from portico_server.platform.keyring.identity import node_uri

REMEMBERED = 4096

_AT_DOOR, _OF_NODE = DOOR_ASSERTION.encode(), NODE_ASSERTION.encode()

_log = structlog.get_logger(__name__)


class Asserted(Protocol):
    """Reads what another process says of the caller."""

    def read(self, call: Call) -> bool:
        """Fills the call's principal and acting service, if an assertion says so. Raises ApiError."""
        ...


class _Nothing:
    def read(self, call: Call) -> bool:
        return False


NOTHING_ASSERTED: Asserted = _Nothing()
"""For where there is no other process."""


class Assertions:
    """Believes what this trust domain's key has signed, at the door of the process of this name."""

    def __init__(self, key: AssertionKey, trust_domain: str, process: str) -> None:
        self._key = key
        self._node = node_uri(trust_domain)
        self._here = at_door(process)
        self._verified: Remembered[tuple[bytes, str], Assertion] = Remembered(REMEMBERED)

    def read(self, call: Call) -> bool:
        headers = call.headers
        if (sent := headers.get(_AT_DOOR)) is not None:
            found = self._verify(call, sent, "")
        elif call.peer.uri == self._node and (sent := headers.get(_OF_NODE)) is not None:
            found = self._verify(call, sent, call.peer.fingerprint)
        else:
            return False
        call.principal, call.acting, call.origin = found.principal, found.acting, found.origin
        return True

    def _verify(self, call: Call, sent: bytes, fingerprint: str) -> Assertion:
        """Of a node's certificate, or, without one, of this door. Verifying costs 100 us, so it is done once."""
        found = self._verified.get((sent, fingerprint))
        if found is not None and (found.expires_at + LEEWAY_SECONDS) * 1_000_000_000 > call.arrival_time_ns:
            return found
        try:
            found = self._key.verify(sent, by_certificate(fingerprint) if fingerprint else self._here)
        except AssertionRefused as refused:
            _log.warning("assertion_refused", ray_id=call.ray_id, peer=call.peer.uri, why=str(refused))
            raise tokens.unauthenticated(
                "ASSERTION_INVALID", "what says for whom this call is made cannot be believed here"
            ) from None
        self._verified.put((sent, fingerprint), found)
        return found


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
