"""Access tokens that Envoy has verified: what it does not check, and whom they name.

Envoy's `jwt_authn` checks signature, issuer, audience and times, and forwards the payload. Here: the token's type,
critical headers, the claims that RFC 9068 requires, the subject's form, and the binding to a certificate (RFC 8705).
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from typing import Any

import grpc

from portico_server.platform.authorization import Principal
from portico_server.platform.errors import ApiError
from portico_server.platform.names import account_of, is_principal_name

TYPES = ("at+jwt", "application/at+jwt")
"""RFC 9068, 4."""

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


def principal_of(token: bytes, payload: bytes, fingerprint: str) -> Principal:
    """The principal of a token whose payload Envoy has verified and forwarded as `payload` (base64url).

    `fingerprint` is that of the call's certificate. Raises ApiError (UNAUTHENTICATED). That the token has not
    expired is for the caller of this function to check, at each call.
    """
    parts = token.split(b".")
    if len(parts) != 3 or parts[1].rstrip(b"=") != payload.rstrip(b"="):
        raise malformed("is not the one that was verified: send exactly one")
    _check_header(_decoded(parts[0], "header"))
    claims = _decoded(payload, "payload")
    _check_binding(claims.get("cnf"), fingerprint)
    subject = _text(claims, "sub")
    if not is_principal_name(subject):
        raise malformed("has a subject (`sub`) that is not accounts/ACCOUNT/principals/ID")
    issued_at = _number(claims, "iat")
    return Principal(
        subject,
        account_of(subject),
        token_id=_text(claims, "jti"),
        client_id=_text(claims, "client_id"),
        expires_at=_number(claims, "exp"),
        issued_at=issued_at,
    )


def expired() -> ApiError:
    """UNAUTHENTICATED about a token whose time is over."""
    return unauthenticated("TOKEN_EXPIRED", f"the token has expired; {_NEW_TOKEN}")


def _check_header(header: dict[str, Any]) -> None:
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
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


def _decoded(part: bytes, name: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.b64decode(part + b"=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise malformed(f"has a {name} that is not JSON in base64url") from None
    if not isinstance(value, dict):
        raise malformed(f"has a {name} that is not a JSON object")
    return value


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
