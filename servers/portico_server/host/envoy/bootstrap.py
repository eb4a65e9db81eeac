"""The whole of Envoy's configuration: every other file of this folder, put together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from portico_server.host.embedding import Embedding
from portico_server.host.envoy import (
    body_limit,
    faces,
    floods,
    headers,
    http,
    idle,
    jwt,
    listener,
    overload,
    plain,
    python,
    rbac,
    transcoder,
    web,
)
from portico_server.host.envoy.descriptors import Contracts
from portico_server.host.envoy.door import Door
from portico_server.host.envoy.message import Message, extension, seconds
from portico_server.host.envoy.upstreams import Upstream, cluster, passing_by, router
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.host.run_folder import ADMIN_SOCKET
from portico_server.platform.settings import Settings

DESCRIPTORS = "descriptors.binpb"
"""The contracts, in the working directory."""


def render_bootstrap(
    settings: Settings,
    doors: Sequence[Door],
    watched: WatchedFiles,
    contracts: Contracts,
    embedding: Embedding | None,
    upstreams: Sequence[Upstream] = (),
) -> Message:
    """The configuration of a front, to start Envoy with in a folder where `DESCRIPTORS` holds `contracts.content`,
    beside `idle.FILES`. Without an embedding it is the plain host's."""
    json_bytes = transcoder.largest_json(settings.max_message_bytes)
    filters = [
        *([faces.mark_filter()] if any(door.face for door in doors) else []),
        rbac.tunnel_filter(),
        *headers.from_node(doors),
        *web.origin_filters(doors),
        overload.shedding_filter(),
        jwt.token_filter(watched),
        headers.tell_token_failure(),
        web.grpc_web_filter(),
        *body_limit.body_limit_filters(contracts.uploads, json_bytes),
        transcoder.transcoder_filter(contracts, Path(DESCRIPTORS), json_bytes),
        rbac.plain_path_filter(),
        *([headers.restore_length()] if upstreams or embedding is None else []),
        *_last_filters(embedding, upstreams),
    ]
    manager = http.connection_manager(settings, watched, filters, [door.port for door in doors if door.face])
    clusters = [cluster(upstream, settings.trust_domain, watched) for upstream in upstreams]
    if embedding is None:
        clusters += plain.clusters()
    return _bootstrap(settings, listener.listener(doors, settings.trust_domain, watched, manager), clusters)


def render_inner_bootstrap(settings: Settings, watched: WatchedFiles, embedding: Embedding | None) -> Message:
    """The configuration of a process that takes its calls from a front, over `DOOR_SOCKET` in its folder."""
    filters = [
        overload.shedding_filter(),
        jwt.token_filter(watched),
        headers.tell_token_failure(),
        headers.hide_length(),
        *_last_filters(embedding, ()),
    ]
    manager = http.inner_connection_manager(settings, watched, filters)
    clusters = plain.clusters() if embedding is None else []
    return _bootstrap(settings, listener.inner_listener(manager), clusters, floods.resets_end_nothing())


def _last_filters(embedding: Embedding | None, upstreams: Sequence[Upstream]) -> list[Message]:
    """What brings calls to Python, or by it to where they are served."""
    if embedding is None:
        return [router()]
    application = python.application_filter(embedding.module)
    return [passing_by(upstreams, application), router()] if upstreams else [application]


_RELEASED_BYTES_A_SECOND = 64 << 20
"""Of what was freed. By itself the allocator gives nothing back: Envoy would stay as large as it once was."""


def _bootstrap(settings: Settings, listener: Message, clusters: list[Message], *runtime_layers: Message) -> Message:
    return {
        # Resources from files are refused to a node without a name.
        "node": {"id": "portico", "cluster": "portico"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "static_resources": {"listeners": [listener], "clusters": clusters},
        "layered_runtime": overload.runtime(runtime_layers),
        "overload_manager": _overload_manager(settings),
        "memory_allocator_manager": {
            "bytes_to_release": _RELEASED_BYTES_A_SECOND,
            "memory_release_interval": seconds(1),
        },
    }


def _overload_manager(settings: Settings) -> Message:
    connections = extension(
        "envoy.resource_monitors.global_downstream_max_connections",
        "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=settings.max_connections,
    )
    return {"resource_monitors": [connections, idle.monitor()], "actions": [idle.action()]}
