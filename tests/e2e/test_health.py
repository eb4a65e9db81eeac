"""Health and reflection through the gateway: for who has a certificate, without a token."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

from portico_server import registry
from portico_server.gateway.gateway import CONTRACTS
from portico_server.platform.methods import FOREIGN, methods_of
from portico_server.platform.placement import Placement
from portico_server.platform.settings import Settings
from tests.harness import RunningPlatform, running_platform
from tests.testing_product.product import PRODUCT as TESTING

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
PRODUCTS = [*registry.products(Settings(), Placement(Settings())), TESTING]


def every_service() -> dict[str, list[str]]:
    """What is served: methods' names by service."""
    services = [service for file in CONTRACTS for service in file.services_by_name.values()]
    services += [service for product in PRODUCTS for service in product.services]
    found: dict[str, list[str]] = {}
    for method in {**FOREIGN, **methods_of(services)}.values():
        found.setdefault(method.service, []).append(method.name)
    return found


SERVED = every_service()
WATCHED = ["", *(service for service in SERVED if service.startswith("portico.objects."))]


@pytest.fixture
def anonymous(platform: RunningPlatform) -> Iterator[grpc.Channel]:
    with platform.channel(token=None) as channel:
        yield channel


@pytest.mark.parametrize("service", ["", *SERVED])
def test_the_platform_and_each_service_are_healthy(anonymous: grpc.Channel, service: str) -> None:
    request = health_pb2.HealthCheckRequest(service=service)
    assert health_pb2_grpc.HealthStub(anonymous).Check(request, timeout=10).status == SERVING


def test_all_are_listed_with_their_health(anonymous: grpc.Channel) -> None:
    answer = health_pb2_grpc.HealthStub(anonymous).List(health_pb2.HealthListRequest(), timeout=10)
    assert {name: found.status for name, found in answer.statuses.items()} == dict.fromkeys(["", *SERVED], SERVING)


def test_a_service_that_nobody_knows_has_no_health(anonymous: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        health_pb2_grpc.HealthStub(anonymous).Check(health_pb2.HealthCheckRequest(service="no.Service"), timeout=10)
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_who_watches_is_told_before_the_platform_stops(tmp_path: Path) -> None:
    with running_platform(tmp_path) as platform, platform.channel(token=None) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        watches = [stub.Watch(health_pb2.HealthCheckRequest(service=name), timeout=20) for name in WATCHED]
        assert [next(watch).status for watch in watches] == [SERVING] * len(watches)
        platform.process.send_signal(signal.SIGTERM)
        assert [next(watch).status for watch in watches] == [NOT_SERVING] * len(watches)
        assert stub.Check(health_pb2.HealthCheckRequest(), timeout=10).status == NOT_SERVING
        for watch in watches:
            watch.cancel()
        assert platform.process.wait(60) == 0


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_describes_every_method(anonymous: grpc.Channel, version: str) -> None:
    reflect = anonymous.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    [listed] = reflect(iter([reflection_pb2.ServerReflectionRequest(list_services="*")]), timeout=10)
    assert {service.name for service in listed.list_services_response.service} == SERVED.keys()
    symbols = [f"{service}.{method}" for service, methods in SERVED.items() for method in methods]
    requests = (reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol) for symbol in symbols)
    for symbol, answer in zip(symbols, reflect(requests, timeout=10), strict=True):
        service = described(answer.file_descriptor_response)[symbol.rpartition(".")[0]]
        assert symbol.rpartition(".")[2] in {method.name for method in service.method}


def described(
    response: reflection_pb2.FileDescriptorResponse,
) -> dict[str, descriptor_pb2.ServiceDescriptorProto]:
    files = [descriptor_pb2.FileDescriptorProto.FromString(data) for data in response.file_descriptor_proto]
    return {f"{file.package}.{service.name}": service for file in files for service in file.service}


def test_grpcurl_lists_and_describes_every_service_and_calls_by_it(platform: RunningPlatform) -> None:
    assert set(platform.grpcurl("list", token=False).stdout.split()) == SERVED.keys()
    for service, methods in SERVED.items():
        text = platform.grpcurl("describe", service, token=False).stdout
        assert all(f"rpc {method} (" in text for method in methods), text
    for service, method in (("grpc.health.v1.Health", "Check"), ("portico.objects.v1.ObjectService", "PutObject")):
        assert f"rpc {method} (" in platform.grpcurl("describe", f"{service}.{method}", token=False).stdout
    answer = platform.grpcurl("-d={}", "grpc.health.v1.Health/Check", token=False)
    assert '"SERVING"' in answer.stdout
