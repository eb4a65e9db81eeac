"""gRPC-Web at the web door: messages, streams, errors with their details, tokens, deadlines."""

from __future__ import annotations

import grpc
import pytest
from portico.testing.v1 import testing_pb2

from tests.harness import RunningPlatform
from tests.harness.web import grpc_web

SERVICE = "/portico.testing.v1.TestingService"
NAME = "accounts/default/tests/web"
HELLO = testing_pb2.UnaryRequest(name=NAME, text="héllo").SerializeToString()


@pytest.mark.parametrize("text", [False, True])
def test_a_grpc_web_call(platform: RunningPlatform, text: bool) -> None:
    answer = grpc_web(platform, f"{SERVICE}/Unary", HELLO, text=text)
    assert answer.code == 0
    [message] = answer.messages
    assert testing_pb2.UnaryResponse.FromString(message).text == "héllo"
    assert answer.http.headers["x-ray-id"]


@pytest.mark.parametrize("text", [False, True])
def test_a_grpc_web_stream(platform: RunningPlatform, text: bool) -> None:
    request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[0, 5, 100_000])
    answer = grpc_web(platform, f"{SERVICE}/ServerStream", request.SerializeToString(), text=text)
    sizes = [len(testing_pb2.ServerStreamResponse.FromString(message).payload) for message in answer.messages]
    assert (answer.code, sizes) == (0, [0, 5, 100_000])


def test_an_error_within_a_grpc_web_stream_comes_after_its_messages(platform: RunningPlatform) -> None:
    status = testing_pb2.Status(code=9, message="enough")
    request = testing_pb2.ServerStreamRequest(name=NAME, sizes_bytes=[1, 2], status=status)
    answer = grpc_web(platform, f"{SERVICE}/ServerStream", request.SerializeToString())
    assert (answer.code, answer.message, len(answer.messages)) == (9, "enough", 2)


def test_grpc_web_errors_have_their_details(platform: RunningPlatform) -> None:
    answer = grpc_web(platform, f"{SERVICE}/Unary", testing_pb2.UnaryRequest(name="no name").SerializeToString())
    assert answer.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert {name.rpartition(".")[2] for name, _ in answer.details} == {"ErrorInfo", "BadRequest"}


@pytest.mark.parametrize(("token", "reason"), [(None, "TOKEN_MISSING"), ("not.a.token", "TOKEN_MALFORMED")])
def test_without_a_good_token_it_says_why(platform: RunningPlatform, token: str | None, reason: str) -> None:
    answer = grpc_web(platform, f"{SERVICE}/Unary", HELLO, token=token)
    assert (answer.code, answer.reason) == (16, reason)


def test_deadlines_are_kept(platform: RunningPlatform) -> None:
    slow = testing_pb2.UnaryRequest(name=NAME, delay_millis=30_000).SerializeToString()
    assert grpc_web(platform, f"{SERVICE}/Unary", slow, headers={"grpc-timeout": "200m"}).code == 4
