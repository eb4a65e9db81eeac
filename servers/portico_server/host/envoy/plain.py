"""What Envoy does for the plain host: it hands calls over as `grpc.aio` can take them, and all else by HTTP/1.1."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.envoy import floods, windows
from portico_server.host.envoy.message import Message, extension, seconds, typed
from portico_server.host.run_folder import APPLICATION_SOCKET, HTTP_SOCKET

IS_CALL: Sequence[Message] = (
    {"name": ":method", "string_match": {"exact": "POST"}},
    {
        "name": "content-type",
        "string_match": {"safe_regex": {"regex": r"application/grpc(-web(-text)?)?(\+proto.*|;.*)?"}},
    },
)
"""Header matches of a route: a gRPC call, also one that the transcoder has made, or that gRPC-Web's filter makes: that
one leaves the route as it was found before."""

# What `host/plain/exchange.py` reads. A client's own headers of these names are removed at the door (`headers`).
_PEER, _TIMEOUT, _ACCEPT_ENCODING = "x-portico-peer", "x-portico-timeout", "x-portico-accept-encoding"


_CALLS, OTHERS = "application", "application-http"
"""The clusters."""

_MAX_CALLS = 1_000_000
"""What a connection may have in flight is bounded at the door."""
CONNECT_SECONDS = 5.0
_HTTP2 = {**windows.to_ours(), **floods.of_ours()}


def clusters() -> list[Message]:
    """Python, at its sockets in the folder that both run in."""
    return [
        _cluster(_CALLS, APPLICATION_SOCKET, {"http2_protocol_options": _HTTP2}, _CALLS_HANDED_OVER),
        _cluster(OTHERS, HTTP_SOCKET, {"http_protocol_options": {}}, _OTHERS_HANDED_OVER),
    ]


def routes() -> list[Message]:
    """Calls go one way, all else the other. A REST client is told nothing of gRPC's encodings, of which grpc.aio tells
    all."""
    calls = {"match": {"prefix": "/", "headers": list(IS_CALL)}, "route": _to(_CALLS)}
    transcoded = {"name": "x-envoy-original-path", "present_match": True}
    by_rest = {
        "match": {"prefix": "/", "headers": [*IS_CALL, transcoded]},
        "route": _to(_CALLS),
        "response_headers_to_remove": ["grpc-accept-encoding"],
    }
    return [by_rest, calls, {"match": {"prefix": "/"}, "route": _to(OTHERS)}]


def _to(cluster: str) -> Message:
    return {"cluster": cluster, "timeout": "0s", "idle_timeout": "0s"}


def _cluster(name: str, socket: str, protocol: Message, request_mutations: Sequence[Message]) -> Message:
    handing_over = [
        extension(
            "envoy.filters.http.header_mutation",
            "extensions.filters.http.header_mutation.v3.HeaderMutation",
            mutations={"request_mutations": list(request_mutations)},
        ),
        extension("envoy.filters.http.upstream_codec", "extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
    ]
    options = typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config=protocol,
        http_filters=handing_over,
    )
    bounds = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), _MAX_CALLS)
    endpoint = {"endpoint": {"address": {"pipe": {"path": socket}}}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": seconds(CONNECT_SECONDS),
        "circuit_breakers": {"thresholds": [bounds]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def _set(name: str, value: str) -> Message:
    return {"append": {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}


_OTHERS_HANDED_OVER = (_set(_PEER, "%DOWNSTREAM_REMOTE_ADDRESS%"),)
_CALLS_HANDED_OVER = (
    *_OTHERS_HANDED_OVER,
    _set(_TIMEOUT, "%REQ(grpc-timeout)%"),
    _set(_ACCEPT_ENCODING, "%REQ(grpc-accept-encoding)%"),
    {"remove": "grpc-timeout"},
    _set("te", "trailers"),
    {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": r"[^:].*[^a-z0-9_.-].*|[^a-z0-9_.:-].*"}}}},
)
"""grpc.aio keeps a `grpc-timeout` by itself, answering without reason or ray, and hides some headers from its
servicers. gRPC's core resets a call without `te: trailers`, and fails one with a header whose name HTTP allows and gRPC
does not: such headers are none of gRPC's metadata."""
