"""Forms as OAuth 2.0 sends them (RFC 6749, appendix B): every parameter once, in the body and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from portico_server.gateway.oauth.errors import OAuthError
from portico_server.platform.http_face import HttpRequest

MAX_FORM_BYTES = 32 * 1024
"""Two tokens, of 4 KiB at most by our own making, and what goes with them."""
MAX_PARAMETERS = 32

FORM = b"application/x-www-form-urlencoded"

Form = Mapping[str, str]


def read_form(request: HttpRequest) -> Form:
    """The parameters; those without a value are as if they were not there (RFC 6749, 3.2). Raises OAuthError."""
    if request.query:
        raise OAuthError("invalid_request", "parameters belong into the body, not into the URL, which lands in logs")
    if request.headers.get(b"content-type", b"").partition(b";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"the body must be a form ({FORM.decode()})")
    try:
        pairs = parse_qsl(
            request.body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(request.body),
            errors="strict",
            max_num_fields=MAX_PARAMETERS,
        )
    except ValueError:  # UnicodeDecodeError among them
        raise OAuthError(
            "invalid_request", f"the form must be UTF-8, with {MAX_PARAMETERS} parameters at most"
        ) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise OAuthError("invalid_request", "each parameter may be given once")
        found[name] = value
    return {name: value for name, value in found.items() if value}


def required(form: Form, name: str) -> str:
    """Raises OAuthError where it is missing."""
    if name not in form:
        raise OAuthError("invalid_request", f"the parameter {name} is missing")
    return form[name]
