"""The way within the process, as the mesh channel takes it."""

from __future__ import annotations

from typing import Any

from portico_server.host.mesh.channel import Start
from portico_server.host.mesh.local import calls
from portico_server.host.mesh.local.server import LocalServer
from portico_server.host.mesh.messages import Deserialize, Serialize
from portico_server.host.mesh.outgoing import Outgoing


class LocalWay:
    """To what a LocalServer serves."""

    def __init__(self, server: LocalServer) -> None:
        self._server = server

    def method(self, path: str, kind: str, serialize: Serialize | None, deserialize: Deserialize | None) -> Start:
        server = self._server
        target = server.target(path, serialize, deserialize)
        copied = target.requests.copied

        def unary_unary(request: Any, outgoing: Outgoing) -> Any:
            return calls.LocalUnaryUnary(server.begin(target, outgoing, copied(request)))

        def unary_stream(request: Any, outgoing: Outgoing) -> Any:
            return calls.LocalUnaryStream(server.begin(target, outgoing, copied(request)))

        def stream_unary(requests: Any, outgoing: Outgoing) -> Any:
            return calls.LocalStreamUnary(server.begin(target, outgoing, None), requests)

        def stream_stream(requests: Any, outgoing: Outgoing) -> Any:
            return calls.LocalStreamStream(server.begin(target, outgoing, None), requests)

        starts: dict[str, Start] = {
            "unary_unary": unary_unary,
            "unary_stream": unary_stream,
            "stream_unary": stream_unary,
            "stream_stream": stream_stream,
        }
        return starts[kind]
