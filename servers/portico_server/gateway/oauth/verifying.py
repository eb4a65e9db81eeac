"""Tokens that are shown as parameters: they are judged here, as Envoy and the identity step judge those that calls
bring. This platform's own tokens alone; those of further issuers are for their issuers to tell of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from portico_server.gateway import tokens
from portico_server.gateway.revoked import Revoked
from portico_server.platform.authorization import Principal
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.identity import issuer_of
from portico_server.platform.keyring.keyring import AUDIENCE

MAX_TOKEN_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Shown:
    """A token that is good, and what it says."""

    principal: Principal
    claims: dict[str, Any]


class Verifier:
    """Verifies by the keys of the platform's folder, as they are now, and by what has been revoked until now."""

    def __init__(self, keyring: Keyring, revoked: Revoked) -> None:
        self._keyring = keyring
        self._revoked = revoked
        self._issuer = issuer_of(keyring.trust_domain)

    def verify(self, token: str, fingerprint: str | None = None) -> Shown:
        """`fingerprint` is that of the certificate of who shows it, empty for none; None: whoever it is bound to may
        be elsewhere. Raises ApiError. Takes some 200 us."""
        if len(token) > MAX_TOKEN_BYTES or not token.isascii():
            raise tokens.malformed("is too long, or not ASCII")
        header, claims = tokens.parts_of(token.encode())
        kid = header.get("kid")
        if header.get("alg") != "ES256" or not isinstance(kid, str | None) or not self._keyring.has_signed(token, kid):
            raise tokens.unauthenticated("SIGNATURE_INVALID", "the token's signature does not verify")
        if claims.get("iss") != self._issuer:
            raise tokens.unauthenticated("ISSUER_UNKNOWN", "the token is not of this platform")
        audiences = claims.get("aud")
        if AUDIENCE not in (audiences if isinstance(audiences, list) else [audiences]):
            raise tokens.unauthenticated("AUDIENCE_MISMATCH", "the token is for another audience (`aud`)")
        principal = tokens.principal_in(header, claims)
        tokens.check_binding(claims, fingerprint)
        now = time.time()
        begins_at = claims.get("nbf", 0)
        if principal.expires_at <= now:
            raise tokens.expired()
        if type(begins_at) is not int or begins_at > now + tokens.CLOCK_SKEW_SECONDS:
            raise tokens.unauthenticated("TOKEN_NOT_YET_VALID", "the token is not valid yet")
        self._revoked.refresh()
        self._revoked.check_token(principal)
        return Shown(principal, claims)
