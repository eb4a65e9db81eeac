"""What the adapter gives to the pipeline and takes from it, seen over an ASGI server in memory."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest

from portico_server.host.adapter import GrpcApplication
from portico_server.host.adapter.frames import header
from portico_server.host.adapter.responses import StreamReset
from portico_server.platform.call import Call, Handler, Step, current
from portico_server.platform.errors import ApiError, to_api_error
from portico_server.platform.methods import ContractError, Method
from tests.unit.host.adapter.fake_asgi import FakeServer

SERVICE = "test.Service"
TRANSCODED = ((b"x-envoy-original-path", b"/v1/x"),)


def frame(message: bytes) -> bytes:
    return header(0, len(message)) + message


async def straight(call: Call, proceed: Handler) -> None:
    await proceed(call)


def application(
    serve: Callable[..., Any],
    kind: str = "unary_unary",
    pipeline: Step = straight,
    *,
    public: bool = False,
    **options: Any,
) -> tuple[GrpcApplication, str]:
    """An application with one method, and its path."""
    path = f"/{SERVICE}/Method"
    handler = getattr(grpc, f"{kind}_rpc_method_handler")(serve)
    method = Method(path, handler.request_streaming, handler.response_streaming, public=public)
    given = {"max_message_bytes": 1000, "first_message_seconds": 10, **options}
    app = GrpcApplication(pipeline=pipeline, methods={path: method}, errors=lambda e: to_api_error(e, {}), **given)
    app.add_registered_method_handlers(SERVICE, {"Method": handler})
    return app, path


async def echo(request: bytes, context: Any) -> bytes:
    return request


async def served(app: GrpcApplication, path: str, *body: bytes, headers: Any = ()) -> FakeServer:
    server = FakeServer(path, body, headers)
    await asyncio.create_task(app(server.scope, server.receive, server.send))
    return server


async def test_a_unary_call_is_answered_in_three_events() -> None:
    server = await served(*application(echo), frame(b"hello"))
    assert [event["type"] for event in server.sent] == [
        "http.response.start", "http.response.body", "http.response.trailers",
    ]  # fmt: skip
    assert server.body == frame(b"hello")
    assert server.trailers == {b"grpc-status": b"0"}


async def test_a_rest_client_is_told_nothing_of_grpcs_encodings() -> None:
    for headers, told in (((), True), (TRANSCODED, False)):
        server = await served(*application(echo), frame(b"hello"), headers=headers)
        assert (b"grpc-accept-encoding" in dict(server.sent[0]["headers"])) is told


async def test_the_pipeline_sees_the_call_and_may_read_its_first_message() -> None:
    seen: list[Any] = []

    async def pipeline(call: Call, proceed: Handler) -> None:
        seen.extend((call.method.path, call.header(b"x-some"), await call.first_message(), await call.first_message()))
        assert current.get() is call
        call.response_headers.append(("x-ray-id", "ray"))
        await proceed(call)
        seen.extend((call.received_bytes, call.sent_bytes))

    app, path = application(echo, pipeline=pipeline)
    server = await served(app, path, frame(b"he")[:6], frame(b"he")[6:], headers=[(b"x-some", b"thing")])
    assert seen == [path, "thing", b"he", b"he", 7, 7]
    assert server.headers[b"x-ray-id"] == b"ray"
    assert server.body == frame(b"he")


async def test_an_error_of_the_pipeline_is_trailers_only_and_carries_its_headers() -> None:
    async def pipeline(call: Call, proceed: Handler) -> None:
        call.response_headers.append(("x-ray-id", "ray"))
        raise ApiError(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING", "send a token")

    server = await served(*application(echo, pipeline=pipeline), frame(b""))
    assert [event["type"] for event in server.sent] == ["http.response.start", "http.response.body"]
    assert server.body == b""
    assert server.headers[b"grpc-status"] == b"16"
    assert server.headers[b"x-ray-id"] == b"ray"


async def test_an_error_after_a_unary_handler_is_done_replaces_its_response() -> None:
    async def pipeline(call: Call, proceed: Handler) -> None:
        await proceed(call)
        raise ApiError(grpc.StatusCode.ABORTED, "TOO_LATE", "no")

    server = await served(*application(echo, pipeline=pipeline), frame(b"x"))
    assert server.body == b""
    assert server.headers[b"grpc-status"] == b"10"


async def test_an_error_of_a_native_stream_comes_after_its_messages() -> None:
    async def serve(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"one"
        await context.abort(grpc.StatusCode.DATA_LOSS, "lost", (("x-trailing", "1"),))

    server = await served(*application(serve, "unary_stream"), frame(b""))
    assert server.body == frame(b"one")
    assert server.trailers == {b"grpc-status": b"15", b"grpc-message": b"lost", b"x-trailing": b"1"}


async def test_a_transcoded_stream_that_broke_after_it_began_raises() -> None:
    async def serve(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield b"one"
        await asyncio.sleep(0.01)
        raise RuntimeError

    app, path = application(serve, "unary_stream")
    with pytest.raises(StreamReset, match="INTERNAL"):
        await served(app, path, frame(b""), headers=TRANSCODED)


async def test_checks_are_applied_to_every_message_but_the_first() -> None:
    checked: list[bytes] = []

    async def pipeline(call: Call, proceed: Handler) -> None:
        assert await call.first_message() == b"1"
        call.checks.append(checked.append)
        await proceed(call)

    async def serve(requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b",".join([request async for request in requests])

    server = await served(*application(serve, "stream_unary", pipeline), frame(b"1") + frame(b"2"), frame(b"3"))
    assert server.body == frame(b"1,2,3")
    assert checked == [b"2", b"3"]


async def test_a_check_that_refuses_ends_the_call() -> None:
    async def pipeline(call: Call, proceed: Handler) -> None:
        def refuse(message: bytes) -> None:
            raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, "OTHER_RESOURCE", message.decode())

        call.checks.append(refuse)
        await proceed(call)

    async def serve(requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b"".join([request async for request in requests])

    server = await served(*application(serve, "stream_unary", pipeline), frame(b"1") + frame(b"2"))
    assert (server.headers[b"grpc-status"], server.headers[b"grpc-message"]) == (b"3", b"2")


async def test_small_messages_share_events() -> None:
    async def serve(request: bytes, context: Any) -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 10

    server = await served(*application(serve, "unary_stream"), frame(b""))
    assert server.body == frame(b"x" * 10) * 1000
    assert len(server.sent) < 30


async def test_a_servicer_waits_while_nothing_is_taken() -> None:
    written = 0

    async def serve(request: bytes, context: Any) -> AsyncIterator[bytes]:
        nonlocal written
        while written < 1000:
            written += 1
            yield bytes(64 * 1024)

    app, path = application(serve, "unary_stream")
    server = FakeServer(path, [frame(b"")])
    server.held = []
    call = asyncio.create_task(app(server.scope, server.receive, server.send))
    for _ in range(200):
        await asyncio.sleep(0)
    assert 1 <= written < 10
    server.disconnect()
    await asyncio.wait_for(call, 5)
    assert written < 10


async def test_a_disconnect_cancels_the_handler_and_sends_nothing() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def serve(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        yield await anext(requests)
        began.set()
        try:
            await asyncio.sleep(3600)
        finally:
            assert context.cancelled()
            ended.set()

    app, path = application(serve, "stream_stream")
    server = FakeServer(path, [frame(b"x")], more_body=True)
    call = asyncio.create_task(app(server.scope, server.receive, server.send))
    await asyncio.wait_for(began.wait(), 5)
    server.disconnect()
    await asyncio.wait_for(call, 5)
    assert ended.is_set()
    assert not call.cancelled()


async def test_a_servicer_may_stop_waiting_for_a_message_and_wait_again() -> None:
    gave_up = asyncio.Event()

    async def serve(requests: AsyncIterator[bytes], context: Any) -> bytes:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(context.read(), 0.01)
        gave_up.set()
        return bytes(await context.read())

    app, path = application(serve, "stream_unary", public=True)
    server = FakeServer(path)
    call = asyncio.create_task(app(server.scope, server.receive, server.send))
    await asyncio.wait_for(gave_up.wait(), 5)
    server.arrive(frame(b"late"), more_body=False)
    await asyncio.wait_for(call, 5)
    assert server.body == frame(b"late")


async def test_a_call_that_lasts_is_asked_whether_its_client_is_there() -> None:
    async def serve(request: bytes, context: Any) -> bytes:
        await asyncio.sleep(3600)
        return b""

    app, path = application(serve)
    server = FakeServer(path, [frame(b"x")])
    call = asyncio.create_task(app(server.scope, server.receive, server.send))
    await asyncio.sleep(0.05)
    server.disconnect()
    await asyncio.wait_for(call, 5)
    assert server.sent == []


async def test_a_cancellation_of_the_servicers_own_is_told() -> None:
    async def serve(request: bytes, context: Any) -> bytes:
        raise asyncio.CancelledError

    server = await served(*application(serve), frame(b""))
    assert server.headers[b"grpc-status"] == b"1"


async def test_a_first_message_that_stops_coming_ends_the_call() -> None:
    app, path = application(echo, first_message_seconds=0.05)
    server = FakeServer(path, more_body=True)
    await asyncio.wait_for(asyncio.create_task(app(server.scope, server.receive, server.send)), 5)
    assert server.headers[b"grpc-status"] == b"4"


async def test_a_public_stream_may_take_its_time() -> None:
    async def serve(requests: AsyncIterator[bytes], context: Any) -> bytes:
        return b"".join([request async for request in requests])

    app, path = application(serve, "stream_unary", public=True, first_message_seconds=0.05)
    server = FakeServer(path)
    call = asyncio.create_task(app(server.scope, server.receive, server.send))
    await asyncio.sleep(0.2)
    assert not call.done()
    server.disconnect()
    await call


@pytest.mark.parametrize("begins", ["before the end", "after it"])
async def test_a_reader_that_outlives_its_call_is_told_that_it_is_over(begins: str) -> None:
    readers: list[asyncio.Task[Any]] = []

    async def read(requests: AsyncIterator[bytes], over: asyncio.Event | None) -> list[bytes]:
        if over is not None:
            await over.wait()
        return [request async for request in requests]

    async def serve(requests: AsyncIterator[bytes], context: Any) -> bytes:
        over = asyncio.Event()
        context.add_done_callback(lambda _: over.set())
        readers.append(asyncio.create_task(read(requests, over if begins == "after it" else None)))
        await asyncio.sleep(0.01)
        return b"answered before the client has sent all"

    app, path = application(serve, "stream_unary", public=True)
    server = FakeServer(path)
    await asyncio.create_task(app(server.scope, server.receive, server.send))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(readers[0], 5)


async def test_a_call_leaves_nothing_for_the_garbage_collector() -> None:
    app, path = application(echo)
    await served(app, path, frame(b"x"), headers=[(b"grpc-timeout", b"10S")])
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(50):
            await served(app, path, frame(b"x"), headers=[(b"grpc-timeout", b"10S")])
        await asyncio.sleep(0)
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "make_error",
    [lambda: ApiError(grpc.StatusCode.NOT_FOUND, "GONE", "it is gone"), lambda: ValueError("unforeseen")],
    ids=["foreseen", "unforeseen"],
)
async def test_a_call_that_fails_leaves_nothing_for_the_garbage_collector(make_error: Callable[[], Exception]) -> None:
    class Held:
        """What a servicer has at hand when it fails."""

    held: list[weakref.ref[Held]] = []

    async def serve(request: bytes, context: Any) -> bytes:
        large = Held()
        held.append(weakref.ref(large))
        raise make_error()

    app, path = application(serve)
    gc.disable()
    try:
        server = await served(app, path, frame(b"x"))
        assert server.headers[b"grpc-status"] != b"0"
        assert held[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", ["unary_unary", "unary_stream", "written"])
async def test_what_a_servicer_has_not_implemented_is_logged_with_its_cause(kind: str) -> None:
    seen: list[BaseException] = []

    async def look(call: Call, proceed: Handler) -> None:
        try:
            await proceed(call)
        except NotImplementedError as error:
            seen.append(error)
            raise

    async def fail(request: bytes, context: Any) -> bytes:
        raise NotImplementedError("no such engine") from KeyError("engine")

    async def generate(request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield await fail(request, context)

    serve, registered = (generate, kind) if kind == "unary_stream" else (fail, kind.replace("written", "unary_stream"))
    server = await served(*application(serve, registered, pipeline=look), frame(b"x"))
    assert server.headers[b"grpc-status"] == b"13"
    assert isinstance(seen[0].__cause__, KeyError)


def test_a_method_that_nobody_described_is_not_served() -> None:
    app, _ = application(echo)
    with pytest.raises(ContractError, match="Undescribed"):
        app.add_registered_method_handlers(SERVICE, {"Undescribed": grpc.unary_unary_rpc_method_handler(echo)})


def test_it_counts_as_a_grpc_aio_server() -> None:
    app, _ = application(echo)
    assert isinstance(app, grpc.aio.Server)


async def test_the_lifespan_ends_calls_before_it_stops() -> None:
    order: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        order.append("start")
        yield
        order.append("stop")

    async def serve(request: bytes, context: Any) -> bytes:
        try:
            await asyncio.sleep(3600)
        finally:
            order.append("call ended")
        return b""

    app, path = application(serve, lifespan=lifespan)
    events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    events.put_nowait({"type": "lifespan.startup"})
    life = asyncio.create_task(app({"type": "lifespan"}, events.get, sent.put))
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    server = FakeServer(path, [frame(b"")])
    call = asyncio.create_task(app(server.scope, server.receive, server.send))
    await asyncio.sleep(0.05)
    events.put_nowait({"type": "lifespan.shutdown"})
    assert (await sent.get())["type"] == "lifespan.shutdown.complete"
    await asyncio.gather(call, life)
    assert order == ["start", "call ended", "stop"]
    assert server.headers[b"grpc-status"] == b"14"


@pytest.mark.parametrize("phase", ["startup", "shutdown"])
async def test_a_lifespan_that_fails_says_so(phase: str) -> None:
    @contextlib.asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        if phase == "shutdown":
            yield
        raise RuntimeError("no database")

    app, _ = application(echo, lifespan=lifespan)
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await app({"type": "lifespan"}, receive, send)
    assert sent[-1] == {"type": f"lifespan.{phase}.failed", "message": "no database"}
