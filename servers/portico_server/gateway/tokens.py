"""Access tokens that Envoy has verified: what it does not check, and whom they name.

Envoy's `jwt_authn` checks signature, issuer, audience and times, and forwards the payload. Here: the token's type,
critical headers, the claims that RFC 9068 requires, the subject's form, and the binding to a certificate (RFC 8705).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import time
from typing import Any

import grpc

from portico_server.gateway.issuers import Issuers
from portico_server.platform.access.credentials import credential_among
from portico_server.platform.authorization import Principal
from portico_server.platform.errors import ApiError
from portico_server.platform.issuers import Issuer
from portico_server.platform.keyring.identity import RESERVED_ACCOUNT
from portico_server.platform.keyring.tokens import LONGEST_TOKEN_SECONDS
from portico_server.platform.names import account_of, is_principal_name

TYPES = ("at+jwt", "application/at+jwt")
"""RFC 9068, 4."""

NO_OTHERS = Issuers()
"""For where this platform's tokens alone are good."""

EXCHANGED_FROM = "portico_exchanged_from"
"""The claim of a token that was exchanged (RFC 8693): the ids of those that it comes of. It is revoked with each."""

SINCE = "portico_since"
"""The claim of a token that was exchanged: when the first one that it comes of was issued. So old it is, to policies
and to revocations of its principal."""

CLOCK_SKEW_SECONDS = 30

_COMPACT = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
"""Three parts in base64url and nothing else (RFC 7515, 7.1). Envoy's decoder skips spaces and padding: then one token
could be written in many ways."""

_DIGEST = re.compile(r"[A-Za-z0-9_-]{43}=?")
"""SHA-256 in base64url."""

_ES256_BYTES = 64
"""RFC 7518, 3.4."""

_NEW_TOKEN = "get a new one, for example with `portico token`"  # noqa: S105 - words for the caller


def unauthenticated(reason: str, message: str) -> ApiError:
    """UNAUTHENTICATED with a reason."""
    return ApiError(grpc.StatusCode.UNAUTHENTICATED, reason, message)


def malformed(what: str) -> ApiError:
    """UNAUTHENTICATED about a token that is not one of ours in form."""
    return unauthenticated("TOKEN_MALFORMED", f"the token {what}; {_NEW_TOKEN}")


def bearer_token(authorization: bytes) -> bytes:
    """The token of an `authorization` header (RFC 6750, 2.1). Raises ApiError for another scheme."""
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token:
        raise malformed("must be sent as `authorization: Bearer TOKEN`")
    return token.strip()


def principal_of(token: bytes, payload: bytes, fingerprint: str, issuers: Issuers = NO_OTHERS) -> Principal:
    """The principal of a token whose payload Envoy has verified and forwarded as `payload` (base64url).

    `fingerprint` is that of the call's certificate; `issuers` say whom tokens of others name. Raises ApiError
    (UNAUTHENTICATED). That the token has not expired is for the caller of this function to check, at each call.
    """
    header, claims = parts_of(token)
    if token.split(b".")[1] != payload.rstrip(b"="):
        raise malformed("is not the one that was verified: send exactly one")
    check_binding(claims, fingerprint)
    return principal_in(header, claims, issuers)


def parts_of(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a token, whose signature is for others. Raises ApiError for what is none, or ambiguous."""
    return header_of(token), decoded(token.split(b".")[1], "payload")


def header_of(token: bytes) -> dict[str, Any]:
    """The header of a token, whose form is good. Raises ApiError."""
    if not _COMPACT.fullmatch(token):
        raise malformed("is not three parts in base64url, with a dot between them")
    head, _, signature = token.split(b".")
    header = decoded(head, "header")
    _check_signature_form(signature, header.get("alg"))
    return header


def _check_signature_form(signature: bytes, algorithm: Any) -> None:
    """Envoy takes longer signatures of ECDSA for good, if they are but zeros longer: the bytes of a token would be
    anybody's to change, and no other verifier would agree."""
    try:
        raw = base64.urlsafe_b64decode(signature + b"=" * (-len(signature) % 4))
    except binascii.Error:
        raw = b""
    is_canonical = base64.urlsafe_b64encode(raw).rstrip(b"=") == signature
    if not is_canonical or (algorithm == "ES256" and len(raw) != _ES256_BYTES):
        raise unauthenticated("SIGNATURE_INVALID", "the token's signature has not the form that its algorithm wants")


def principal_in(header: dict[str, Any], claims: dict[str, Any], issuers: Issuers = NO_OTHERS) -> Principal:
    """Whom a verified token names, if its type and claims are good. Raises ApiError."""
    foreign = _foreign(claims, issuers)
    strict = foreign is None or foreign.rfc9068
    _check_header(header, strict=strict)
    subject = _subject(_text(claims, "sub"), foreign)
    issued_at, expires_at = _number(claims, "iat"), _number(claims, "exp")
    _check_times(issued_at, expires_at)
    token_id = _text(claims, "jti") if strict or "jti" in claims else ""
    exchanged_from = _exchanged_from(claims) if foreign is None else ()
    return Principal(
        subject,
        account_of(subject),
        token_id=token_id,
        client_id=_text(claims, "client_id") if strict or "client_id" in claims else "",
        expires_at=expires_at,
        issued_at=min(issued_at, _number(claims, SINCE)) if foreign is None and SINCE in claims else issued_at,
        exchanged_from=exchanged_from,
        credential=credential_among(exchanged_from),
        scope=_scope(claims) if foreign is None else frozenset(),
        foreign=foreign is not None,
    )


def _foreign(claims: dict[str, Any], issuers: Issuers) -> Issuer | None:
    """The further issuer of a token; None for this platform. Raises ApiError for one that is not in force."""
    name = claims.get("iss")
    if issuers.is_own(name):
        return None
    foreign = issuers.find(name)
    if foreign is None:
        raise unauthenticated("ISSUER_UNKNOWN", "the token's issuer (`iss`) is not trusted here")
    return foreign


def _subject(subject: str, foreign: Issuer | None) -> str:
    """Whom the subject names."""
    if foreign is not None:
        principal = foreign.principal_of(subject)
        if principal is None:
            raise unauthenticated(
                "SUBJECT_UNKNOWN", "the token's subject (`sub`) is no principal here: see its issuer in issuers.toml"
            )
        return principal
    if not is_principal_name(subject):
        raise malformed("has a subject (`sub`) that is not accounts/ACCOUNT/principals/ID")
    if account_of(subject) == RESERVED_ACCOUNT:
        raise malformed(f"has a subject (`sub`) of the account {RESERVED_ACCOUNT}, which is the platform's own")
    return subject


def _check_times(issued_at: int, expires_at: int) -> None:
    """Or a token would outlive, or pass by, the revocation of its principal."""
    if expires_at <= time.time():
        raise expired()
    if not 0 < expires_at - issued_at <= LONGEST_TOKEN_SECONDS:
        raise malformed(f"ends before it begins, or lives longer than {LONGEST_TOKEN_SECONDS // 3600} hours")
    if issued_at > time.time() + CLOCK_SKEW_SECONDS:
        raise unauthenticated(
            "TOKEN_NOT_YET_VALID", f"the token is from the future; check the clocks, and {_NEW_TOKEN}"
        )


def expired() -> ApiError:
    """UNAUTHENTICATED about a token whose time is over."""
    return unauthenticated("TOKEN_EXPIRED", f"the token has expired; {_NEW_TOKEN}")


def _check_header(header: dict[str, Any], *, strict: bool) -> None:
    kind = header.get("typ", None if strict else "JWT")
    if not isinstance(kind, str) or kind.lower() not in (TYPES if strict else (*TYPES, "jwt")):
        raise unauthenticated(
            "TOKEN_TYPE_INVALID", f"the token's type (`typ`) must be at+jwt: it must be an access token; {_NEW_TOKEN}"
        )
    if "crit" in header:
        raise malformed("has a critical header (`crit`), and none is understood here")


def check_binding(claims: dict[str, Any], fingerprint: str | None) -> None:
    """Whether the certificate with this fingerprint (empty: there is none) is the one that a token is bound to, if it
    is to any; None: any one is. Raises ApiError."""
    if "cnf" not in claims:
        return
    confirmation = claims["cnf"]
    wanted = confirmation.get("x5t#S256") if isinstance(confirmation, dict) else None
    if not isinstance(wanted, str) or not _DIGEST.fullmatch(wanted):
        raise malformed("is bound (`cnf`) in a way that is not understood here; only x5t#S256 is")
    if fingerprint is None:
        return
    have = base64.urlsafe_b64encode(bytes.fromhex(fingerprint)).rstrip(b"=")
    if not fingerprint or not hmac.compare_digest(wanted.rstrip("=").encode(), have):
        raise unauthenticated(
            "CERTIFICATE_MISMATCH", "the token is bound to another client certificate; use the one it was issued for"
        )


def decoded(part: bytes, name: str) -> dict[str, Any]:
    """A part of a token (base64url). Raises ApiError for what is no JSON object, or an ambiguous one."""
    try:
        text = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
        # Of bytes Python would guess the encoding.
        value = json.loads(text.decode(), object_pairs_hook=_object, parse_constant=_constant)
    except (binascii.Error, ValueError, RecursionError):
        raise malformed(f"has a {name} that is not JSON in base64url") from None
    if not isinstance(value, dict):
        raise malformed(f"has a {name} that is not a JSON object")
    return value


def _constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses a name that stands twice: Envoy might have read the other value, for example another issuer."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise malformed(f"lacks the claim `{name}`, a text")
    return value


def _exchanged_from(claims: dict[str, Any]) -> tuple[str, ...]:
    found = claims.get(EXCHANGED_FROM, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise malformed(f"has a claim `{EXCHANGED_FROM}` that is not a list of tokens' ids")
    return tuple(found)


def _scope(claims: dict[str, Any]) -> frozenset[str]:
    """RFC 9068, 2.2.3."""
    found = claims.get("scope", "")
    if not isinstance(found, str) or ("scope" in claims and not found.split()):
        raise malformed("has a claim `scope` that is not a text with permissions in it")
    return frozenset(found.split())


def _number(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise malformed(f"lacks the claim `{name}`, whole seconds since 1970")
    return value
