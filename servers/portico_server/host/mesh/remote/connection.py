"""One connection to another process, and what assertions are bound to that go over it."""

from __future__ import annotations

import time
import weakref
from typing import Any

import grpc

from portico_server.host.envoy import upstreams, windows
from portico_server.platform.keyring.assertions import Confirmation

OPTIONS = (
    # What another process of ours sends is bounded by its own contracts and doors.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 64 * 1024),
    # A process that is started anew is found again within a second.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # In spite of its name, how long one attempt may take.
    ("grpc.min_reconnect_backoff_ms", round(upstreams.CONNECT_SECONDS * 1000)),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.enable_retries", 0),
    # As much of a stream as Envoy takes: gRPC's own guess was 16 MiB of each that is not read.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", windows.STREAM_WINDOW_BYTES),
    # Each connection is one's own: shared ones would outlive the certificate that they were made with, and several
    # channels would be one connection.
    ("grpc.use_local_subchannel_pool", 1),
)
"""Of a channel that is a connection."""

_FULL_SECONDS = 0.1


class Connection:
    """A channel, and the header and binding of the assertions that go over it."""

    def __init__(self, channel: grpc.aio.Channel, header: str, confirmation: Confirmation) -> None:
        self.channel = channel
        self.header = header
        self.confirmation = confirmation
        self.methods: dict[str, Any] = {}
        """Multicallables by path; their messages are bytes."""
        self.begun_calls = 0
        self._calls: weakref.WeakSet[Any] = weakref.WeakSet()
        """Those that are in flight, among others."""
        self._room = 0
        """So many calls may begin before it is looked how many are in flight."""
        self._full_until = 0.0

    def begun(self, call: Any) -> None:
        """Each call that is made over it is told to it."""
        self.begun_calls += 1
        self._room -= 1
        self._calls.add(call)

    def has_room(self, calls_at_once: int) -> bool:
        """Whether fewer calls are in flight. One that was full is taken for full for a while, as looking costs some."""
        if self._room > 0:
            return True
        now = time.monotonic()
        if now < self._full_until:
            return False
        self._room = calls_at_once - self.in_flight()
        if self._room <= 0:
            self._full_until = now + _FULL_SECONDS
        return self._room > 0

    def in_flight(self) -> int:
        """How many calls are. It looks at each that somebody still holds."""
        for call in [call for call in self._calls if call.done()]:
            self._calls.discard(call)
        return len(self._calls)
