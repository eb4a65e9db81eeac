"""Calls as pages make them: gRPC-Web and Connect, put together by hand over HTTP."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from google.rpc import error_details_pb2, status_pb2

from tests.harness.clients import Response, http
from tests.harness.platform import RunningPlatform

TRAILERS = 0x80  # of a gRPC-Web frame
END_STREAM = 0x02  # of a Connect frame


def frame(message: bytes, flags: int = 0) -> bytes:
    return bytes([flags]) + len(message).to_bytes(4, "big") + message


def frames(body: bytes) -> list[tuple[int, bytes]]:
    """(flags, message) of each; AssertionError where the body ends within one."""
    found = []
    while body:
        size = int.from_bytes(body[1:5], "big")
        assert len(body) >= 5 + size, "the body ends within a frame"
        found.append((body[0], body[5 : 5 + size]))
        body = body[5 + size :]
    return found


@dataclass
class Answer:
    """How a call ended, whatever the protocol. `code` is gRPC's number; `reason` that of the ErrorInfo."""

    http: Response
    messages: list[bytes] = field(default_factory=list)
    code: int = 0
    message: str = ""
    details: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def reason(self) -> str:
        [info] = [value for name, value in self.details if name.endswith("google.rpc.ErrorInfo")]
        return error_details_pb2.ErrorInfo.FromString(info).reason


def grpc_web(platform: RunningPlatform, method: str, *messages: bytes, text: bool = False, **options: Any) -> Answer:
    """A gRPC-Web call at the web door, with the administrator's token and no certificate unless `options` differ."""
    kind = "application/grpc-web-text" if text else "application/grpc-web+proto"
    body = b"".join(map(frame, messages))
    answer = web(
        platform,
        "POST",
        method,
        body=base64.b64encode(body) if text else body,
        headers={"content-type": kind, "accept": kind, "x-grpc-web": "1", **options.pop("headers", {})},
        **options,
    )
    found = Answer(answer)
    trailers = answer.headers
    if not text and not answer.headers.get("content-type", "").startswith("application/grpc-web"):
        return found
    content = b"".join(base64.b64decode(part) for part in _base64_parts(answer.body)) if text else answer.body
    for flags, message in frames(content):
        if flags & TRAILERS:
            trailers = dict(line.split(":", 1) for line in message.decode().splitlines())
        else:
            found.messages.append(message)
    found.code, found.message = int(trailers["grpc-status"]), trailers.get("grpc-message", "")
    if details := trailers.get("grpc-status-details-bin"):
        status = status_pb2.Status.FromString(base64.b64decode(details + "=" * (-len(details) % 4)))
        found.details = [(detail.type_url, detail.value) for detail in status.details]
    return found


def connect(
    platform: RunningPlatform,
    method: str,
    body: bytes,
    *,
    content_type: str = "application/proto",
    verb: str = "POST",
    **options: Any,
) -> Answer:
    """A Connect call: unary, or with the content type `application/connect+…` a stream, whose frames are the body."""
    headers = {"content-type": content_type, "connect-protocol-version": "1"} if verb == "POST" else {}
    answer = web(platform, verb, method, body=body, headers={**headers, **options.pop("headers", {})}, **options)
    found = Answer(answer)
    if answer.headers.get("content-type", "").startswith("application/connect+"):
        *messages, (flags, end) = frames(answer.body)
        assert flags & END_STREAM, "a stream ends with its own frame"
        found.messages = [message for _, message in messages]
        _take_error(found, json.loads(end).get("error"))
    elif answer.status == 200:
        found.messages = [answer.body]
    else:
        _take_error(found, answer.json())
    return found


def web(platform: RunningPlatform, verb: str, path: str, **options: Any) -> Response:
    """One HTTP request at the web door; token and no certificate, unless `options` (of `clients.http`) differ."""
    given = {"authority": platform.authority, "certificate": None, "token": platform.token, **options}
    return http(platform.web_address, verb, path, **given)


CODES = [
    "ok",
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
]
"""Connect's names, by gRPC's numbers."""


def _take_error(answer: Answer, error: dict[str, Any] | None) -> None:
    if error is None:
        return
    answer.code = CODES.index(error["code"])
    answer.message = error.get("message", "")
    for detail in error.get("details", []):
        value = detail["value"]
        answer.details.append((detail["type"], base64.b64decode(value + "=" * (-len(value) % 4))))


def _base64_parts(body: bytes) -> list[bytes]:
    """Texts that were encoded one by one and joined; each but the last may end in padding."""
    parts, rest = [], body
    while rest:
        end = rest.find(b"=")
        if end < 0:
            return [*parts, rest]
        while end < len(rest) and rest[end : end + 1] == b"=":
            end += 1
        parts.append(rest[:end])
        rest = rest[end:]
    return parts
