"""Access tokens that Envoy has verified: what it does not check, and whom they name.

Envoy's `jwt_authn` checks signature, issuer, audience and times, and forwards the payload. Here: the token's type,
critical headers, the claims that RFC 9068 requires, the subject's form, and the binding to a certificate (RFC 8705).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from typing import Any

import grpc

from portico_server.gateway.issuers import Issuers
from portico_server.platform.authorization import Principal
from portico_server.platform.errors import ApiError
from portico_server.platform.issuers import Issuer
from portico_server.platform.keyring.tokens import LONGEST_TOKEN_SECONDS
from portico_server.platform.names import account_of, is_principal_name

TYPES = ("at+jwt", "application/at+jwt")
"""RFC 9068, 4."""

NO_OTHERS = Issuers()
"""For where this platform's tokens alone are good."""

CLOCK_SKEW_SECONDS = 30

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
    parts = token.split(b".")
    if len(parts) != 3 or parts[1].rstrip(b"=") != payload.rstrip(b"="):
        raise malformed("is not the one that was verified: send exactly one")
    header, claims = decoded(parts[0], "header"), decoded(payload, "payload")
    foreign = _foreign(claims, issuers)
    strict = foreign is None or foreign.rfc9068
    _check_header(header, strict=strict)
    _check_binding(claims.get("cnf"), fingerprint)
    subject = _subject(_text(claims, "sub"), foreign)
    issued_at, expires_at = _number(claims, "iat"), _number(claims, "exp")
    if foreign is not None:
        _check_times(issued_at, expires_at)
    return Principal(
        subject,
        account_of(subject),
        token_id=_text(claims, "jti") if strict or "jti" in claims else "",
        client_id=_text(claims, "client_id") if strict or "client_id" in claims else "",
        expires_at=expires_at,
        issued_at=issued_at,
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
    return subject


def _check_times(issued_at: int, expires_at: int) -> None:
    """Or a token would outlive, or pass by, the revocation of its principal."""
    if expires_at - issued_at > LONGEST_TOKEN_SECONDS or issued_at > time.time() + CLOCK_SKEW_SECONDS:
        raise malformed(f"is from the future, or lives longer than {LONGEST_TOKEN_SECONDS // 3600} hours")


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


def _check_binding(confirmation: Any, fingerprint: str) -> None:
    if confirmation is None:
        return
    wanted = confirmation.get("x5t#S256") if isinstance(confirmation, dict) else None
    if not isinstance(wanted, str):
        raise malformed("is bound (`cnf`) in a way that is not understood here; only x5t#S256 is")
    have = base64.urlsafe_b64encode(bytes.fromhex(fingerprint)).rstrip(b"=")
    if not fingerprint or not hmac.compare_digest(wanted.rstrip("=").encode(), have):
        raise unauthenticated(
            "CERTIFICATE_MISMATCH", "the token is bound to another client certificate; use the one it was issued for"
        )


def decoded(part: bytes, name: str) -> dict[str, Any]:
    """A part of a token (base64url). Raises ApiError for what is no JSON object, or an ambiguous one."""
    try:
        text = base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True)
        value = json.loads(text, object_pairs_hook=_object)
    except (binascii.Error, ValueError, RecursionError):
        raise malformed(f"has a {name} that is not JSON in base64url") from None
    if not isinstance(value, dict):
        raise malformed(f"has a {name} that is not a JSON object")
    return value


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


def _number(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise malformed(f"lacks the claim `{name}`, whole seconds since 1970")
    return value
