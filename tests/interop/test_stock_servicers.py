"""The stock health and reflection servicers, unchanged, async and not."""

from __future__ import annotations

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from tests.interop.inside import process, wait_until

SERVING = health_pb2.HealthCheckResponse.SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
HEALTHS = ("grpc.health.v1.Health", "portico.testing.BlockingHealth")
REFLECTIONS = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


def health_call(channel: grpc.Channel, service: str, method: str) -> grpc.UnaryUnaryMultiCallable:
    kind = channel.unary_unary if method == "Check" else channel.unary_stream
    return kind(
        f"/{service}/{method}",
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )


@pytest.mark.parametrize("service", HEALTHS)
def test_health_check_answers(channel: grpc.Channel, service: str) -> None:
    assert health_call(channel, service, "Check")(health_pb2.HealthCheckRequest()).status == SERVING


@pytest.mark.parametrize("service", HEALTHS)
def test_health_check_of_an_unknown_service_is_not_found(channel: grpc.Channel, service: str) -> None:
    with pytest.raises(grpc.RpcError) as failure:
        health_call(channel, service, "Check")(health_pb2.HealthCheckRequest(service="nobody"))
    assert failure.value.code() is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("service", HEALTHS)
def test_health_watch_answers_and_ends_with_its_client(channel: grpc.Channel, service: str) -> None:
    for _ in range(70):  # more than there are threads for servicers that are not async
        watch = health_call(channel, service, "Watch")(health_pb2.HealthCheckRequest(service="nobody"), timeout=10)
        assert next(watch).status == SERVICE_UNKNOWN
        watch.cancel()


def test_the_health_stub_works_as_generated(channel: grpc.Channel) -> None:
    stub = health_pb2_grpc.HealthStub(channel)
    assert stub.Check(health_pb2.HealthCheckRequest(service="")).status == SERVING


@pytest.mark.parametrize("service", REFLECTIONS)
def test_reflection_lists_and_describes_the_services(channel: grpc.Channel, service: str) -> None:
    reflect = channel.stream_stream(
        f"/{service}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    name = "portico.testing.v1.TestingService"
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=name),
    ]
    listed, described = reflect(iter(asked))
    assert name in [entry.name for entry in listed.list_services_response.service]
    assert described.file_descriptor_response.file_descriptor_proto


def test_watchers_that_left_are_forgotten(channel: grpc.Channel) -> None:
    watch = health_call(channel, HEALTHS[0], "Watch")(health_pb2.HealthCheckRequest())
    next(watch)
    before = process(channel).objects
    watch.cancel()
    wait_until(lambda: process(channel).objects < before)
