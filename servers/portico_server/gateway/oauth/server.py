"""The endpoints, each a path with what answers it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from portico_server.gateway.account_credentials import NO_CREDENTIALS, Credentials
from portico_server.gateway.issuers import Issuers
from portico_server.gateway.limits import Limiter
from portico_server.gateway.oauth import documents
from portico_server.gateway.oauth.attempts import FailedAttempts
from portico_server.gateway.oauth.authentication import Authentication
from portico_server.gateway.oauth.errors import refusal
from portico_server.gateway.oauth.forms import MAX_FORM_BYTES, read_form
from portico_server.gateway.oauth.grants import Grants
from portico_server.gateway.oauth.introspection import TakingBack, introspect
from portico_server.gateway.oauth.scopes import Scopes
from portico_server.gateway.oauth.verifying import Verifier
from portico_server.gateway.revocations import Add
from portico_server.gateway.revoked import Revoked
from portico_server.platform.authorization import Authorizer, Principal
from portico_server.platform.call import current
from portico_server.platform.clients import Clients
from portico_server.platform.errors import ApiError
from portico_server.platform.http_face import Endpoint, HttpRequest, HttpResponse, endpoint_method
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.identity import issuer_of
from portico_server.platform.methods import Method
from portico_server.platform.settings import Settings

Answer = Callable[[HttpRequest], Awaitable[HttpResponse]]


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """One path of the protocol."""

    method: Method
    verbs: tuple[str, ...]
    max_body_bytes: int
    respond: Answer

    async def answer(self, request: HttpRequest) -> HttpResponse:
        return await self.respond(request)

    def refusal(self, error: ApiError) -> HttpResponse:
        return refusal(error)


class OAuthServer:
    """Answers the endpoints. `known` answers whom a certificate's URI makes a client, None for nobody that the policy
    names; `add` revokes. `credentials` and `issuers`: what may be exchanged besides this platform's own tokens;
    `permissions`: all that there are; `knows`: whether anybody has heard of a principal."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        authorizer: Authorizer,
        revoked: Revoked,
        add: Add,
        known: Callable[[str], Principal | None],
        limiter: Limiter | None = None,
        *,
        credentials: Credentials = NO_CREDENTIALS,
        issuers: Issuers | None = None,
        permissions: Iterable[str] = (),
        knows: Callable[[str], bool] = lambda principal: True,
    ) -> None:
        self._settings = settings
        self._keyring = keyring
        self._verifier = Verifier(keyring, revoked, credentials, issuers)
        self._authentication = Authentication(known, FailedAttempts(time.monotonic), limiter)
        self._grants = Grants(keyring, authorizer, self._verifier, Scopes(permissions), knows)
        self._taking_back = TakingBack(self._verifier, authorizer, add)
        forms = {
            documents.TOKEN: self._token,
            documents.INTROSPECT: self._introspect,
            documents.REVOKE: self._revoke,
        }
        shown = {documents.METADATA: self._metadata, documents.KEYS: self._keys}
        self._endpoints = {
            **{path: _Endpoint(endpoint_method(path), ("POST",), MAX_FORM_BYTES, each) for path, each in forms.items()},
            **{
                path: _Endpoint(endpoint_method(path, read_only=True), ("GET",), 0, each)
                for path, each in shown.items()
            },
        }

    def use_clients(self, clients: Clients) -> None:
        """From now on clients may prove who they are by the secrets that these know."""
        self._authentication.clients = clients

    def find(self, path: str) -> Endpoint | None:
        """The endpoint at a path."""
        return self._endpoints.get(path)

    @property
    def methods(self) -> dict[str, Method]:
        """Its endpoints as the pipeline knows them, by path."""
        return {path: endpoint.method for path, endpoint in self._endpoints.items()}

    async def _token(self, request: HttpRequest) -> HttpResponse:
        form, call = read_form(request), current.get()
        client = await self._authentication.client_of(call, form, self._grants.client_by_token)
        return self._grants.answer(call, client, form)

    async def _introspect(self, request: HttpRequest) -> HttpResponse:
        form = read_form(request)
        # A resource server may as well show a token of its own (RFC 7662, 2.1), which the identity step has judged.
        asking = current.get().principal
        if asking is None:
            asking = (await self._authentication.client_of(current.get(), form)).principal
        return introspect(self._verifier, asking, form)

    async def _revoke(self, request: HttpRequest) -> HttpResponse:
        form = read_form(request)
        client = await self._authentication.client_of(current.get(), form)
        return await self._taking_back.answer(client, form)

    async def _metadata(self, request: HttpRequest) -> HttpResponse:
        settings, secrets = self._settings, self._authentication.clients is not None
        methods = ["tls_client_auth", *(("client_secret_basic", "client_secret_post") if secrets else ())]
        issuer = issuer_of(settings.trust_domain)
        s3_port = settings.s3_address[1] if settings.s3_address is not None else None
        return documents.metadata(issuer, settings.hostnames, self._grants.types, methods, request, s3_port)

    async def _keys(self, request: HttpRequest) -> HttpResponse:
        return documents.keys(self._keyring.jwks())
