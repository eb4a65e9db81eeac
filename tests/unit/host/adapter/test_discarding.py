"""The rest of a refused HTTP request's body is read, within bounds, before its sender is answered."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from portico_server.host.adapter import requests
from portico_server.platform.call import Call, Handler
from portico_server.platform.errors import ApiError
from tests.unit.host.adapter.fake_asgi import FakeServer
from tests.unit.host.adapter.test_application import TRANSCODED, application, frame


async def refusing(call: Call, proceed: Handler) -> None:
    raise ApiError(grpc.StatusCode.PERMISSION_DENIED, "NO", "no")


async def refusing_after_one_message(call: Call, proceed: Handler) -> None:
    await call.first_message()
    await refusing(call, proceed)


async def never(request: Any, context: Any) -> bytes:
    raise AssertionError("nobody may be served")


@pytest.fixture(params=[refusing, refusing_after_one_message])
def path_of_refusal(request: pytest.FixtureRequest) -> Any:
    return application(never, "stream_unary", request.param)


def begun(app: Any, path: str, headers: Any = TRANSCODED) -> tuple[FakeServer, asyncio.Task[None]]:
    server = FakeServer(path, [frame(b"first")], headers, more_body=True)
    return server, asyncio.create_task(app(server.scope, server.receive, server.send))


async def turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_it_is_answered_when_its_body_has_ended(path_of_refusal: Any) -> None:
    server, task = begun(*path_of_refusal)
    await turns()
    assert server.sent == []
    server.arrive(b"x" * 100_000)
    await turns()
    assert server.sent == []
    server.arrive(b"", more_body=False)
    await asyncio.wait_for(task, 0.5)
    assert server.headers[b"grpc-status"] == b"7"


async def test_a_grpc_client_is_answered_at_once(path_of_refusal: Any) -> None:
    server, task = begun(*path_of_refusal, headers=())
    await asyncio.wait_for(task, 0.5)
    assert server.headers[b"grpc-status"] == b"7"


async def test_no_more_is_read_than_the_bound_says(path_of_refusal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "DISCARDED_BYTES", 150_000)
    server, task = begun(*path_of_refusal)
    for _ in range(2):
        await turns()
        assert not task.done()
        server.arrive(b"x" * 100_000)
    await asyncio.wait_for(task, 0.5)
    assert server.headers[b"grpc-status"] == b"7"


async def test_a_sender_that_waits_for_the_answer_gets_it(
    path_of_refusal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "DISCARDING_SECONDS", 0.1)
    server, task = begun(*path_of_refusal)
    await asyncio.wait_for(task, 5)
    assert server.headers[b"grpc-status"] == b"7"


async def test_who_goes_away_meanwhile_is_not_answered(path_of_refusal: Any) -> None:
    server, task = begun(*path_of_refusal)
    await turns()
    server.disconnect()
    await asyncio.wait_for(task, 0.5)
    assert server.sent == []


async def test_a_deadline_that_passes_meanwhile_ends_the_reading(path_of_refusal: Any) -> None:
    app, path = path_of_refusal
    server, task = begun(app, path, (*TRANSCODED, (b"grpc-timeout", b"100m")))
    await asyncio.wait_for(task, 0.8)
    assert server.headers[b"grpc-status"] in (b"4", b"7")
