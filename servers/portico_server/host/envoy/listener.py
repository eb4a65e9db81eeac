"""The one listener behind all doors."""

from __future__ import annotations

from collections.abc import Sequence

from portico_server.host.envoy import faces, rbac, tls, upstreams
from portico_server.host.envoy.door import Door
from portico_server.host.envoy.message import Message, seconds
from portico_server.host.envoy.watched import WatchedFiles
from portico_server.host.run_folder import DOOR_SOCKET

CONNECTION_BUFFER_BYTES = 192 * 1024
"""Of a client's connection, each way: what nobody has read yet. A MiB made nothing faster, and downloads that
nobody reads hold all of it. With 256 KiB 50 uploads held 102 and 114 MiB, with this 77 and 81, and were a tenth
slower."""
HANDSHAKE_SECONDS = 10.0


def listener(doors: Sequence[Door], trust_domain: str, watched: WatchedFiles, connection_manager: Message) -> Message:
    """Listens at the first door, and by `additional_addresses` at the others."""
    first, *others = doors
    noted = [faces.note_port()] if any(door.face for door in doors) else []
    return {
        "name": "doors",
        "address": first.socket_address,
        "additional_addresses": [{"address": door.socket_address} for door in others],
        "per_connection_buffer_limit_bytes": CONNECTION_BUFFER_BYTES,
        "filter_chains": [
            {
                "filters": [*noted, rbac.client_certificate_filter(doors, trust_domain), connection_manager],
                "transport_socket": tls.transport_socket(watched),
                "transport_socket_connect_timeout": seconds(HANDSHAKE_SECONDS),
            }
        ],
    }


def inner_listener(connection_manager: Message) -> Message:
    """Listens at the socket of a process that takes its calls from a front. The folder is this user's alone, so whoever
    can connect may also read the keys: no certificate is asked for."""
    return {
        "name": "door",
        "address": {"pipe": {"path": DOOR_SOCKET, "mode": 0o600}},
        "per_connection_buffer_limit_bytes": upstreams.CONNECTION_BUFFER_BYTES,
        "filter_chains": [{"filters": [connection_manager]}],
    }
