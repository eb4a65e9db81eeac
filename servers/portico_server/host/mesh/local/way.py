"""The way within the process, as the mesh channel takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portico_server.host.mesh.channel import Start
from portico_server.host.mesh.local import calls
from portico_server.host.mesh.local.call import Target
from portico_server.host.mesh.local.server import LocalServer
from portico_server.host.mesh.messages import Deserialize, Serialize
from portico_server.host.mesh.outgoing import Outgoing

_CALLS: dict[str, Callable[..., Any]] = {
    "unary_unary": calls.LocalUnaryUnary,
    "unary_stream": calls.LocalUnaryStream,
    "stream_unary": calls.LocalStreamUnary,
    "stream_stream": calls.LocalStreamStream,
}


class LocalWay:
    """To what a LocalServer serves."""

    def __init__(self, server: LocalServer) -> None:
        self._server = server

    def method(self, path: str, kind: str, serialize: Serialize | None, deserialize: Deserialize | None) -> Start:
        server, make = self._server, _CALLS[kind]
        target = server.target(path, serialize, deserialize)

        def look() -> Target:
            """The target; looked for again as long as nothing serves it, because its product may be starting."""
            nonlocal target
            if not target.known:
                target = server.target(path, serialize, deserialize)
            return target

        def one_request(request: Any, outgoing: Outgoing) -> Any:
            found = look()
            return make(server.begin(found, outgoing, found.requests.copied(request)))

        def several_requests(requests: Any, outgoing: Outgoing) -> Any:
            return make(server.begin(look(), outgoing, None), requests)

        return several_requests if kind.startswith("stream") else one_request
