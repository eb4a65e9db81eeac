"""Why Envoy refused a token, in our words.

Envoy's `jwt_authn` gives the reason as a text (`jwt_verify_lib`'s status strings, Envoy 1.39); the host puts it, or
the JSON object `{"code": …, "message": …}` that holds it, into a header.
"""

from __future__ import annotations

import json

from portico_server.gateway.tokens import expired, malformed, unauthenticated
from portico_server.platform.errors import ApiError

MISSING = "Jwt is missing"
EXPIRED = "Jwt is expired"

REASONS = {
    "Jwt not yet valid": ("TOKEN_NOT_YET_VALID", "the token is not valid yet; check the clocks"),
    "Audiences in Jwt are not allowed": ("AUDIENCE_MISMATCH", "the token is for another audience (`aud`)"),
    "Jwt issuer is not configured": ("ISSUER_UNKNOWN", "the token's issuer (`iss`) is not trusted here"),
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


def error_of(failure: bytes) -> ApiError:
    """The error for a header's value."""
    message = _message(failure)
    if message == EXPIRED:
        return expired()
    if message in REASONS:
        return unauthenticated(*REASONS[message])
    if message.startswith(("Jwks ", "Jwt issuer's JWKS")):
        return unauthenticated("SIGNATURE_INVALID", "the token's signature cannot be verified here")
    return malformed("is not a JWT that is accepted here")


def _message(failure: bytes) -> str:
    text = failure.decode("latin-1")
    if text.startswith("{"):
        try:
            text = str(json.loads(text).get("message", ""))
        except ValueError:
            return ""
    return text.strip('"')
