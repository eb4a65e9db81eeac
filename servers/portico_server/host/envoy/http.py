"""HTTP: the connection manager with its limits and time-outs, and the order of the HTTP filters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portico_server.host.envoy import floods, headers, local_replies, routes, windows
from portico_server.host.envoy.message import Message, extension, seconds
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.platform.settings import Settings

MAX_HEADERS_KIBIBYTES = 64
MAX_HEADERS = 200
REQUEST_HEADERS_SECONDS = 10.0
"""How long a request may take to bring its headers (slow loris)."""
LAST_STREAMS_SECONDS = 1.0
"""How long a draining connection still takes streams that were sent before its client read the first GOAWAY."""
IDLE_CONNECTION_SECONDS = 3600.0
KEEPALIVE_SECONDS = 60.0
KEEPALIVE_TIMEOUT_SECONDS = 20.0


def connection_manager(
    settings: Settings, watched: WatchedFiles, filters: Sequence[Message], face_ports: Sequence[int] = ()
) -> Message:
    """The network filter that speaks HTTP/1.1 and HTTP/2 and runs the HTTP filters. `face_ports`: of faces' doors."""
    return _manager(
        settings,
        filters,
        floods.of_clients(),
        codec_type="AUTO",
        rds=routes.discovery(watched),
        local_reply_config=local_replies.local_replies(face_ports),
        **_identity(),
    )


def inner_connection_manager(settings: Settings, watched: WatchedFiles, filters: Sequence[Message]) -> Message:
    """The same of a process behind the front: it speaks HTTP/2, and answers as the front would."""
    return _manager(
        settings,
        filters,
        floods.of_ours(),
        codec_type="HTTP2",
        rds=routes.discovery(watched, routes.INNER_ROUTES),
        local_reply_config=local_replies.local_replies(),
        **_told_by_front(),
    )


def _manager(settings: Settings, filters: Sequence[Message], flood_bounds: Message, **own: Any) -> Message:
    return extension(
        "envoy.filters.network.http_connection_manager",
        "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="api",
        http_filters=list(filters),
        server_header_transformation="PASS_THROUGH",
        generate_request_id=False,
        **_AS_SENT,
        **own,
        **_timeouts(settings),
        **_limits(settings, flood_bounds),
    )


_AS_SENT = {
    "normalize_path": False,
    "merge_slashes": False,
    "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
}
"""Paths stay as they were sent, because an object's key is in them."""


def _identity() -> Message:
    """Who speaks: the connection's own address and certificate, nothing that a header says."""
    return {
        "use_remote_address": True,
        "early_header_mutation_extensions": [headers.strip_invented()],
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": {"subject": True, "uri": True},
    }


def _told_by_front() -> Message:
    """Who speaks: what the front found of address and certificate, in the headers that it set itself."""
    return {
        "use_remote_address": False,
        "skip_xff_append": True,
        "internal_address_config": {"unix_sockets": True},
        "early_header_mutation_extensions": [headers.strip_found()],
        "forward_client_cert_details": "ALWAYS_FORWARD_ONLY",
    }


def _timeouts(settings: Settings) -> Message:
    """A call takes as long as its caller's deadline says, a watch for ever; so only connections and headers are
    timed."""
    return {
        "stream_idle_timeout": "0s",
        "request_timeout": "0s",
        "request_headers_timeout": seconds(REQUEST_HEADERS_SECONDS),
        "drain_timeout": seconds(min(settings.drain_seconds, LAST_STREAMS_SECONDS)),
    }


def _limits(settings: Settings, flood_bounds: Message) -> Message:
    return {
        "max_request_headers_kb": MAX_HEADERS_KIBIBYTES,
        "common_http_protocol_options": {
            "max_headers_count": MAX_HEADERS,
            "idle_timeout": seconds(IDLE_CONNECTION_SECONDS),
        },
        # A malformed message ends its own stream and leaves the others of the connection alone.
        "stream_error_on_invalid_http_message": True,
        "http2_protocol_options": {
            "max_concurrent_streams": settings.max_streams,
            "initial_stream_window_size": windows.STREAM_WINDOW_BYTES,
            "initial_connection_window_size": windows.holding(settings.max_streams),
            "connection_keepalive": {
                "interval": seconds(KEEPALIVE_SECONDS),
                "timeout": seconds(KEEPALIVE_TIMEOUT_SECONDS),
            },
            **flood_bounds,
        },
    }
