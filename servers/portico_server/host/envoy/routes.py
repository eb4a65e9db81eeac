"""Routes, from a watched file: which process serves which service.

Today the front serves all itself: its terminal filter answers before a route is asked for. One must be there all the
same, because the transcoder looks at it.
"""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.envoy import web
from portico_server.host.envoy.message import Message, typed
from portico_server.host.envoy.watched import WatchedFiles

ROUTES = "routes"
_NOBODY = "nobody"  # no such cluster: CORS looks at routes to clusters alone, not at direct responses


def routes(web_origins: Sequence[str] = ()) -> Message:
    """The resource that `ROUTES` names. Time-outs are off: deadlines are the caller's (`grpc-timeout`). `web_origins`
    may call from browsers."""
    everything = {"match": {"prefix": "/"}, "route": {"cluster": _NOBODY}}
    host = {"name": "portico", "domains": ["*"], "routes": [everything]}
    host |= web.policy(web_origins)
    return typed("config.route.v3.RouteConfiguration", name=ROUTES, virtual_hosts=[host])


def discovery(watched: WatchedFiles) -> Message:
    return {"route_config_name": ROUTES, "config_source": watched.source(ROUTES)}
