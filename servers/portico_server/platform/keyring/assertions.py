"""Caller assertions: by what one process of the platform tells another for whom it calls.

Callers that come by S3 or SMTP, by certificate alone, or as background work have no token that could be handed on. So
the node says who it is, in a compact JWS (ES256, RFC 7515) with a type and a key of its own: neither can an assertion
be taken for an access token, nor a token for an assertion.

Claims: `iss` and `aud`, both of the trust domain; `sub`, the principal, absent for an unknown caller; `act`, the
service that acts (RFC 8693, 4.1); `cnf`, what the assertion is bound to; `iat` and `exp`; `token`, what of the original
token counts on (its `jti`, `client_id`, `iat`, `exp`, `from`, the ids of those that it comes of, and `scope`, what it
is narrowed to); `certificate`, that of the original call (its `sha256`, `uri`, `serial`), so that its revocation counts
on, too; absent where there was none; `address`, from where that call came, by which policies may judge.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from portico_server.platform.access.credentials import credential_among
from portico_server.platform.authorization import Principal
from portico_server.platform.keyring.identity import issuer_of
from portico_server.platform.names import account_of, is_principal_name
from portico_server.platform.peer import NOBODY, Peer

DOOR_ASSERTION = "x-portico-caller-assertion"
"""The header that says for whom a call is made, at the socket of a process of this machine. Every door removes it from
what clients send, as all that begins with `x-portico-`."""

NODE_ASSERTION = "portico-caller-assertion"
"""The same between nodes. It passes the doors, and counts only where the peer's certificate is a node's."""

LIFETIME_SECONDS = 30
LEEWAY_SECONDS = 10
"""How far the clocks of two nodes may be apart."""

_ALGORITHM = "ES256"
_TYPE = "portico-caller+jwt"
_MAX_BYTES = 4096
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")

Confirmation = Mapping[str, str]
"""What an assertion is bound to, as `by_certificate` and `at_door` say it."""


class AssertionRefused(Exception):
    """Not an assertion to be believed here; the message says why, for the log alone."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """`acting` calls on behalf of `principal`, whom it does not know if None. `expires_at`: seconds since 1970.
    `origin` is the peer whose certificate the original call came by."""

    principal: Principal | None
    acting: str
    expires_at: int
    origin: Peer = NOBODY


def by_certificate(sha256_hex: str) -> Confirmation:
    """For the peer that shows this certificate (SHA-256 of its DER): the node that signs."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256_hex)).rstrip(b"=")
    return {"x5t#S256": digest.decode()}


def at_door(process: str) -> Confirmation:
    """For the Unix socket of this process, which only this platform's processes can reach. There is no certificate to
    be bound to; being bound to the door, it cannot be used by the one that gets it against a third."""
    return {"door": process}


class AssertionKey:
    """Signs for the processes of a trust domain, and verifies what they signed."""

    def __init__(self, trust_domain: str, private_key_pem: bytes) -> None:
        """Raises ValueError for what is not an EC private key."""
        self._key = ECKey.import_key(private_key_pem)
        self._issuer = issuer_of(trust_domain)
        self._audience = f"{self._issuer}/mesh"

    def sign(self, principal: Principal | None, acting: str, confirmation: Confirmation, origin: Peer = NOBODY) -> str:
        """An assertion that holds from now for LIFETIME_SECONDS."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "act": {"sub": acting},
            "cnf": dict(confirmation),
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
        }
        if principal is not None:
            claims["sub"] = principal.name
            claims["token"] = {
                "jti": principal.token_id,
                "client_id": principal.client_id,
                "iat": principal.issued_at,
                "exp": principal.expires_at,
            }
            if principal.exchanged_from:
                claims["token"]["from"] = principal.exchanged_from
            if principal.foreign:
                claims["token"]["foreign"] = True
            if principal.scope:
                claims["token"]["scope"] = sorted(principal.scope)
        if origin.fingerprint:
            claims["certificate"] = {"sha256": origin.fingerprint, "uri": origin.uri, "serial": origin.serial}
        if origin.address:
            claims["address"] = origin.address
        header = {"alg": _ALGORITHM, "typ": _TYPE}
        return jws.serialize_compact(header, json.dumps(claims).encode(), self._key, algorithms=[_ALGORITHM])

    def verify(self, assertion: bytes, confirmation: Confirmation) -> Assertion:
        """What an assertion says that must be bound to this. Raises AssertionRefused."""
        if len(assertion) > _MAX_BYTES:
            raise AssertionRefused("it is too long")
        try:
            signed = jws.deserialize_compact(assertion, self._key, algorithms=[_ALGORITHM])
            claims = json.loads(signed.payload)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise AssertionRefused(f"it is not signed by this platform: {type(error).__name__}") from error
        protected = signed.headers()
        if protected != {"alg": _ALGORITHM, "typ": _TYPE}:
            raise AssertionRefused("its header is another's")
        if not isinstance(claims, dict) or claims.get("iss") != self._issuer or claims.get("aud") != self._audience:
            raise AssertionRefused("it is for another audience")
        if claims.get("cnf") != dict(confirmation):
            raise AssertionRefused("it is bound to another peer or door")
        return Assertion(_principal(claims), _acting(claims), _checked_expiry(claims), _origin(claims))


def _checked_expiry(claims: dict[str, Any]) -> int:
    issued, expires, now = _number(claims, "iat"), _number(claims, "exp"), time.time()
    if not issued - LEEWAY_SECONDS <= now < expires + LEEWAY_SECONDS:
        raise AssertionRefused("it has expired, or is not valid yet")
    if expires - issued > LIFETIME_SECONDS:
        raise AssertionRefused("it holds for too long")
    return expires


def _acting(claims: dict[str, Any]) -> str:
    acting = claims.get("act")
    service = acting.get("sub") if isinstance(acting, dict) else None
    if not isinstance(service, str) or not service:
        raise AssertionRefused("it does not say who acts")
    return service


def _principal(claims: dict[str, Any]) -> Principal | None:
    if "sub" not in claims:
        return None
    name, token = claims["sub"], claims.get("token")
    if not isinstance(name, str) or not is_principal_name(name) or not isinstance(token, dict):
        raise AssertionRefused("it does not say whom it is for")
    token_id, client_id = token.get("jti"), token.get("client_id")
    if not isinstance(token_id, str) or not isinstance(client_id, str):
        raise AssertionRefused("it does not say by which token")
    expires_at, issued_at = _number(token, "exp"), _number(token, "iat")
    exchanged_from = token.get("from", [])
    if not isinstance(exchanged_from, list) or not all(isinstance(each, str) for each in exchanged_from):
        raise AssertionRefused("it does not say for which tokens that was exchanged")
    scope = token.get("scope", [])
    if not isinstance(scope, list) or not all(isinstance(each, str) for each in scope):
        raise AssertionRefused("it does not say what the token is narrowed to")
    return Principal(
        name,
        account_of(name),
        token_id,
        client_id,
        expires_at,
        issued_at,
        tuple(exchanged_from),
        credential_among((token_id, *exchanged_from)),
        frozenset(scope),
        token.get("foreign", False) is not False,
    )


def _origin(claims: dict[str, Any]) -> Peer:
    address = claims.get("address", "")
    if not isinstance(address, str):
        raise AssertionRefused("it does not say from where")
    if "certificate" not in claims:
        return Peer(address=address)
    told = claims["certificate"]
    names = ("sha256", "uri", "serial")
    found = [value for name in names if isinstance(told, dict) and isinstance(value := told.get(name), str)]
    if len(found) != len(names) or not _FINGERPRINT.fullmatch(found[0]):
        raise AssertionRefused("it does not say by which certificate")
    return Peer(address=address, fingerprint=found[0], uri=found[1], serial=found[2])


def _number(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise AssertionRefused(f"it lacks `{name}`")
    return value
