"""What one request may be: each bound of docs/limits.md, at both doors, in every protocol."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import grpc
import pytest
from google.api import httpbody_pb2
from google.rpc import error_details_pb2, status_pb2
from portico.testing.v1 import testing_pb2, testing_pb2_grpc

from portico.objects.v1 import objects_pb2, objects_pb2_grpc
from portico_server.gateway.validate import MAX_BODY_BYTES
from portico_server.host.envoy.http import MAX_HEADERS, MAX_HEADERS_KIBIBYTES
from portico_server.host.envoy.transcoder import largest_json
from tests.e2e.calls import ACCOUNT, Failure, failure_of
from tests.harness import RunningPlatform, clients
from tests.harness.web import frame

NAME = f"{ACCOUNT}/tests/a"
METHOD = "/portico.testing.v1.TestingService/Unary"
STREAM = "/portico.testing.v1.TestingService/ServerStream"
REST = f"/v1/testing/{NAME}"
DEEP = '{"nothing":' + "[" * 50_000 + "]" * 50_000 + "}"
SMALL = testing_pb2.UnaryRequest(name=NAME).SerializeToString()
NO_LIMIT = [("grpc.max_send_message_length", -1), ("grpc.max_metadata_size", 1 << 20)]

LARGE_HEADER = {"x-large": "a" * (MAX_HEADERS_KIBIBYTES * 1024 + 1)}
MANY_HEADERS = {f"x-{number}": "a" for number in range(MAX_HEADERS + 1)}

PROTOCOLS: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "REST": (REST, b"{}", {"content-type": "application/json"}),
    "gRPC-Web": (METHOD, frame(SMALL), {"content-type": "application/grpc-web+proto", "x-grpc-web": "1"}),
    "Connect": (METHOD, SMALL, {"content-type": "application/proto"}),
}


class Door(NamedTuple):
    """One of a platform's doors, and what is shown there."""

    address: str
    credentials: dict[str, Any]

    def ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> clients.Response:
        return clients.http(self.address, "POST", path, body=body, headers=headers, **self.credentials)

    def channel(self) -> AbstractContextManager[grpc.Channel]:
        return clients.channel(self.address, options=NO_LIMIT, **self.credentials)

    @contextmanager
    def stub(self) -> Iterator[testing_pb2_grpc.TestingServiceStub]:
        with self.channel() as channel:
            yield testing_pb2_grpc.TestingServiceStub(channel)


@pytest.fixture(params=["api", "web"])
def door(request: pytest.FixtureRequest, platform: RunningPlatform) -> Iterator[Door]:
    shown = {"authority": platform.authority, "token": platform.token}
    if request.param == "api":
        found = Door(platform.address, {**shown, "certificate": platform.certificate})
    else:
        found = Door(platform.web_address, {**shown, "certificate": None})
    yield found
    path, body, headers = PROTOCOLS["REST"]
    assert found.ask(path, body, headers).status == 200, "the door goes on"


def large(platform: RunningPlatform) -> testing_pb2.UnaryRequest:
    return testing_pb2.UnaryRequest(name=NAME, payload=bytes(platform.settings.max_message_bytes))


def test_a_large_message_by_grpc(door: Door, platform: RunningPlatform) -> None:
    with door.stub() as stub:
        refused = failure_of(lambda: stub.Unary(large(platform), timeout=30))
    assert (refused.code, refused.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "MESSAGE_TOO_LARGE")
    assert str(platform.settings.max_message_bytes) in refused.message


@pytest.mark.parametrize("size_bytes", [MAX_BODY_BYTES + 1, 9 << 20])
def test_a_message_with_too_much_of_an_object_is_told_of_the_bound_that_it_meets_first(
    door: Door, platform: RunningPlatform, size_bytes: int
) -> None:
    """What fits into a message of 8 MiB is too much all the same: who is told of that alone is refused once more."""
    assert platform.settings.max_message_bytes == 8 << 20
    name = f"{ACCOUNT}/buckets/bounds/objects/large"
    put = objects_pb2.PutObjectRequest(name=name, data=httpbody_pb2.HttpBody(data=bytes(size_bytes)))
    with door.channel() as channel:
        stub = objects_pb2_grpc.ObjectServiceStub(channel)
        refused = failure_of(lambda: stub.PutObject(iter([put]), timeout=30))
    assert "4194304 bytes" in refused.message
    assert "8388608" not in refused.message
    assert "send what is more in further messages" in refused.message


def test_a_large_message_by_grpc_web(door: Door, platform: RunningPlatform) -> None:
    path, _, headers = PROTOCOLS["gRPC-Web"]
    answer = door.ask(path, frame(large(platform).SerializeToString()), headers)
    details = base64.b64decode(answer.headers["grpc-status-details-bin"] + "==")
    info = error_details_pb2.ErrorInfo()
    assert any(detail.Unpack(info) for detail in status_pb2.Status.FromString(details).details)
    assert (answer.headers["grpc-status"], info.reason) == ("8", "MESSAGE_TOO_LARGE")


def test_a_large_message_by_connect(door: Door, platform: RunningPlatform) -> None:
    path, _, headers = PROTOCOLS["Connect"]
    answer = door.ask(path, large(platform).SerializeToString(), headers)
    assert (answer.status, answer.json()["code"]) == (429, "resource_exhausted")


@pytest.mark.parametrize("path", [REST, METHOD])
def test_a_large_body_of_json_by_rest_and_by_connect(door: Door, platform: RunningPlatform, path: str) -> None:
    body = b'{"text":"' + b"a" * largest_json(platform.settings.max_message_bytes) + b'"}'
    answer = door.ask(path, body, {"content-type": "application/json"})
    assert (answer.status, reason(answer)) == (413, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize("headers", [LARGE_HEADER, MANY_HEADERS], ids=["large", "many"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_headers_by_http_1(door: Door, protocol: str, headers: dict[str, str]) -> None:
    path, body, own = PROTOCOLS[protocol]
    answer = door.ask(path, body, {**own, **headers})
    assert (answer.status, reason(answer)) == (431, "HEADERS_TOO_LARGE")


@pytest.mark.parametrize("headers", [LARGE_HEADER, MANY_HEADERS], ids=["large", "many"])
def test_headers_by_grpc_end_the_call_and_the_client_goes_on(door: Door, headers: dict[str, str]) -> None:
    """HTTP/2 resets the stream; what its compression cannot read on ends the connection."""
    request = testing_pb2.UnaryRequest(name=NAME)
    with door.stub() as stub:
        with pytest.raises(grpc.RpcError) as refused:
            stub.Unary(request, timeout=30, metadata=list(headers.items()))
        assert Failure(refused.value).code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL)
        stub.Unary(request, timeout=30)


def test_deep_json_by_rest(door: Door) -> None:
    answer = door.ask(REST, DEEP.encode(), {"content-type": "application/json"})
    assert (answer.status, reason(answer)) == (400, "REQUEST_MALFORMED")
    assert "too deep" in answer.json()["message"]


def test_deep_json_by_connect(door: Door) -> None:
    answer = door.ask(METHOD, DEEP.encode(), {"content-type": "application/json"})
    assert (answer.status, answer.json()["code"]) == (400, "invalid_argument")
    in_stream = door.ask(STREAM, frame(DEEP.encode()), {"content-type": "application/connect+json"})
    assert json.loads(in_stream.body[5:])["error"]["code"] == "invalid_argument"


def reason(answer: clients.Response) -> str:
    [info] = answer.json()["details"]
    return str(info["reason"])
