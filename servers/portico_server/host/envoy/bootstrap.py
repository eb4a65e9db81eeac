"""The whole of Envoy's configuration: every other file of this folder, put together."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.embedding import Embedding
from portico_server.host.envoy import body_limit, headers, http, jwt, listener, python, transcoder, web
from portico_server.host.envoy.descriptors import Contracts
from portico_server.host.envoy.door import Door
from portico_server.host.envoy.message import Message, extension
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.platform.settings import Settings

ADMIN_SOCKET = "admin.sock"
"""Envoy's administration, in its working directory; relative, because a socket's path has 107 bytes at most."""

DESCRIPTORS = "descriptors.binpb"


def render_bootstrap(
    settings: Settings,
    doors: Sequence[Door],
    watched: WatchedFiles,
    contracts: Contracts,
    embedding: Embedding,
) -> Message:
    """The configuration to start Envoy with, in the working directory `settings.run`, where `DESCRIPTORS` holds
    `contracts.content`."""
    json_bytes = transcoder.largest_json(settings.max_message_bytes)
    filters = [
        *web.origin_filters(doors),
        jwt.token_filter(watched),
        headers.tell_token_failure(),
        web.grpc_web_filter(),
        body_limit.body_limit_filter(contracts.uploads, json_bytes),
        transcoder.transcoder_filter(contracts, settings.run / DESCRIPTORS, json_bytes),
        python.application_filter(embedding.module),
    ]
    manager = http.connection_manager(settings, watched, filters)
    return {
        # Resources from files are refused to a node without a name.
        "node": {"id": "portico", "cluster": "portico"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "static_resources": {"listeners": [listener.listener(doors, settings.trust_domain, watched, manager)]},
        "overload_manager": _overload_manager(settings),
    }


def _overload_manager(settings: Settings) -> Message:
    connections = extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=settings.max_connections,
    )
    return {"resource_monitors": [connections]}
