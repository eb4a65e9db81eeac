"""Plain HTTP as calls: what the pipeline sees of a request, what the endpoint gets, and how errors are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import grpc
import pytest

from portico_server.host.adapter import GrpcApplication, http_calls
from portico_server.platform.call import Call, Handler, Step, current
from portico_server.platform.errors import ApiError, to_api_error
from portico_server.platform.http_face import HttpRequest, HttpResponse, endpoint_method
from tests.unit.host.adapter.fake_asgi import FakeServer

PATH = "/echo"


class Echo:
    """Answers what it is sent."""

    method = endpoint_method(PATH)
    verbs: Sequence[str] = ("POST", "GET")
    max_body_bytes = 10

    async def answer(self, request: HttpRequest) -> HttpResponse:
        assert current.get().method is self.method
        if request.body == b"fail":
            raise KeyError("inside")
        return HttpResponse(201, request.body or b"nothing", {"x-verb": request.verb})

    def refusal(self, error: ApiError) -> HttpResponse:
        return HttpResponse(418, error.reason.encode())


async def straight(call: Call, proceed: Handler) -> None:
    call.response_headers.append(("x-ray-id", "ray"))
    await proceed(call)
    assert {name for name, _, _ in call.steps} == {"handler"}


async def served(server: FakeServer, pipeline: Step = straight, verb: str = "POST") -> FakeServer:
    app = GrpcApplication(
        pipeline=pipeline,
        methods={},
        errors=lambda error: to_api_error(error, {}),
        max_message_bytes=1000,
        first_message_seconds=10,
        find_endpoint={PATH: Echo()}.get,
    )
    server.scope["method"] = verb
    server.scope["headers"] = [(b"content-type", b"text/plain")]
    await asyncio.create_task(app(server.scope, server.receive, server.send))
    return server


def status(server: FakeServer) -> int:
    code: int = server.sent[0]["status"]
    return code


async def test_a_request_is_answered_with_the_calls_headers_beside_its_own() -> None:
    server = await served(FakeServer(PATH, [b"hel", b"lo"]))
    assert (status(server), server.body) == (201, b"hello")
    assert server.headers[b"x-ray-id"] == b"ray"
    assert server.headers[b"x-verb"] == b"POST"
    assert server.headers[b"content-length"] == b"5"


async def test_head_is_answered_as_get_without_the_body() -> None:
    server = await served(FakeServer(PATH, [b""]), verb="HEAD")
    assert (status(server), server.body) == (201, b"")
    assert server.headers[b"content-length"] == b"7"


@pytest.mark.parametrize(
    ("body", "told"),
    [([b"12345", b"678901"], b"BODY_TOO_LARGE"), ([b"fail"], b"INTERNAL"), ([b"x" * 100_000], b"BODY_TOO_LARGE")],
)
async def test_an_error_is_told_as_the_endpoint_tells_errors(body: list[bytes], told: bytes) -> None:
    server = await served(FakeServer(PATH, body))
    assert (status(server), server.body) == (418, told)


async def test_what_the_pipeline_refuses_is_never_read_by_the_endpoint() -> None:
    async def refusing(call: Call, proceed: Handler) -> None:
        call.response_headers.append(("x-ray-id", "ray"))
        raise ApiError(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED", "slowly")

    server = await served(FakeServer(PATH, [b"hello"]), refusing)
    assert (status(server), server.body) == (418, b"RATE_LIMITED")
    assert server.headers[b"x-ray-id"] == b"ray"


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_calls, "BODY_SECONDS", 0.05)
    monkeypatch.setattr("portico_server.host.adapter.refusals.DISCARDING_SECONDS", 0.05)
    server = await served(FakeServer(PATH, [b"hel"], more_body=True))
    assert (status(server), server.body) == (418, b"BODY_MISSING")


async def test_other_methods_are_told_which_there_are() -> None:
    server = await served(FakeServer(PATH, [b""]), verb="PUT")
    assert status(server) == 405
    assert server.headers[b"allow"] == b"POST, GET, HEAD"


async def test_another_path_is_nobodys() -> None:
    found: Any = await served(FakeServer("/echo/more", [b""]))
    assert status(found) == 404
