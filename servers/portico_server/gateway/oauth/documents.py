"""What clients and resource servers may know without authentication: the server's metadata (RFC 8414) and the keys that
verify its tokens (RFC 7517)."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from typing import Any

from portico_server.platform.http_face import HttpRequest, HttpResponse
from portico_server.platform.keyring.keyring import LOOPBACK

TOKEN, INTROSPECT, REVOKE = "/oauth2/token", "/oauth2/introspect", "/oauth2/revoke"
METADATA, KEYS = "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"

S3_PORT = "portico_s3_port"
"""In the metadata, of which RFC 8414 allows further ones (2): null where the platform has no such door."""

KEYS_SECONDS = 10
"""How long the keys may be kept: a new one signs so long after it is told of."""


def metadata(
    issuer: str,
    hostnames: Sequence[str],
    grant_types: Sequence[str],
    methods: Sequence[str],
    request: HttpRequest,
    s3_port: int | None = None,
) -> HttpResponse:
    """`methods` are those by which clients authenticate. The endpoints are at the door at which they were asked for.
    `s3_port` is the S3 door's: clients know by what name they reach the platform, and not where its other doors are."""
    base = _base(issuer, hostnames, request)
    told: dict[str, Any] = {
        "issuer": issuer,
        "token_endpoint": base + TOKEN,
        "introspection_endpoint": base + INTROSPECT,
        "revocation_endpoint": base + REVOKE,
        "jwks_uri": base + KEYS,
        "grant_types_supported": [*grant_types],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": [*methods],
        "introspection_endpoint_auth_methods_supported": [*methods],
        "revocation_endpoint_auth_methods_supported": [*methods],
        "tls_client_certificate_bound_access_tokens": True,
        S3_PORT: s3_port,
    }
    # Made for this name of the server: another's copy must not be taken for it.
    return HttpResponse(
        200, json.dumps(told).encode(), {"content-type": "application/json", "cache-control": "no-store"}
    )


def keys(jwks: dict[str, Any]) -> HttpResponse:
    headers = {"content-type": "application/jwk-set+json", "cache-control": f"public, max-age={KEYS_SECONDS}"}
    return HttpResponse(200, json.dumps(jwks).encode(), headers)


def _base(issuer: str, hostnames: Sequence[str], request: HttpRequest) -> str:
    """The door, by the name by which the client called it if that is one of the node's; else the issuer."""
    authority = request.headers.get(b"host", b"").decode("latin-1").lower()
    host, colon, port = authority.rpartition(":") if not authority.endswith("]") else (authority, "", "")
    if not colon:
        host, port = authority, ""
    if port and not port.isdecimal():
        return issuer
    return f"https://{authority}" if _plain(host) in {*hostnames, *LOOPBACK} else issuer


def _plain(host: str) -> str:
    """An IPv6 address without brackets, in its usual form."""
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        return host
