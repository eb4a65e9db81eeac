"""Routes, from a watched file: which process serves which service.

Today the front serves all itself: its terminal filter answers before a route is asked for. One must be there all the
same, because the transcoder looks at it.
"""

from __future__ import annotations

from portico_server.host.envoy.message import Message, typed
from portico_server.host.envoy.watched import WatchedFiles

ROUTES = "routes"


def routes() -> Message:
    """The resource that `ROUTES` names. Time-outs are off: deadlines are the caller's (`grpc-timeout`)."""
    everything = {"match": {"prefix": "/"}, "direct_response": {"status": 404}}
    host = {"name": "portico", "domains": ["*"], "routes": [everything]}
    return typed("config.route.v3.RouteConfiguration", name=ROUTES, virtual_hosts=[host])


def discovery(watched: WatchedFiles) -> Message:
    return {"route_config_name": ROUTES, "config_source": watched.source(ROUTES)}
