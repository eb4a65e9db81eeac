"""How much may be on its way, unread, at the doors and between our own processes and nodes (HTTP/2 flow control).

One connection carries many streams, between processes those of many callers. What is not read of a stream stays in its
window, and counts in the connection's too. So that one holds the windows of all streams that the connection may carry,
and callers, or servicers, that read slowly, however many they are, hold up nobody but themselves. With more streams
another connection is made.

It holds them twice: Envoy's codec (nghttp2) gives a connection room again only when half of its window has been read.
Were more than that half taken by what nobody reads, the other half could never be used up, and all would stand still.
"""

from __future__ import annotations

from portico_server.host.envoy.message import Message

STREAM_WINDOW_BYTES = 1024 * 1024
CALLS_PER_CONNECTION = 100
_LARGEST_WINDOW_BYTES = 2**31 - 1  # RFC 9113, 6.9.1


def to_ours() -> Message:
    """The `http2_protocol_options` of a cluster of ours, but for what else it sets."""
    return {
        "max_concurrent_streams": CALLS_PER_CONNECTION,
        "initial_stream_window_size": STREAM_WINDOW_BYTES,
        "initial_connection_window_size": CONNECTION_WINDOW_BYTES,
    }


def holding(streams: int) -> int:
    """The window of a connection that may carry so many streams, in bytes: as large as HTTP/2 allows at most."""
    return min(2 * streams * STREAM_WINDOW_BYTES, _LARGEST_WINDOW_BYTES)


CONNECTION_WINDOW_BYTES = holding(CALLS_PER_CONNECTION)
