"""The token endpoint: client credentials (RFC 6749, 4.4) and token exchange (RFC 8693).

What is issued here is good only together with the certificate by which its client came (RFC 8705, 3), if it came by
one. An exchange widens nothing: the subject stays, so does what it is narrowed to (`scope`), the end is never later
than that of the token that was shown, and who has it made stands in it (`act`). It is revoked with each that it comes
of: with the API token that was exchanged, too, and with the secret by which a service account got it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc

from portico_server.gateway import tokens
from portico_server.gateway.identity import ORIGIN
from portico_server.gateway.oauth.authentication import Client
from portico_server.gateway.oauth.errors import NO_STORE, OAuthError
from portico_server.gateway.oauth.forms import Form, required
from portico_server.gateway.oauth.scopes import Scopes
from portico_server.gateway.oauth.verifying import Shown, Verifier
from portico_server.platform.authorization import Authorizer
from portico_server.platform.call import Call
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
    """Issues tokens to clients that have authenticated. `knows`: whether anybody has heard of a principal."""

    def __init__(
        self,
        keyring: Keyring,
        authorizer: Authorizer,
        verifier: Verifier,
        scopes: Scopes,
        knows: Callable[[str], bool] = lambda principal: True,
    ) -> None:
        self._keyring = keyring
        self._authorizer = authorizer
        self._verifier = verifier
        self._scopes = scopes
        self._knows = knows
        self._grants: dict[str, Callable[[Call, Client, Form], dict[str, Any]]] = {
            CLIENT_CREDENTIALS: self._client_credentials,
            TOKEN_EXCHANGE: self._exchange,
        }

    @property
    def types(self) -> list[str]:
        return [*self._grants]

    def answer(self, call: Call, client: Client, form: Form) -> HttpResponse:
        """Raises OAuthError."""
        grant = self._grants.get(required(form, "grant_type"))
        if grant is None:
            raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(self._grants)}")
        _check_target(form)
        content = json.dumps(grant(call, client, form)).encode()
        return HttpResponse(200, content, {"content-type": "application/json", **NO_STORE})

    def client_by_token(self, call: Call, form: Form) -> Client | None:
        """Whose API token, or token of a further issuer, a request would exchange that names no client: who bears one
        of these needs no further proof. It is bound to a certificate that is shown along. Raises OAuthError."""
        if form.get("grant_type") != TOKEN_EXCHANGE or "subject_token" not in form:
            return None
        certificate = "" if ORIGIN in call.headers else call.peer.fingerprint
        shown = self._shown(call, certificate, form["subject_token"], "subject_token")
        if shown.is_own:
            return None
        return Client(shown.principal.name, shown.principal, certificate, shown)

    def _client_credentials(self, call: Call, client: Client, form: Form) -> dict[str, Any]:
        secret, scope = client.principal, self._scopes.asked(form, frozenset())
        left_seconds = secret.expires_at - int(time.time()) if secret.expires_at else TOKEN_SECONDS
        more = {tokens.EXCHANGED_FROM: [secret.credential]} if secret.credential else {}
        return self._issued(client, secret.name, max(1, min(TOKEN_SECONDS, left_seconds)), scope, more)

    def _exchange(self, call: Call, client: Client, form: Form) -> dict[str, Any]:
        for name in ("subject_token_type", "actor_token_type", "requested_token_type"):
            if form.get(name, ACCESS_TOKEN) not in _TOKEN_TYPES:
                raise OAuthError("invalid_request", f"{name} must be {ACCESS_TOKEN}")
        required(form, "subject_token_type")
        token = required(form, "subject_token")
        shown = client.shown or self._shown(call, client.certificate_sha256, token, "subject_token")
        self._check_actor(call, client, form)
        subject, name = shown.principal, shown.principal.name
        own = name == client.principal.name
        if not (own or self._authorizer.allows(client.principal, PERMISSION, name)):
            raise OAuthError(
                "unauthorized_client", f"{client.principal.name} needs the permission {PERMISSION} on {name}"
            )
        act = shown.claims.get("act") if shown.is_own else None
        if not own:
            act = {"sub": client.principal.name, **({"act": act} if act else {})}
        chain = [each for each in (*subject.exchanged_from, subject.token_id) if each]
        if len(chain) - bool(subject.credential) > MOST_EXCHANGES:
            raise OAuthError(
                "invalid_request", f"subject_token has been exchanged {MOST_EXCHANGES} times, which is the most"
            )
        left_seconds = subject.expires_at - int(time.time())
        if left_seconds <= 0:
            raise OAuthError("invalid_request", "subject_token is not valid: the token has expired")
        scope = self._scopes.asked(form, subject.scope)
        more = {tokens.EXCHANGED_FROM: chain, tokens.SINCE: subject.issued_at, **({"act": act} if act else {})}
        issued = self._issued(client, name, min(TOKEN_SECONDS, left_seconds), scope, more)
        return {**issued, "issued_token_type": ACCESS_TOKEN}

    def _check_actor(self, call: Call, client: Client, form: Form) -> None:
        """The actor is the client, whether it shows a token of its own for that or not."""
        if ("actor_token" in form) != ("actor_token_type" in form):
            raise OAuthError("invalid_request", "actor_token and actor_token_type go together")
        if "actor_token" in form:
            actor = self._shown(call, client.certificate_sha256, form["actor_token"], "actor_token")
            if actor.principal.name != client.principal.name:
                raise OAuthError("invalid_request", "actor_token must be of the client's own principal")

    def _shown(self, call: Call, certificate: str, token: str, field: str) -> Shown:
        """A token that is good, in the hands of whom it is bound to, and of somebody who is known."""
        try:
            shown = self._verifier.verify_any(token, certificate, call.peer.address)
        except ApiError as error:
            if error.code is not grpc.StatusCode.UNAUTHENTICATED:  # nobody can tell just now
                raise
            raise OAuthError("invalid_request", f"{field} is not valid: {error.message}") from None
        if not shown.is_own and not self._knows(shown.principal.name):
            name = shown.principal.name
            raise OAuthError(
                "invalid_request",
                f"{field} is not valid: it is of {name}, who is no member or service account of an account here",
            )
        return shown

    def _issued(
        self, client: Client, subject: str, lifetime_seconds: int, scope: frozenset[str], more: Mapping[str, Any]
    ) -> dict[str, Any]:
        narrowed = {"scope": " ".join(sorted(scope))} if scope else {}
        token = self._keyring.sign_token(
            subject,
            client_id=client.id,
            lifetime_seconds=lifetime_seconds,
            certificate_sha256=bytes.fromhex(client.certificate_sha256) or None,
            more={**more, **narrowed},
        )
        return {"access_token": token, "token_type": "Bearer", "expires_in": lifetime_seconds, **narrowed}


def _check_target(form: Form) -> None:
    """RFC 8693, 2.1, and RFC 8707: tokens are for this platform, and for nobody else."""
    if form.get("audience", AUDIENCE) != AUDIENCE or "resource" in form:
        raise OAuthError("invalid_target", f"tokens are for the audience {AUDIENCE} alone")
