"""The token endpoint: client credentials (RFC 6749, 4.4) and token exchange (RFC 8693).

What is issued here is good only together with the certificate by which its client came (RFC 8705, 3), if it came by
one. An exchange widens nothing: the subject stays, the end is never later than that of the token that was shown, and
who has it made stands in it (`act`). It is revoked with each that it comes of.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from portico_server.gateway import tokens
from portico_server.gateway.oauth.authentication import Client
from portico_server.gateway.oauth.errors import NO_STORE, OAuthError
from portico_server.gateway.oauth.forms import Form, required
from portico_server.gateway.oauth.verifying import Shown, Verifier
from portico_server.platform.authorization import Authorizer
from portico_server.platform.errors import ApiError
from portico_server.platform.http_face import HttpResponse
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.keyring import AUDIENCE

TOKEN_SECONDS = 3600
CLIENT_CREDENTIALS = "client_credentials"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant's name
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name
_TOKEN_TYPES = (ACCESS_TOKEN, "urn:ietf:params:oauth:token-type:jwt")

MOST_EXCHANGES = 4
"""So often a token may be exchanged on: each time it grows."""

PERMISSION = "gateway.token.create"
"""What a client needs on a principal to have tokens of it exchanged."""


class Grants:
    """Issues tokens to clients that have authenticated."""

    def __init__(self, keyring: Keyring, authorizer: Authorizer, verifier: Verifier) -> None:
        self._keyring = keyring
        self._authorizer = authorizer
        self._verifier = verifier
        self._grants: dict[str, Callable[[Client, Form], dict[str, Any]]] = {
            CLIENT_CREDENTIALS: self._client_credentials,
            TOKEN_EXCHANGE: self._exchange,
        }

    @property
    def types(self) -> list[str]:
        return [*self._grants]

    def answer(self, client: Client, form: Form) -> HttpResponse:
        """Raises OAuthError."""
        grant = self._grants.get(required(form, "grant_type"))
        if grant is None:
            raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(self._grants)}")
        if "scope" in form:
            raise OAuthError("invalid_scope", "tokens have no scopes here: the policy says what a principal may do")
        _check_target(form)
        content = json.dumps(grant(client, form)).encode()
        return HttpResponse(200, content, {"content-type": "application/json", **NO_STORE})

    def _client_credentials(self, client: Client, form: Form) -> dict[str, Any]:
        return self._issued(client, client.principal.name, TOKEN_SECONDS)

    def _exchange(self, client: Client, form: Form) -> dict[str, Any]:
        for name in ("subject_token_type", "actor_token_type", "requested_token_type"):
            if form.get(name, ACCESS_TOKEN) not in _TOKEN_TYPES:
                raise OAuthError("invalid_request", f"{name} must be {ACCESS_TOKEN}")
        required(form, "subject_token_type")
        subject = self._shown(client, required(form, "subject_token"), "subject_token")
        self._check_actor(client, form)
        name = subject.principal.name
        own = name == client.principal.name
        if not (own or self._authorizer.allows(client.principal, PERMISSION, name)):
            raise OAuthError(
                "unauthorized_client", f"{client.principal.name} needs the permission {PERMISSION} on {name}"
            )
        act = subject.claims.get("act")
        if not own:
            act = {"sub": client.principal.name, **({"act": act} if act else {})}
        chain = (*subject.principal.exchanged_from, subject.principal.token_id)
        if len(chain) > MOST_EXCHANGES:
            raise OAuthError(
                "invalid_request", f"subject_token has been exchanged {MOST_EXCHANGES} times, which is the most"
            )
        left_seconds = subject.principal.expires_at - int(time.time())
        if left_seconds <= 0:
            raise OAuthError("invalid_request", "subject_token is not valid: the token has expired")
        more = {tokens.EXCHANGED_FROM: chain, **({"act": act} if act else {})}
        issued = self._issued(client, name, min(TOKEN_SECONDS, left_seconds), more)
        return {**issued, "issued_token_type": ACCESS_TOKEN}

    def _check_actor(self, client: Client, form: Form) -> None:
        """The actor is the client, whether it shows a token of its own for that or not."""
        if ("actor_token" in form) != ("actor_token_type" in form):
            raise OAuthError("invalid_request", "actor_token and actor_token_type go together")
        if "actor_token" in form:
            actor = self._shown(client, form["actor_token"], "actor_token")
            if actor.principal.name != client.principal.name:
                raise OAuthError("invalid_request", "actor_token must be of the client's own principal")

    def _shown(self, client: Client, token: str, field: str) -> Shown:
        """A token that is good, and in the hands of whom it is bound to."""
        try:
            return self._verifier.verify(token, client.certificate_sha256)
        except ApiError as error:
            raise OAuthError("invalid_request", f"{field} is not valid: {error.message}") from None

    def _issued(
        self, client: Client, subject: str, lifetime_seconds: int, more: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        token = self._keyring.sign_token(
            subject,
            client_id=client.id,
            lifetime_seconds=lifetime_seconds,
            certificate_sha256=bytes.fromhex(client.certificate_sha256) or None,
            more=more,
        )
        return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime_seconds}


def _check_target(form: Form) -> None:
    """RFC 8693, 2.1, and RFC 8707: tokens are for this platform, and for nobody else."""
    if form.get("audience", AUDIENCE) != AUDIENCE or "resource" in form:
        raise OAuthError("invalid_target", f"tokens are for the audience {AUDIENCE} alone")
