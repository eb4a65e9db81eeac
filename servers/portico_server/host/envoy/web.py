"""What browsers need: gRPC-Web beside gRPC, and leave for pages of other origins to call (CORS).

gRPC-Web is spoken at every door: Envoy turns it into gRPC, so that the rest of the way is the same. Pages are let in at
web doors alone, and only those that the settings name.
"""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.envoy.door import Door
from portico_server.host.envoy.message import Message, extension, typed

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS = (
    "authorization",
    "content-type",
    "connect-accept-encoding",
    "connect-content-encoding",
    "connect-protocol-version",
    "connect-timeout-ms",
    "grpc-timeout",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-unmodified-since",
    "range",
    "traceparent",
    "tracestate",
    "x-grpc-web",
    "x-policy-revision",
    "x-user-agent",
)
"""What a page may send; the rest a browser keeps from it."""
_RESPONSE_HEADERS = (
    "accept-ranges",
    "connect-content-encoding",
    "content-encoding",
    "content-range",
    "etag",
    "grpc-encoding",
    "grpc-message",
    "grpc-status",
    "grpc-status-details-bin",
    "retry-after",
    "trailer-x-ray-id",
    "www-authenticate",
    "x-policy-revision",
    "x-portico-version-id",
    "x-ray-id",
)
"""What a page may read, besides those that the Fetch standard names (content-type and others)."""
PREFLIGHT_SECONDS = 7200
"""How long a browser may rely on what a preflight was told; Chromium's own limit."""

GRPC_WEB = "envoy.filters.http.grpc_web"
_CORS = "envoy.filters.http.cors"


def policy(origins: Sequence[str]) -> Message:
    """Of a virtual host: which origins' pages may call, with what. No cookies and no client certificates go with their
    requests: a page must hold a token."""
    if not origins:
        return {}
    cors = typed(
        "extensions.filters.http.cors.v3.CorsPolicy",
        allow_origin_string_match=[{"exact": origin} for origin in origins],
        allow_methods=",".join(_METHODS),
        allow_headers=",".join(_REQUEST_HEADERS),
        expose_headers=",".join(_RESPONSE_HEADERS),
        max_age=str(PREFLIGHT_SECONDS),
        allow_credentials=False,
    )
    return {"typed_per_filter_config": {_CORS: cors}}


def origin_filters(doors: Sequence[Door]) -> list[Message]:
    """The HTTP filter that answers preflights and marks answers as readable, to stand before all others: preflights
    carry no token. Requests at other doors than web ones do not come to it."""
    if not any(door.web for door in doors):
        return []
    port = extension("port", "extensions.matching.common_inputs.network.v3.DestinationPortInput")
    others = {str(door.port): {"action": _SKIP} for door in doors if not door.web}
    return [
        extension(
            _CORS,
            "extensions.common.matching.v3.ExtensionWithMatcher",
            xds_matcher={"matcher_tree": {"input": port, "exact_match_map": {"map": others}}},
            extension_config=extension(_CORS, "extensions.filters.http.cors.v3.Cors"),
        )
    ]


def grpc_web_filter() -> Message:
    """The HTTP filter that turns gRPC-Web into gRPC, and the answers back."""
    return extension(GRPC_WEB, "extensions.filters.http.grpc_web.v3.GrpcWeb")


_SKIP: Message = {"name": "skip", "typed_config": typed("extensions.filters.common.matcher.action.v3.SkipFilter")}
