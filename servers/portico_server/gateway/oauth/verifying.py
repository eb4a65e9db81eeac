"""Tokens that are shown as parameters: they are judged here, as Envoy and the identity step judge those that calls
bring. This platform's own, and, where they are to be exchanged, API tokens and those of further issuers."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from portico_server.gateway import tokens
from portico_server.gateway.account_credentials import NO_CREDENTIALS, Credentials
from portico_server.gateway.issuers import Issuers
from portico_server.gateway.revoked import Revoked
from portico_server.platform.access.credentials import API_TOKEN_SECRET_PREFIX
from portico_server.platform.authorization import Principal
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.identity import issuer_of
from portico_server.platform.keyring.keyring import AUDIENCE
from portico_server.platform.keyring.signatures import one_has_signed

MAX_TOKEN_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that is good, and what it says. `is_own`: one of this platform, of the form of RFC 9068."""

    principal: Principal
    claims: dict[str, Any] = field(default_factory=dict)
    is_own: bool = True


class Verifier:
    """Verifies by the keys as they are now, and by what has been revoked until now. `credentials` knows API tokens,
    `issuers` the further issuers and their keys."""

    def __init__(
        self,
        keyring: Keyring,
        revoked: Revoked,
        credentials: Credentials = NO_CREDENTIALS,
        issuers: Issuers | None = None,
    ) -> None:
        self._keyring = keyring
        self._revoked = revoked
        self._credentials = credentials
        self._own = issuer_of(keyring.trust_domain)
        self._issuers = issuers or Issuers(self._own)

    def verify(self, token: str, fingerprint: str | None = None) -> Shown:
        """One of this platform's. `fingerprint` is that of the certificate of who shows it, empty for none; None:
        whoever it is bound to may be elsewhere. Raises ApiError. Takes some 200 us."""
        header, claims = self._parts(token)
        kid = header.get("kid")
        if header.get("alg") != "ES256" or not isinstance(kid, str | None) or not self._keyring.has_signed(token, kid):
            raise _signature_invalid()
        if claims.get("iss") != self._own:
            raise tokens.unauthenticated("ISSUER_UNKNOWN", "the token is not of this platform")
        return self._judged(header, claims, (AUDIENCE,), fingerprint)

    def look_at(self, token: str) -> Shown:
        """One of this platform's, or an API token, which somebody else than its bearer asks about. Raises ApiError."""
        if not token.startswith(API_TOKEN_SECRET_PREFIX):
            return self.verify(token)
        principal = self._principal_of(token, None)
        claims = {
            "iss": self._own,
            "sub": principal.name,
            "client_id": principal.client_id,
            "jti": principal.token_id,
            "iat": principal.issued_at,
            "exp": principal.expires_at,
        }
        return Shown(principal, {name: value for name, value in claims.items() if value}, is_own=False)

    def verify_any(self, token: str, fingerprint: str, address: str) -> Shown:
        """The same of an API token and of a token of a further issuer, too. `address`: from where it is shown."""
        if token.startswith(API_TOKEN_SECRET_PREFIX):
            principal = self._principal_of(token, address)
            self._credentials.note_use(principal)
            return Shown(principal, is_own=False)
        header, claims = self._parts(token)
        if self._issuers.is_own(claims.get("iss")):
            return self.verify(token, fingerprint)
        issuer = self._issuers.find(claims.get("iss"))
        if issuer is None:
            raise tokens.unauthenticated("ISSUER_UNKNOWN", "the token's issuer (`iss`) is not trusted here")
        keys = [key for key in self._issuers.keys_of(issuer) if key["alg"] in issuer.algorithms]
        if not one_has_signed(keys, header, token):
            raise _signature_invalid()
        return self._judged(header, claims, issuer.audiences, fingerprint)

    def _principal_of(self, token: str, address: str | None) -> Principal:
        """Whom an API token names. Raises ApiError."""
        self._revoked.refresh()
        principal = self._credentials.by_secret(f"Bearer {token}".encode(), address)
        if principal is None:
            raise tokens.malformed("is no API token")
        self._revoked.check_token(principal)
        return principal

    def _parts(self, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
        if len(token) > MAX_TOKEN_BYTES or not token.isascii():
            raise tokens.malformed("is too long, or not ASCII")
        return tokens.parts_of(token.encode())

    def _judged(
        self, header: dict[str, Any], claims: dict[str, Any], audiences: tuple[str, ...], fingerprint: str | None
    ) -> Shown:
        """One whose signature is good."""
        named = claims.get("aud")
        if not {each for each in (named if isinstance(named, list) else [named]) if isinstance(each, str)} & {
            *audiences
        }:
            raise tokens.unauthenticated("AUDIENCE_MISMATCH", "the token is for another audience (`aud`)")
        principal = tokens.principal_in(header, claims, self._issuers)
        tokens.check_binding(claims, fingerprint)
        now = time.time()
        begins_at = claims.get("nbf", 0)
        if principal.expires_at <= now:
            raise tokens.expired()
        if type(begins_at) is not int or begins_at > now + tokens.CLOCK_SKEW_SECONDS:
            raise tokens.unauthenticated("TOKEN_NOT_YET_VALID", "the token is not valid yet")
        self._revoked.refresh()
        self._revoked.check_token(principal)
        return Shown(principal, claims, is_own=self._issuers.is_own(claims.get("iss")))


def _signature_invalid() -> Exception:
    return tokens.unauthenticated("SIGNATURE_INVALID", "the token's signature does not verify")
