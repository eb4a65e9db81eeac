"""The platform's OAuth 2.0 endpoints: forms over HTTPS, the client known by its secret or certificate (RFC 8705)."""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portico.errors import CLASSES, PorticoError, ProfileError, Unavailable
from portico.profiles import Profile

INTROSPECT, TOKEN = "/oauth2/introspect", "/oauth2/token"
METADATA, _S3_PORT = "/.well-known/oauth-authorization-server", "portico_s3_port"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a grant's name
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type's name

_CODES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 404: "UNIMPLEMENTED", 429: "RESOURCE_EXHAUSTED"}
_MAX_ANSWER_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A token, and how long it holds from now."""

    token: str = field(repr=False)
    expires_in_seconds: int


def post(profile: Profile, path: str, form: Mapping[str, str], timeout_seconds: float | None) -> dict[str, Any]:
    """What the endpoint answers. Blocks. Raises PorticoError."""
    body = urllib.parse.urlencode({**_client(profile), **form})
    return _answer(profile, "POST", path, body, timeout_seconds)


def s3_address(profile: Profile, timeout_seconds: float | None) -> str:
    """Where the platform's S3 door is, by the name by which the profile reaches it; empty: it has none. Blocks. Raises
    PorticoError, also where the platform does not say."""
    told = _answer(profile, "GET", METADATA, None, timeout_seconds)
    if _S3_PORT not in told:
        raise Unavailable(f"{profile.address} does not say whether it has an S3 door", reason="S3_DOOR_UNKNOWN")
    port = told[_S3_PORT]
    return f"{profile.address.rpartition(':')[0]}:{port}" if isinstance(port, int) else ""


def _answer(
    profile: Profile, method: str, path: str, body: str | None, timeout_seconds: float | None
) -> dict[str, Any]:
    """Raises PorticoError."""
    headers = {} if body is None else {"content-type": "application/x-www-form-urlencoded"}
    parts = urllib.parse.urlsplit(f"//{profile.address}")
    try:
        context = _context(profile)
        connection = http.client.HTTPSConnection(
            parts.hostname or "", parts.port, context=context, timeout=timeout_seconds
        )
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            status, ray_id = response.status, response.headers.get("x-ray-id", "")
            answer = json.loads(response.read(_MAX_ANSWER_BYTES) or b"{}")
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable(f"{profile.address} does not answer as a platform does: {error}") from error
    if status == 200 and isinstance(answer, dict):
        return answer
    raise _error_of(status, answer if isinstance(answer, dict) else {}, ray_id)


def _client(profile: Profile) -> dict[str, str]:
    """What tells who the client is, and, where it has a secret, proves it."""
    if profile.client_secret:
        return {"client_id": profile.client_id, "client_secret": profile.client_secret}
    if profile.certificate is None or profile.key is None:
        raise ProfileError(
            "this needs a profile with a client certificate or a client's secret", reason="CERTIFICATE_MISSING"
        )
    return {"client_id": _uri_of(profile.certificate)}


def _error_of(status: int, answer: dict[str, Any], ray_id: str) -> PorticoError:
    """RFC 6749, 5.2: the protocol's code becomes the reason."""
    reason = str(answer.get("error", "")).upper()
    code = "PERMISSION_DENIED" if reason == "UNAUTHORIZED_CLIENT" else _CODES.get(status, "UNAVAILABLE")
    return CLASSES[code](str(answer.get("error_description", f"HTTP {status}")), reason=reason, ray_id=ray_id)


def _context(profile: Profile) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=profile.authority.decode() if profile.authority else None)
    if profile.certificate is None or profile.key is None:
        return context
    with tempfile.NamedTemporaryFile() as file:  # 0600; the library reads keys from files alone
        file.write(profile.certificate + b"\n" + profile.key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _uri_of(certificate: bytes) -> str:
    """The SPIFFE id of a certificate (PEM), which is its client's id."""
    from cryptography import x509

    try:
        parsed = x509.load_pem_x509_certificate(certificate)
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound) as error:
        raise ProfileError(
            f"client.pem is no certificate of a platform: {error}", reason="PROFILE_UNREADABLE"
        ) from None
    return next(iter(names.get_values_for_type(x509.UniformResourceIdentifier)), "")
