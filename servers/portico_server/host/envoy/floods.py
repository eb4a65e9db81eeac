"""Floods of frames that cost their sender nothing: pings, settings, resets, empty data.

A client that sends them loses its connection. But one to another process of ours carries many callers' streams: to end
it would fail everybody's calls for what one caller did, who was bounded at the door, or for many whose short deadlines
are over at once. So there the bounds are wide, and only keep memory.
"""

from __future__ import annotations

from portico_server.host.envoy.message import Message

_QUEUED_FRAMES = 100_000
"""Frames that wait until the other end reads: some ten MiB."""
_NEVER = 2**32 - 1
CALLS_TO_A_PROCESS = 1_000
"""What a connection to another process carries before another one takes its place, while calls in flight go on. For its
codec (nghttp2) ends one on which, beyond the first thousand, more than 33 streams a second are reset, which cannot be
set."""
CALLS_TO_A_NODE = 240
"""The same of other nodes, whose doors take strangers' connections, too: there 250 resets within the first second of
their streams end one (`overload.premature_reset_total_stream_count`)."""


def of_clients() -> Message:
    """Of the `http2_protocol_options` towards clients."""
    return {
        "max_outbound_frames": 10_000,
        "max_outbound_control_frames": 1_000,
        "max_consecutive_inbound_frames_with_empty_payload": 1,
        "max_inbound_priority_frames_per_stream": 100,
        "max_inbound_window_update_frames_per_data_frame_sent": 10,
    }


def of_ours() -> Message:
    """Of the `http2_protocol_options` between our own processes, at either end."""
    return {"max_outbound_frames": _QUEUED_FRAMES, "max_outbound_control_frames": _QUEUED_FRAMES}


def resets_end_nothing() -> Message:
    """A layer of the runtime for a process whose callers all come through a front. At a door, Envoy ends a connection
    on which most of hundreds of streams were reset within their first second."""
    return {"name": "resets", "static_layer": {"overload.premature_reset_total_stream_count": _NEVER}}
