"""Fields that a contract does not know: accepted, unless the service refuses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import grpc
from portico.testing.v1 import testing_pb2

from tests.e2e.calls import failure_of
from tests.harness import RunningPlatform
from tests.harness.web import connect

UNKNOWN = b"\x98\x06\x01"
"""Field 99, a varint."""
LENIENT, STRICT = "/portico.testing.v1.TestingService/Unary", "/portico.testing.v1.StrictService/Echo"
NAME = "accounts/default/tests/newer"


def of_bytes(channel: grpc.Channel, method: str) -> Callable[[bytes], Any]:
    return channel.unary_unary(method, request_serializer=None, response_deserializer=None)


def test_a_newer_clients_fields_are_accepted(platform: RunningPlatform) -> None:
    request = testing_pb2.UnaryRequest(name=NAME, text="newer").SerializeToString() + UNKNOWN
    with platform.channel() as channel:
        answer = of_bytes(channel, LENIENT)(request)
    assert testing_pb2.UnaryResponse.FromString(answer).text == "newer"


def test_a_service_may_refuse_them(platform: RunningPlatform) -> None:
    request = testing_pb2.EchoRequest(text="newer").SerializeToString()
    with platform.channel() as channel:
        echo = of_bytes(channel, STRICT)
        assert testing_pb2.EchoResponse.FromString(echo(request)).text == "newer"
        failure = failure_of(lambda: echo(request + UNKNOWN))
    assert (failure.code, failure.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "UNKNOWN_FIELDS")
    assert "99" in failure.bad_request.field_violations[0].description


def test_it_refuses_them_in_json_too(platform: RunningPlatform) -> None:
    def answered(body: object) -> Any:
        return connect(platform, STRICT, json.dumps(body).encode(), content_type="application/json").http

    assert answered({"text": "x"}).status == 200
    refused = answered({"text": "x", "notAField": 1})
    assert refused.status == 400
    assert "notAField" in refused.json()["message"]
