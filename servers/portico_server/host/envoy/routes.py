"""Routes, from a watched file: which process serves which service.

What this process serves itself is answered by the application's filter before a route is asked for. A route must be
there all the same, because the transcoder looks at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portico_server.host.envoy import headers, plain, strangers, web
from portico_server.host.envoy.message import Message, extension, typed
from portico_server.host.envoy.upstreams import Upstream
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.platform.keyring.assertions import NODE_ASSERTION

ROUTES = "routes"
INNER_ROUTES = "inner-routes"
"""Those of a process that is not behind the doors: it serves all itself."""
_RETRIES = 1
_LOOKS_FOR_ANOTHER = 8
_UNREACHED = "connect-failure,refused-stream"
NOBODY: Message = {"cluster": "nobody", "cluster_not_found_response_code": "NOT_FOUND"}
"""Where a request goes that nobody takes: there is no such cluster. CORS looks at routes to clusters alone, and not at
direct responses."""


def routes(
    upstreams: Sequence[Upstream] = (),
    reads: Iterable[str] = (),
    *,
    web_origins: Sequence[str] = (),
    plain_host: bool = False,
    name: str = ROUTES,
    first: Sequence[Message] = (),
) -> Message:
    """The resource of that name. `reads` are paths of methods without side effects: such a call may be sent once more,
    no other. `web_origins` may call from browsers. `first`: routes for before all these (`faces`). Time-outs are off:
    deadlines are the caller's (`grpc-timeout`)."""
    everything = plain.routes() if plain_host else [{"match": {"prefix": "/"}, "route": NOBODY}]
    known = [*(route for upstream in upstreams for route in _routes(upstream, reads)), *everything]
    host = {"name": "portico", "domains": ["*"], "routes": [*first, *map(strangers.route, known), *known]}
    host |= web.policy(web_origins)
    return typed("config.route.v3.RouteConfiguration", name=name, virtual_hosts=[host])


def discovery(watched: WatchedFiles, name: str = ROUTES) -> Message:
    return {"route_config_name": name, "config_source": watched.source(name)}


def _routes(upstream: Upstream, reads: Iterable[str]) -> list[Message]:
    retry = _retry(upstream)
    own = [path for path in sorted(reads) if path.startswith(upstream.prefix)]
    return [
        *(_route(upstream, {"path": path}, {"retry_policy": retry}) for path in own),
        _route(upstream, {"prefix": upstream.prefix}, {}),
    ]


def _retry(upstream: Upstream) -> Message:
    """How a read is sent again. To one process only what cannot have reached it: it would fail again. Where another
    node may answer also what one began and broke off, or refused; then the other one is asked."""
    if not upstream.is_several:
        return {"retry_on": _UNREACHED, "num_retries": _RETRIES}
    return {
        "retry_on": f"{_UNREACHED},reset,unavailable",
        "num_retries": _RETRIES,
        "retry_host_predicate": [
            extension("previous-hosts", "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")
        ],
        "host_selection_retry_max_attempts": _LOOKS_FOR_ANOTHER,
    }


def _route(upstream: Upstream, match: Message, options: Message) -> Message:
    action = {"cluster": upstream.name, "timeout": "0s", "idle_timeout": "0s", **options}
    if not upstream.is_nodes:
        return {"match": match, "route": action, "request_headers_to_add": headers.to_process()}
    # What came from a node is not taken on to another: two that name one another would pass it on for ever.
    from_node = {"name": headers.FORWARDED_CERTIFICATE, "present_match": True, "invert_match": True}
    return {
        "match": {**match, "headers": [from_node]},
        "route": action,
        "request_headers_to_add": headers.to_node(),
        # This node shows its certificate, and a client's own would count.
        "request_headers_to_remove": [NODE_ASSERTION, headers.FORWARDED_DOOR],
    }
