"""What Envoy does for the plain host: it hands calls over as `grpc.aio` can take them, and answers itself what is no
call, which that never hears of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from portico_server.host.envoy.descriptors import rest_paths
from portico_server.host.envoy.message import Message, extension, seconds, typed
from portico_server.host.envoy.path_template import to_regex
from portico_server.host.run_folder import APPLICATION_SOCKET
from portico_server.platform.methods import FOREIGN

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


NOBODY: Message = {"cluster": "nobody", "cluster_not_found_response_code": "NOT_FOUND"}
"""Where a request goes that nobody takes: there is no such cluster. CORS looks at routes to clusters alone, and not at
direct responses."""
_FROM_PAGE = {"name": "access-control-request-method", "present_match": True}

CLUSTER = "application"

_MAX_CALLS = 1_000_000
"""What a connection may have in flight is bounded at the door."""
_CALLS_PER_CONNECTION = 100
_STREAM_WINDOW_BYTES = 1024 * 1024
CONNECT_SECONDS = 5.0


def cluster() -> Message:
    """Python, at its socket in the folder that both run in."""
    # A connection's window holds all of its streams' windows: so callers that read slowly never hold up the others.
    http2 = {
        "max_concurrent_streams": _CALLS_PER_CONNECTION,
        "initial_stream_window_size": _STREAM_WINDOW_BYTES,
        "initial_connection_window_size": _CALLS_PER_CONNECTION * _STREAM_WINDOW_BYTES,
    }
    options = typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config={"http2_protocol_options": http2},
        http_filters=handing_over(),
    )
    bounds = dict.fromkeys(("max_connections", "max_pending_requests", "max_requests"), _MAX_CALLS)
    endpoint = {"endpoint": {"address": {"pipe": {"path": APPLICATION_SOCKET}}}}
    return {
        "name": CLUSTER,
        "type": "STATIC",
        "connect_timeout": seconds(CONNECT_SECONDS),
        "circuit_breakers": {"thresholds": [bounds]},
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        "load_assignment": {"cluster_name": CLUSTER, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def routes(content: bytes) -> list[Message]:
    """Calls go to Python; what is none is refused, unless its path is known to nobody. `content` is the descriptor set
    of what is served."""
    calls = {
        "match": {"prefix": "/", "headers": list(IS_CALL)},
        "route": {"cluster": CLUSTER, "timeout": "0s", "idle_timeout": "0s"},
    }
    preflight = [{"name": ":method", "string_match": {"exact": "OPTIONS"}}, _FROM_PAGE]
    return [calls, {"match": {"prefix": "/", "headers": preflight}, "route": NOBODY}, *_refusals(content)]


def handing_over() -> list[Message]:
    """The cluster's HTTP filters. grpc.aio keeps a `grpc-timeout` by itself, answering without reason or ray, and hides
    some headers from its servicers."""
    mutations = [
        _set(_PEER, "%DOWNSTREAM_REMOTE_ADDRESS%"),
        _set(_TIMEOUT, "%REQ(grpc-timeout)%"),
        _set(_ACCEPT_ENCODING, "%REQ(grpc-accept-encoding)%"),
        {"remove": "grpc-timeout"},
    ]
    return [
        extension(
            "envoy.filters.http.header_mutation",
            "extensions.filters.http.header_mutation.v3.HeaderMutation",
            mutations={"request_mutations": mutations},
        ),
        extension("envoy.filters.http.upstream_codec", "extensions.filters.http.upstream_codec.v3.UpstreamCodec"),
    ]


def _set(name: str, value: str) -> Message:
    return {"append": {"header": {"key": name, "value": value}, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}}


def _refusals(content: bytes) -> Iterator[Message]:
    """A method's path takes POST, and that with gRPC's content type (415); a REST path the verbs that it has (405)."""
    files = FileDescriptorSet.FromString(content).file
    for path in sorted({*_methods(files), *FOREIGN}):  # each its own route: regular expressions are bounded in size
        yield _refusal({"path": path, "headers": [IS_CALL[0]]}, 415)
        yield _refusal({"path": path}, 405, ["POST"])
    verbs: dict[str, set[str]] = {}
    for verb, template in rest_paths(files):
        verbs.setdefault(to_regex(template), set()).add(verb)
    for regex in sorted(verbs, key=lambda regex: ("[^?]*" in regex, regex)):  # `**` last
        # CORS looks at a request's route before the transcoder has made a call of it, and at none that answers itself.
        had = {"name": ":method", "string_match": {"safe_regex": {"regex": "|".join(sorted(verbs[regex]))}}}
        yield {"match": {"safe_regex": {"regex": regex}, "headers": [had]}, "route": NOBODY}
        yield _refusal({"safe_regex": {"regex": regex}}, 405, sorted(verbs[regex]))


def _methods(files: Iterable[FileDescriptorProto]) -> Iterator[str]:
    for file in files:
        for service in file.service:
            for method in service.method:
                yield f"/{file.package}.{service.name}/{method.name}"


def _refusal(match: Message, status: int, allowed: Iterable[str] = ()) -> Message:
    route: Message = {"match": match, "direct_response": {"status": status}}
    if allow := ", ".join(allowed):
        route["response_headers_to_add"] = [{"header": {"key": "allow", "value": allow}}]
    return route
