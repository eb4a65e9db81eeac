"""What a token is worth now (RFC 7662), and taking one back (RFC 7009)."""

from __future__ import annotations

import json
import time

import grpc

from portico_server.gateway.oauth.authentication import Client
from portico_server.gateway.oauth.errors import NO_STORE, OAuthError
from portico_server.gateway.oauth.forms import Form, required
from portico_server.gateway.oauth.verifying import Shown, Verifier
from portico_server.gateway.revocation_log import LogFull
from portico_server.gateway.revocations import Add
from portico_server.platform.access.credentials import API_TOKEN_SECRET_PREFIX
from portico_server.platform.authorization import Authorizer, Principal
from portico_server.platform.errors import ApiError
from portico_server.platform.http_face import HttpResponse
from portico_server.platform.revocations import Kind, Revocation

REVOKE = "gateway.token.revoke"
"""What a client needs on its account to take back a token that is neither its own nor issued to it."""

_TOLD = ("iss", "sub", "aud", "client_id", "jti", "iat", "nbf", "exp", "cnf", "act", "scope")
"""Claims that are passed on, where a token has them."""


def introspect(verifier: Verifier, asking: Principal, form: Form) -> HttpResponse:
    """Of a token that is not good (malformed, foreign, expired, revoked, or of another account than who asks) nothing
    is told, not even why. Raises OAuthError, and ApiError where nobody can tell."""
    shown = _shown(verifier, form)
    told: dict[str, object] = {"active": False}
    if shown is not None and shown.principal.account == asking.account:
        told = {"active": True, "token_type": "Bearer"}
        told |= {name: shown.claims[name] for name in _TOLD if name in shown.claims}
    return HttpResponse(200, json.dumps(told).encode(), {"content-type": "application/json", **NO_STORE})


class TakingBack:
    """Revokes tokens for clients. `add` revokes in every process of the machine before it returns."""

    def __init__(self, verifier: Verifier, authorizer: Authorizer, add: Add) -> None:
        self._verifier = verifier
        self._authorizer = authorizer
        self._add = add

    async def answer(self, client: Client, form: Form) -> HttpResponse:
        """A token that is not good need not be taken back: that is no error (RFC 7009, 2.2). Raises OAuthError, and
        ApiError where nobody can tell, or as many are revoked as can be kept."""
        if required(form, "token").startswith(API_TOKEN_SECRET_PREFIX):
            raise OAuthError(
                "unsupported_token_type", "an API token is taken back by deleting it, or by its id: see docs/access.md"
            )
        shown = _shown(self._verifier, form)
        if shown is not None:
            await self._revoke(client, shown)
        return HttpResponse(200, b"", NO_STORE)

    async def _revoke(self, client: Client, shown: Shown) -> None:
        token, own = shown.principal, client.principal
        account = f"accounts/{token.account}"
        is_its_own = token.name == own.name or token.client_id == client.id
        if not (is_its_own or self._authorizer.allows(own, REVOKE, account)):
            raise OAuthError(
                "unauthorized_client", f"the token was issued to another client: {REVOKE} is needed on {account}"
            )
        now = int(time.time())
        try:
            await self._add(
                Revocation(
                    Kind.TOKEN,
                    account,
                    token.token_id,
                    now,
                    token.expires_at + 1,
                    revoked_by=own.name,
                    reason="OAuth 2.0",
                )
            )
        except LogFull as full:
            raise ApiError(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_REVOCATIONS", str(full)) from None


def _shown(verifier: Verifier, form: Form) -> Shown | None:
    """The token in question; None for one that is not good."""
    token = required(form, "token")
    try:
        return verifier.look_at(token)
    except ApiError as error:
        if error.code is not grpc.StatusCode.UNAUTHENTICATED:  # what was revoked cannot be read: it may be good
            raise
        return None
