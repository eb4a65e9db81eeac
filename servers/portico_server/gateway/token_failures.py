"""Why Envoy refused a token, in our words.

Envoy's `jwt_authn` gives the reason as a text (`jwt_verify_lib`'s status strings, Envoy 1.39); the host puts it, or
the JSON object `{"code": …, "message": …}` that holds it, into a header.
"""

from __future__ import annotations

import json
import time

from portico_server.gateway.issuers import Issuers
from portico_server.gateway.tokens import NO_OTHERS, decoded, expired, malformed, unauthenticated
from portico_server.platform.errors import ApiError

MISSING = "Jwt is missing"
UNKNOWN_ISSUER = "Jwt issuer is not configured"
EXPIRED = "Jwt is expired"
NOT_YET_VALID = "Jwt not yet valid"

REASONS = {
    NOT_YET_VALID: ("TOKEN_NOT_YET_VALID", "the token is not valid yet; check the clocks"),
    "Audiences in Jwt are not allowed": ("AUDIENCE_MISMATCH", "the token is for another audience (`aud`)"),
    UNKNOWN_ISSUER: ("ISSUER_UNKNOWN", "the token's issuer (`iss`) is not trusted here"),
    "Jwt verification fails": ("SIGNATURE_INVALID", "the token's signature does not verify"),
    "Jwks doesn't have key to match kid or alg from Jwt": (
        "SIGNATURE_INVALID",
        "the token is signed with a key (`kid`) or algorithm (`alg`) that is not trusted here",
    ),
    "Jwt header [alg] is not supported": ("SIGNATURE_INVALID", "the token's algorithm (`alg`) is not accepted"),
    "Jwt ED25519 signature is wrong length": ("SIGNATURE_INVALID", "the token's signature does not verify"),
}
"""Reason and message by Envoy's text; what is not here is a token of another form."""


def is_missing(failure: bytes) -> bool:
    """Whether Envoy only says that there was no token."""
    return _message(failure) == MISSING


def error_of(failure: bytes, authorization: bytes = b"", issuers: Issuers = NO_OTHERS) -> ApiError:
    """The error for a header's value; `authorization` has the token that was refused."""
    message = _message(failure)
    if message == UNKNOWN_ISSUER and (error := _error_of_foreign(authorization, issuers)) is not None:
        return error
    if message == EXPIRED:
        return expired()
    if message in REASONS:
        return unauthenticated(*REASONS[message])
    if message.startswith(("Jwks ", "Jwt issuer's JWKS")):
        return unauthenticated("SIGNATURE_INVALID", "the token's signature cannot be verified here")
    return malformed("is not a JWT that is accepted here")


def _error_of_foreign(authorization: bytes, issuers: Issuers) -> ApiError | None:
    """The error for a token of a further issuer, or one that is ambiguous, which Envoy has refused; None for a token of
    another. What the token says is not verified: it is told to none but its bearer."""
    try:
        claims = decoded(authorization.split(b".")[1], "payload")
    except IndexError:
        return None
    except ApiError as error:
        return error
    issuer = None if issuers.is_own(claims.get("iss")) else issuers.find(claims.get("iss"))
    if issuer is None:
        return None
    expires_at, begins_at, audience = claims.get("exp"), claims.get("nbf"), claims.get("aud")
    if isinstance(expires_at, int | float) and expires_at < time.time():
        return expired()
    if isinstance(begins_at, int | float) and begins_at > time.time():
        return unauthenticated(*REASONS[NOT_YET_VALID])
    if not {str(item) for item in (audience if isinstance(audience, list) else [audience])} & {*issuer.audiences}:
        return unauthenticated(*REASONS["Audiences in Jwt are not allowed"])
    return unauthenticated("SIGNATURE_INVALID", "the token does not verify with the keys that are known of its issuer")


def _message(failure: bytes) -> str:
    text = failure.decode("latin-1")
    if text.startswith("{"):
        try:
            text = str(json.loads(text).get("message", ""))
        except ValueError:
            return ""
    return text.strip('"')
