"""Who the client is: by its certificate (RFC 8705, `tls_client_auth`), or by its secret (RFC 6749, 2.3.1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote_plus

from portico_server.gateway.identity import ORIGIN
from portico_server.gateway.limits import Limiter, stranger
from portico_server.gateway.oauth.attempts import FailedAttempts
from portico_server.gateway.oauth.errors import OAuthError
from portico_server.gateway.oauth.forms import Form, required
from portico_server.gateway.oauth.verifying import Shown
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call
from portico_server.platform.clients import Clients


@dataclass(frozen=True, slots=True)
class Client:
    """A client that has proven who it is. `certificate_sha256`: by which certificate; empty: by a secret. `shown`: by a
    token that it has exchanged for itself."""

    id: str
    principal: Principal
    certificate_sha256: str = ""
    shown: Shown | None = None


ByToken = Callable[[Call, Form], Client | None]
"""The client that a request's own token proves; None where it does not prove any. Raises OAuthError."""


class Authentication:
    """`known` answers whom a certificate's URI makes a client, None for nobody that the policy names. `clients`, once
    there are some, knows those with secrets."""

    def __init__(
        self, known: Callable[[str], Principal | None], attempts: FailedAttempts, limiter: Limiter | None = None
    ) -> None:
        self.clients: Clients | None = None
        self._known = known
        self._attempts = attempts
        self._limiter = limiter

    async def client_of(self, call: Call, form: Form, by_token: ByToken | None = None) -> Client:
        """The client of a request, whose principal the call is then counted as. `by_token` is asked for one that is
        not named. Raises OAuthError (`invalid_client`), and ApiError for one that may not try, or call, so often."""
        who = stranger(call)
        self._attempts.check(who)
        try:
            client = by_token(call, form) if by_token and not _names_client(call, form) else None
            client = client or await self._proven(call, form)
        except OAuthError as error:
            if error.error == "invalid_client":
                self._attempts.failed(who)
            raise
        call.principal = client.principal
        if self._limiter is not None:
            self._limiter.charge(call, client.principal.name)
        return client

    async def _proven(self, call: Call, form: Form) -> Client:
        credentials = _basic(call.headers.get(b"authorization", b""))
        if credentials is not None and "client_secret" in form:
            raise OAuthError("invalid_request", "a client must prove who it is in one way alone")
        if credentials is None and "client_secret" in form:
            credentials = required(form, "client_id"), form["client_secret"]
        if credentials is None:
            return self._by_certificate(call, form)
        client_id, secret = credentials
        if form.get("client_id", client_id) != client_id:
            raise OAuthError("invalid_request", "client_id is another one than that of the authorization header")
        principal = await self.clients.authenticate(client_id, secret) if self.clients is not None else None
        if principal is None:
            raise OAuthError("invalid_client", "no client has this id and this secret")
        return Client(client_id, principal)

    def _by_certificate(self, call: Call, form: Form) -> Client:
        # A browser shows its user's certificate for any page that makes it call.
        if not call.peer.uri or ORIGIN in call.headers:
            raise OAuthError("invalid_client", "a client must show its certificate, or prove who it is by a secret")
        client_id = required(form, "client_id")  # RFC 8705, 2
        principal = self._known(call.peer.uri)
        if principal is None or client_id not in (call.peer.uri, principal.name):
            raise OAuthError(
                "invalid_client",
                "client_id must be the SPIFFE id of the certificate that is shown, or the name of its principal, and "
                "the policy must name that",
            )
        return Client(call.peer.uri, principal, call.peer.fingerprint)


def _names_client(call: Call, form: Form) -> bool:
    has_header = call.headers.get(b"authorization", b"").partition(b" ")[0].lower() == b"basic"
    return has_header or "client_id" in form or "client_secret" in form


def _basic(header: bytes) -> tuple[str, str] | None:
    """Id and secret of `client_secret_basic`, which are form-encoded within; None for another scheme. Raises
    OAuthError."""
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
        pair = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, UnicodeDecodeError):
        colon, pair = "", ("", "")
    if not colon or not all(pair):
        raise OAuthError("invalid_client", "the authorization header must hold the client's id and secret")
    return pair
