"""Requests at a face's door: read from ASGI, answered by the face, sent back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

from portico_server.host.adapter.exchange import Exchange, Receive, Scope, Send
from portico_server.host.adapter.face_body import FaceBody
from portico_server.host.adapter.face_calls import FaceCallsOfRequest
from portico_server.host.adapter.face_responses import Sender, encoded
from portico_server.host.adapter.refusals import refuse
from portico_server.host.adapter.responses import StreamReset
from portico_server.host.adapter.serving import Serving
from portico_server.host.envoy.headers import DOOR as DOOR_NAME
from portico_server.platform.call import Call
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import Face, FaceRequest, FaceResponse
from portico_server.platform.peer import peer_at

DOOR = DOOR_NAME.encode()
_WITHOUT_CONTENT = (204, 304)

_log = logging.getLogger(__name__)


async def answer_at_door(
    serving: Serving, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send, arrival: tuple[int, int]
) -> None:
    """Takes a request to its end. `headers`: those of `scope`, the last of a name wins. `arrival`: nanoseconds since
    1970, and of `perf_counter_ns`. Raises StreamReset."""
    face = serving.faces.get(headers[DOOR])
    if face is None:
        await refuse(scope, receive, send, ())
        return
    exchange = Exchange(scope, headers, asyncio.get_running_loop())
    body = FaceBody(exchange, receive, bodiless=_is_bodiless(scope["method"], headers))
    request = FaceRequest(
        scope["method"],
        scope["raw_path"],
        scope.get("query_string", b""),
        scope["headers"],
        peer_at(scope.get("client")),
        arrival[0],
        body.parts,
    )
    calls = FaceCallsOfRequest(serving, face.door, request, body, headers, arrival)
    serving.watch.add(body)
    try:
        await _Answer(serving, face, request, body, calls, Sender(exchange, send)).give()
    finally:
        serving.watch.remove(body)
        await calls.close()
        exchange.end()
        body.call = None
        calls.let_go()


class _Answer:
    """One request, from the face's answer to its last byte."""

    def __init__(
        self,
        serving: Serving,
        face: Face,
        request: FaceRequest,
        body: FaceBody,
        calls: FaceCallsOfRequest,
        sender: Sender,
    ) -> None:
        self._serving = serving
        self._face = face
        self._request = request
        self._body = body
        self._calls = calls
        self._sender = sender

    async def give(self) -> None:
        try:
            response = await self._response()
            if not self._body.over:
                await self._body.discard()
            await self._send(response)
        except asyncio.CancelledError:
            if not self._body.exchange.disconnected:  # whom nobody waits for
                raise

    async def _response(self) -> FaceResponse:
        try:
            response = await self._face.answer(self._request, self._calls)
            if self._calls.made or not isinstance(response.body, bytes):
                return response
            return await self._let_through(response)
        except (Exception, asyncio.CancelledError) as error:
            return await self._refusal(error)

    async def _let_through(self, response: FaceResponse) -> FaceResponse:
        """The response, or a refusal where the pipeline does not let through a request that made no call."""
        if not self._calls.made and (refused := await self._calls.carry(_nothing)) is not None:
            return self._face.refusal(self._request, refused, self._calls.ray_id)
        return response

    async def _refusal(self, error: Exception | asyncio.CancelledError) -> FaceResponse:
        """What is told of an error. Raises CancelledError where there is nobody to be told."""
        told = await self._told(error)
        return self._face.refusal(self._request, told, self._calls.ray_id)

    async def _told(self, error: Exception | asyncio.CancelledError) -> ApiError:
        exchange = self._body.exchange
        cause = exchange.cancellation(error) if isinstance(error, asyncio.CancelledError) else error
        if exchange.disconnected or not isinstance(cause, Exception):
            raise asyncio.CancelledError
        if not self._calls.made:

            async def fail(call: Call) -> None:
                raise cause

            refused = await self._calls.carry(fail)
            assert refused is not None
            return refused
        if not isinstance(cause, ApiError):
            self._log(cause)
        return self._serving.error_of(cause)

    async def _send(self, response: FaceResponse) -> None:
        if isinstance(response.body, bytes):
            self._send_whole(response, response.body)
            return
        try:
            first = [await anext(response.body, b"")] if self._request.verb != "HEAD" else [b""]
            response = await self._let_through(response)
        except (Exception, asyncio.CancelledError) as error:
            response = await self._refusal(error)
        if isinstance(response.body, bytes):
            self._send_whole(response, response.body)
            return
        self._begin(response)
        if self._request.verb == "HEAD":
            self._sender.end(b"")
        else:
            await self._send_parts(first, response.body)

    async def _send_parts(self, first: list[bytes], others: AsyncIterator[bytes]) -> None:
        """Holds no part while it waits for the client: what is sent is copied. `first` is emptied. Raises StreamReset
        where they break off."""
        try:
            self._sender.put(first.pop())
            await self._sender.room()
            async for part in others:
                self._calls.count_sent(part)
                self._sender.put(part)
                del part
                await self._sender.room()
        except asyncio.CancelledError as error:  # under no other name: see `serving`
            if self._body.exchange.disconnected:
                raise
            told = str(self._body.exchange.cancellation(error))
            raise StreamReset(f"{self._request.verb} was cut short: {told}") from None
        except Exception as error:
            if not isinstance(error, ApiError):
                self._log(error)
            raise StreamReset(f"{self._request.verb} failed after the response had begun: {error}") from None
        self._sender.end(b"")

    def _send_whole(self, response: FaceResponse, body: bytes) -> None:
        length = None if response.status in _WITHOUT_CONTENT else len(body)
        self._begin(response, length)
        self._sender.end(b"" if self._request.verb == "HEAD" else body)

    def _begin(self, response: FaceResponse, length_bytes: int | None = None) -> None:
        """`length_bytes`: of the body, to be told where the face has not said it."""
        headers = [*response.headers]
        names = {name.lower() for name, _ in headers}
        if length_bytes is not None and "content-length" not in names:
            headers.append(("content-length", str(length_bytes)))
        for call in self._calls.made:
            for name, value in call.response_headers:
                if name not in names:
                    names.add(name)
                    headers.append((name, value))
        self._sender.begin(response.status, encoded(headers))

    def _log(self, error: Exception) -> None:
        _log.error("the face at the door %s failed (ray %s)", self._face.door, self._calls.ray_id, exc_info=error)


async def _nothing(call: Call) -> None:
    """What a request does in the pipeline that the face has answered alone."""


def _is_bodiless(verb: str, headers: dict[bytes, bytes]) -> bool:
    """Whether the head says that there is no body."""
    length = headers.get(b"content-length")
    if length is None:
        return verb not in ("PUT", "POST") and b"transfer-encoding" not in headers
    return length == b"0"
