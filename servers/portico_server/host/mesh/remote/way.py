"""The way to another process, as the mesh channel takes it."""

from __future__ import annotations

import time
from typing import Any

import grpc

from portico_server.host.mesh.channel import Start, failed
from portico_server.host.mesh.messages import Deserialize, Serialize, check_class, classes_of
from portico_server.host.mesh.outgoing import Outgoing
from portico_server.host.mesh.remote.connection import Connection
from portico_server.host.mesh.remote.connections import Connections
from portico_server.host.mesh.remote.held_stream import HeldStream
from portico_server.platform.authorization import Principal
from portico_server.platform.errors import ApiError
from portico_server.platform.keyring.assertions import LIFETIME_SECONDS, AssertionKey

_OVER = -1.0
"""The time-out where no time is left. With 0 grpcio says a millisecond on the wire, in which a servicer may answer."""
_REUSED_SECONDS = LIFETIME_SECONDS * 2 / 3
_KEPT = 4096


class Signer:
    """Signs assertions and keeps each while it is fresh: signing costs some 50 us."""

    def __init__(self, key: AssertionKey) -> None:
        self._key = key
        self._kept: dict[tuple[Principal | None, str, str, str, str], tuple[str, float]] = {}

    def assertion(self, outgoing: Outgoing, connection: Connection) -> str:
        """For whom the call is made, in a form that is believed at the other end of this connection."""
        origin = outgoing.origin
        key = outgoing.principal, outgoing.acting, origin.fingerprint, origin.serial, str(connection.confirmation)
        kept = self._kept.get(key)
        now = time.monotonic()
        if kept is not None and kept[1] > now:
            return kept[0]
        if len(self._kept) >= _KEPT:
            self._kept.clear()
        signed = self._key.sign(outgoing.principal, outgoing.acting, connection.confirmation, origin)
        self._kept[key] = signed, now + _REUSED_SECONDS
        return signed


class RemoteWay:
    """Over these connections."""

    def __init__(self, connections: Connections, signer: Signer) -> None:
        self._connections = connections
        self._signer = signer

    def method(self, path: str, kind: str, serialize: Serialize | None, deserialize: Deserialize | None) -> Start:
        several = kind.startswith("stream")
        request_class, _ = classes_of(path)

        def to_bytes(message: Any) -> Any:
            check_class(path, request_class, message)
            return serialize(message) if serialize is not None else message

        def start(request: Any, outgoing: Outgoing) -> Any:
            # A unary request is made into bytes at once: its sender may change it as soon as the call is made.
            sent = request if several else to_bytes(request)
            connection = self._connection()
            callable_ = connection.methods.get(path)
            if callable_ is None:
                make = getattr(connection.channel, kind)
                callable_ = connection.methods[path] = make(path, to_bytes if several else None, deserialize)
            metadata = [*outgoing.metadata, (connection.header, self._signer.assertion(outgoing, connection))]
            if outgoing.traceparent:
                metadata.append(("traceparent", outgoing.traceparent))
            seconds = outgoing.remaining_seconds
            call = callable_(
                sent,
                timeout=_OVER if seconds == 0 else seconds,
                metadata=metadata,
                wait_for_ready=outgoing.wait_for_ready,
                compression=outgoing.compression,
            )
            connection.begun(call)
            return HeldStream(call) if kind.endswith("stream") else call

        return start

    def _connection(self) -> Connection:
        try:
            return self._connections.current()
        except (OSError, ValueError, LookupError) as error:
            raise failed(
                ApiError(
                    grpc.StatusCode.UNAVAILABLE,
                    "NODE_UNREACHABLE",
                    "the node's own certificate cannot be read, so no other node can be called; try again",
                    retry_after_seconds=1.0,
                )
            ) from error
