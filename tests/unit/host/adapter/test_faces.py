"""A face and its calls, over an ASGI server in memory: what the pipeline sees, and what reaches the client."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import grpc
import pytest
from portico.testing.v1 import testing_pb2 as pb
from portico.testing.v1 import testing_pb2_grpc as rpc

from portico_server.host.adapter import GrpcApplication
from portico_server.host.adapter.exchange import Cut, Event
from portico_server.host.adapter.face_responses import IN_FLIGHT_BYTES
from portico_server.host.adapter.responses import StreamReset
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call, Handler, current
from portico_server.platform.errors import ApiError, to_api_error
from portico_server.platform.faces import FaceCalls, FaceRequest, FaceResponse
from portico_server.platform.methods import methods_of
from tests.testing_product.product import TestingService
from tests.unit.host.adapter.fake_asgi import FakeServer

SERVICE = "/portico.testing.v1.TestingService/"
METHODS = methods_of(pb.DESCRIPTOR.services_by_name.values())

Answer = Callable[[FaceRequest, FaceCalls], Awaitable[FaceResponse]]


class OneFace:
    """A face of one function."""

    door = "test"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def refusal(self, request: FaceRequest, error: ApiError, ray_id: str) -> FaceResponse:
        return FaceResponse(409, [("x-refused", error.reason)], f"{error.reason} {ray_id}".encode())


class Served:
    """An application with that face and the testing service; `ended` are the calls that passed its pipeline, with what
    ended them."""

    def __init__(self, answer: Answer) -> None:
        self.ended: list[tuple[Call, str]] = []
        self.application = GrpcApplication(
            pipeline=self._step,
            methods=METHODS,
            errors=lambda error: to_api_error(error, {}),
            max_message_bytes=1 << 20,
            first_message_seconds=10,
        )
        rpc.add_TestingServiceServicer_to_server(TestingService(), self.application)
        self.application.add_face(OneFace(answer))

    async def _step(self, call: Call, proceed: Handler) -> None:
        call.ray_id = f"ray-{len(self.ended) + 1}"
        call.response_headers.append(("x-ray-id", call.ray_id))
        try:
            if call.credential is not None:
                call.principal = call.credential(call)
            await proceed(call)
        except BaseException as error:
            self.ended.append((call, getattr(error, "reason", type(error).__name__)))
            raise
        self.ended.append((call, ""))

    def server(
        self, verb: str = "GET", *body: bytes, more_body: bool = False, kind: type[FakeServer] = FakeServer
    ) -> FakeServer:
        server = kind("/a b", body, [(b"x-portico-door", b"test")], more_body=more_body)
        server.scope.update(method=verb, raw_path=b"/a%20b", query_string=b"x=%2F")
        return server

    async def request(self, verb: str = "GET", *body: bytes, more_body: bool = False) -> FakeServer:
        server = self.server(verb, *body, more_body=more_body)
        await asyncio.create_task(self.application(server.scope, server.receive, server.send))
        assert self.application.calls_in_flight == 0
        return server


async def unary(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
    request.credential = lambda call: Principal("accounts/default/principals/ada", "default")
    answered = await calls.call(SERVICE + "Unary", pb.UnaryRequest(text="hello"))
    return FaceResponse(200, [("content-type", "text/plain")], answered.text.encode())


def streaming(*sizes: int, **fields: Any) -> Answer:
    async def answer(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        async def body() -> AsyncIterator[bytes]:
            asked = pb.ServerStreamRequest(sizes_bytes=sizes, **fields)
            async for message in calls.stream(SERVICE + "ServerStream", asked):
                yield message.payload

        return FaceResponse(200, (), body())

    return answer


async def test_a_call_passes_the_pipeline_and_its_headers_come_with_the_answer() -> None:
    served = Served(unary)
    server = await served.request()

    assert server.body == b"hello"
    assert server.headers == {b"content-type": b"text/plain", b"content-length": b"5", b"x-ray-id": b"ray-1"}
    [(call, ended)] = served.ended
    assert (call.method.path, call.face, ended) == (SERVICE + "Unary", "test", "")
    assert call.principal is not None
    assert call.principal.name.endswith("/ada")


async def test_the_request_is_seen_as_it_was_sent() -> None:
    seen: list[FaceRequest] = []

    async def look(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        seen.append(request)
        return FaceResponse(200, (), b"".join([part async for part in request.body()]))

    server = await Served(look).request("PUT", b"one", b"two")
    assert server.body == b"onetwo"
    [request] = seen
    assert (request.verb, request.raw_path, request.query) == ("PUT", b"/a%20b", b"x=%2F")
    assert (b"te", b"trailers") in request.headers
    assert request.peer.address == "127.0.0.1"


async def test_a_body_is_streamed_into_a_call_as_the_servicer_reads() -> None:
    async def upload(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        async def messages() -> AsyncIterator[pb.ClientStreamRequest]:
            async for part in request.body():
                yield pb.ClientStreamRequest(payload=part)

        answered = await calls.call(SERVICE + "ClientStream", messages())
        return FaceResponse(200, (), str(answered.payload_bytes).encode())

    served = Served(upload)
    server = await served.request("PUT", b"x" * 1000, b"y" * 500)
    assert server.body == b"1500"
    assert served.ended[0][0].received_bytes == 1500


async def test_a_message_that_comes_again_is_checked_once_and_has_other_bytes_beside_it() -> None:
    checked: list[bytes] = []

    async def upload(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        beside: list[bytes] = []

        async def messages() -> AsyncIterator[pb.ClientStreamRequest]:
            calls.made[0].checks.append(lambda message: checked.append(message.payload))
            yield pb.ClientStreamRequest(payload=b"first")
            same = pb.ClientStreamRequest()
            async for part in request.body():
                beside.append(part)
                yield same
                assert calls.made[0].beside == [part]
                beside.clear()
            yield pb.ClientStreamRequest(payload=b"last")

        answered = await calls.call(SERVICE + "ClientStream", messages(), beside)
        return FaceResponse(200, (), str(answered.messages).encode())

    assert (await Served(upload).request("PUT", b"x", b"y", b"z")).body == b"5"
    assert checked == [b"", b"last"]


async def test_a_stream_is_pulled_part_by_part_and_ends_its_call_behind_the_last() -> None:
    served = Served(streaming(3, 4))
    server = await served.request()
    assert server.body == bytes(7)
    assert [ended for _, ended in served.ended] == [""]
    assert [len(event["body"]) for event in server.sent if event.get("body")] == [3, 4]


async def test_an_error_before_the_first_part_is_refused_and_one_behind_it_resets_the_stream() -> None:
    failing = {"status": pb.Status(code=5, message="not there")}
    served = Served(streaming(**failing))
    server = await served.request()
    assert (server.sent[0]["status"], server.body) == (409, b"NOT_FOUND ray-1")

    served = Served(streaming(3, **failing))
    server = served.server()
    with pytest.raises(StreamReset):
        await served.application(server.scope, server.receive, server.send)
    assert server.body == bytes(3)
    assert server.sent[-1]["more_body"]
    assert served.application.calls_in_flight == 0


async def test_a_request_without_a_call_passes_the_pipeline_once_and_may_be_refused_there() -> None:
    async def refuse(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        raise ApiError(grpc.StatusCode.INVALID_ARGUMENT, "WRONG", "it is wrong")

    async def answer(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        return FaceResponse(204)

    served = Served(refuse)
    server = await served.request()
    assert (server.sent[0]["status"], server.body) == (409, b"WRONG ray-1")
    assert [(call.method.path, call.principal, ended) for call, ended in served.ended] == [("/test", None, "WRONG")]

    served = Served(answer)
    server = await served.request()
    assert (server.sent[0]["status"], server.body) == (204, b"")
    assert [(call.method.path, ended) for call, ended in served.ended] == [("/test", "")]


async def test_what_nobody_expected_is_internal() -> None:
    async def fail(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        raise RuntimeError("a secret of the inside")

    async def fail_later(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        await unary(request, calls)
        raise RuntimeError("a secret of the inside")

    for answer in (fail, fail_later):
        assert (await Served(answer).request()).body == b"INTERNAL ray-1"


async def test_further_calls_stand_in_the_first_ones_trace_and_the_ray_is_the_firsts() -> None:
    async def twice(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        await unary(request, calls)
        return await unary(request, calls)

    served = Served(twice)
    server = await served.request()
    assert server.headers[b"x-ray-id"] == b"ray-1"
    first, second = (call for call, _ in served.ended)
    assert b"traceparent" not in first.headers
    assert b"traceparent" in second.headers


async def test_a_stream_read_while_another_call_reads_its_requests_leaves_each_call_current() -> None:
    seen: list[str] = []

    async def copy(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        async def messages() -> AsyncIterator[pb.ClientStreamRequest]:
            asked = pb.ServerStreamRequest(sizes_bytes=[10, 20])
            async for message in calls.stream(SERVICE + "ServerStream", asked):
                seen.append(current.get().method.name)
                yield pb.ClientStreamRequest(payload=message.payload)

        answered = await calls.call(SERVICE + "ClientStream", messages())
        return FaceResponse(200, (), str(answered.payload_bytes).encode())

    served = Served(copy)
    assert (await served.request("PUT", b"all")).body == b"30"
    assert seen == ["ClientStream", "ClientStream"]
    assert [(call.method.name, ended) for call, ended in served.ended] == [("ServerStream", ""), ("ClientStream", "")]


async def test_the_answer_to_head_has_no_body() -> None:
    server = await Served(unary).request("HEAD")
    assert server.body == b""
    assert server.headers[b"content-length"] == b"5"


async def test_a_client_that_leaves_while_it_uploads_ends_the_call() -> None:
    async def upload(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        async def messages() -> AsyncIterator[pb.ClientStreamRequest]:
            async for part in request.body():
                yield pb.ClientStreamRequest(payload=part)

        await calls.call(SERVICE + "ClientStream", messages())
        raise AssertionError("nobody is left")

    served = Served(upload)
    server = served.server("PUT", b"begun", more_body=True)
    task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
    while not server._waiting:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(0)
    server.disconnect()
    await task
    assert [ended for _, ended in served.ended] == ["CLIENT_LEFT"]
    assert server.sent == []
    assert served.application.calls_in_flight == 0


async def test_a_client_that_leaves_while_it_downloads_ends_the_call() -> None:
    served = Served(streaming(*[1 << 20] * 50))
    server = served.server()
    server.held = []
    task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
    while not server.held:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(0)
    assert len(server.held) == 1, "no more than Envoy takes is made"
    server.disconnect()
    await task
    assert [ended for _, ended in served.ended] == ["ClientDisconnected"]
    assert served.application.calls_in_flight == 0


class CopyingServer(FakeServer):
    """Keeps no bytes that it is given, as pyvoy does not."""

    def send(self, event: Event) -> Any:
        return super().send(event | {"body": bytes(bytearray(event.get("body", b"")))})


async def test_no_part_is_held_while_the_client_is_behind() -> None:
    made: list[int] = []
    gone: list[int] = []

    class Part(bytes):
        def __del__(self) -> None:
            gone.append(len(self))

    async def answer(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        async def body() -> AsyncIterator[bytes]:
            for extra in range(3):
                made.append(IN_FLIGHT_BYTES + extra)
                yield Part(IN_FLIGHT_BYTES + extra)

        return FaceResponse(200, (), body())

    served = Served(answer)
    server = served.server(kind=CopyingServer)
    server.held = []
    task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
    for parts in (1, 2, 3):
        while len(server.held) < parts:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0)
        assert len(made) == parts, "no more than Envoy takes is made"
        assert gone == made
        server.held[-1].set_result(None)
    await asyncio.wait_for(task, 30)


async def test_a_client_that_leaves_while_it_downloads_leaves_nothing_for_the_garbage_collector() -> None:
    class Held:
        """What a face has at hand while it sends."""

    held: list[weakref.ref[Held]] = []

    async def answer(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        async def body() -> AsyncIterator[bytes]:
            large = Held()
            held.append(weakref.ref(large))
            while True:
                yield bytes(IN_FLIGHT_BYTES)

        return FaceResponse(200, (), body())

    served = Served(answer)
    server = served.server()
    server.held = []
    gc.disable()
    try:
        task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
        while not server.held:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0)
        server.disconnect()
        await task
        for _ in range(5):  # the loop closes a generator that nobody has any more
            await asyncio.sleep(0)
        assert held[0]() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("answer", [unary, streaming(1, 2)], ids=["unary", "streaming"])
async def test_a_request_leaves_nothing_for_the_garbage_collector(answer: Answer) -> None:
    served = Served(answer)
    await served.request()
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            await served.request()
        call = weakref.ref(served.ended[-1][0].context)
        served.ended.clear()
        await asyncio.sleep(0)
        assert call() is None
        assert gc.collect() == 0
    finally:
        gc.enable()


async def test_a_client_that_leaves_while_nothing_is_sent_is_noticed() -> None:
    async def wait(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        assert [part async for part in request.body()] == [b"all of it"]
        await calls.call(SERVICE + "Unary", pb.UnaryRequest(delay_millis=60_000))
        raise AssertionError("nobody is left")

    served = Served(wait)
    server = served.server("PUT", b"all of it")
    task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
    await asyncio.sleep(0)
    server.disconnect()
    await asyncio.wait_for(task, 30)
    assert [ended for _, ended in served.ended] == ["CancelledError"]


async def test_a_body_that_is_awaited_in_vain_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portico_server.host.adapter.face_body.STRANGERS_SECONDS", 0.0)

    async def read(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        return FaceResponse(200, (), b"".join([part async for part in request.body()]))

    served = Served(read)
    server = served.server("PUT", b"begun", more_body=True)
    await asyncio.wait_for(served.application(server.scope, server.receive, server.send), 30)
    assert server.body == b"BODY_STALLED ray-1"


async def test_headers_that_would_break_out_of_their_line_are_not_sent() -> None:
    async def split(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        return FaceResponse(200, [("content-type", "text/plain\r\nset-cookie: a=b")])

    served = Served(split)
    server = served.server()
    with pytest.raises(ValueError, match="control characters"):
        await served.application(server.scope, server.receive, server.send)
    assert server.sent == []


async def test_a_platform_that_stops_says_so_before_the_first_part_and_resets_behind_it() -> None:
    async def wait(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        await calls.call(SERVICE + "Unary", pb.UnaryRequest(delay_millis=60_000))
        raise AssertionError("it is cut short")

    served = Served(wait)
    server = served.server()
    task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
    await asyncio.sleep(0)
    served.application.watch.cut_all(Cut.STOPPING)
    await asyncio.wait_for(task, 30)
    assert server.body == b"STOPPING ray-1"

    served = Served(streaming(*[1 << 20] * 5))
    server = served.server()
    server.held = []
    task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
    while not server.held:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(0)
    served.application.watch.cut_all(Cut.STOPPING)
    with pytest.raises(StreamReset):
        await asyncio.wait_for(task, 30)
    assert [ended for _, ended in served.ended] == ["STOPPING"]


async def test_a_caller_who_is_revoked_meanwhile_is_cut_off() -> None:
    async def upload(request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        async def messages() -> AsyncIterator[pb.ClientStreamRequest]:
            async for part in request.body():
                yield pb.ClientStreamRequest(payload=part)

        request.credential = lambda call: Principal("accounts/default/principals/ada", "default")
        await calls.call(SERVICE + "ClientStream", messages())
        raise AssertionError("it is cut short")

    served = Served(upload)
    server = served.server("PUT", b"begun", more_body=True)
    task = asyncio.create_task(served.application(server.scope, server.receive, server.send))
    while not server._waiting:  # noqa: ASYNC110 - nobody tells us
        await asyncio.sleep(0)

    def refusal_of(call: Call) -> ApiError | None:
        revoked = call.principal is not None and call.principal.name.endswith("/ada")
        return ApiError(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_REVOKED", "it is revoked") if revoked else None

    served.application.watch.cut_refused(refusal_of)
    await asyncio.wait_for(task, 30)
    assert server.body == b"TOKEN_REVOKED ray-1"
    assert [ended for _, ended in served.ended] == ["TOKEN_REVOKED"]
