"""The testing product with a face at the S3 door, in the place of the objects product: `only=("testing",)`.

It speaks a protocol of its own. The path's first part says what is to be done, the query how:

- `GET /unary?text=hello&delay_millis=5`, with HEAD too: one call.
- `PUT /upload`: the body as a stream of requests; answers how many bytes and messages came.
- `GET /download?sizes_bytes=3,4&code=5`: a stream of responses; with a code it ends so.
- `GET /open?name=closed`: one call that is open to everybody, but for that name.
- `GET /seen`: the request as the face has it, as JSON; without a call.
- `GET /fail?code=3`, `GET /crash`: an error of the face's own, without a call.

Who calls stands in the header `x-testing-principal`, whose value `bad` is refused; without it: nobody. A request that
is signed as those of S3 are is called by whoever has the access key.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import parse_qs

import grpc

from portico_server.objects.faces.s3 import sigv4
from portico_server.objects.faces.s3.signers import Signers
from portico_server.platform.access_keys import AccessKeys
from portico_server.platform.authorization import Principal
from portico_server.platform.call import Call
from portico_server.platform.clock import SystemClock
from portico_server.platform.errors import ApiError
from portico_server.platform.faces import FaceCalls, FaceRequest, FaceResponse
from portico_server.platform.product import Platform, Running
from tests.testing_product import product
from tests.testing_product.product import pb

SERVICE = "/portico.testing.v1.TestingService/"
NAME = "accounts/default/tests/face"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class TestingFace:
    """What the module says."""

    door = "s3"

    def __init__(self, access_keys: AccessKeys) -> None:
        self._signers = Signers(access_keys)

    async def answer(self, request: FaceRequest, calls: FaceCalls) -> FaceResponse:
        if request.raw_path.startswith(b"/seen"):
            return FaceResponse(200, [("content-type", "application/json")], _seen(request))
        headers = dict(request.headers)
        request.credential = _credential(headers.get(b"x-testing-principal", b"").decode())
        if signed := sigv4.verify(request, self._signers, SystemClock()):
            request.credential = lambda call: signed.key.principal
        asked = {key: values[-1] for key, values in parse_qs(request.query.decode()).items()}
        match request.raw_path.split(b"/")[1]:
            case b"unary":
                fields = {"text": asked.get("text", ""), "delay_millis": int(asked.get("delay_millis", 0))}
                fields["response_bytes"] = int(asked.get("response_bytes", 0))
                answered = await calls.call(SERVICE + "Unary", pb.UnaryRequest(name=NAME, **fields))
                return FaceResponse(200, [("content-type", "text/plain")], answered.text.encode() + answered.payload)
            case b"upload":
                answered = await calls.call(SERVICE + "ClientStream", _messages(request))
                return FaceResponse(200, (), f"{answered.payload_bytes} {answered.messages}".encode())
            case b"download":
                sizes = [int(size) for size in asked.get("sizes_bytes", "").split(",") if size]
                length = [] if "code" in asked else [("content-length", str(sum(sizes)))]
                return FaceResponse(200, length, _parts(calls, sizes, int(asked.get("code", 0))))
            case b"many":
                sizes = [int(asked["size"])] * int(asked["n"])
                return FaceResponse(200, [("content-length", str(sum(sizes)))], _parts(calls, sizes, 0))
            case b"open":
                name = f"accounts/default/tests/{asked['name']}"
                opened = await calls.call(SERVICE + "Open", pb.OpenRequest(name=name))
                return FaceResponse(200, (), b"as everybody" if opened.anonymous else b"as oneself")
            case b"fail":
                raise ApiError(_CODES[int(asked["code"])], "AS_ASKED", "as you asked")
            case b"crash":
                raise RuntimeError("a secret of the inside")
        return FaceResponse(200, [("content-type", "application/json")], _seen(request))

    def refusal(self, request: FaceRequest, error: ApiError, ray_id: str) -> FaceResponse:
        statuses = {"UNAUTHENTICATED": 401, "PERMISSION_DENIED": 403, "RESOURCE_EXHAUSTED": 429, "UNAVAILABLE": 503}
        body = f"<Error><Code>{error.reason}</Code><RequestId>{ray_id}</RequestId></Error>"
        return FaceResponse(statuses.get(error.code.name, 400), [("content-type", "application/xml")], body.encode())


def _credential(name: str):  # type: ignore[no-untyped-def]
    def credential(call: Call) -> Principal | None:
        if name == "bad":
            raise ApiError(grpc.StatusCode.UNAUTHENTICATED, "SIGNATURE_WRONG", "the signature is wrong")
        return Principal(f"accounts/default/principals/{name}", "default") if name else None

    return credential


async def _messages(request: FaceRequest) -> AsyncIterator[pb.ClientStreamRequest]:
    name = NAME
    async for part in request.body():
        yield pb.ClientStreamRequest(name=name, payload=part)
        name = ""
    if name:
        yield pb.ClientStreamRequest(name=name)


async def _parts(calls: FaceCalls, sizes: list[int], code: int) -> AsyncIterator[bytes]:
    asked = pb.ServerStreamRequest(name=NAME, sizes_bytes=sizes, status=pb.Status(code=code))
    async for message in calls.stream(SERVICE + "ServerStream", asked):
        yield message.payload


def _seen(request: FaceRequest) -> bytes:
    seen = {
        "verb": request.verb,
        "path": request.raw_path.decode("latin-1"),
        "query": request.query.decode("latin-1"),
        "headers": [(name.decode(), value.decode("latin-1")) for name, value in request.headers],
        "address": request.peer.address,
    }
    return json.dumps(seen).encode()


@asynccontextmanager
async def _run(platform: Platform) -> AsyncIterator[Running]:
    async with product.PRODUCT.run(platform) as running:
        yield replace(running, faces=[TestingFace(platform.access_keys)])


PRODUCT = replace(product.PRODUCT, run=_run)
