"""An OpenTelemetry collector that keeps what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2


class Received(NamedTuple):
    """A span, its scope, and the attributes of who sent it."""

    resource: dict[str, str]
    scope: str
    span: trace_pb2.Span

    @property
    def service(self) -> str:
        return self.resource["service.name"]

    @property
    def process(self) -> str:
        """The name of the platform's process."""
        return self.resource["service.instance.id"].rpartition("/")[2]


class Collector(trace_service_pb2_grpc.TraceServiceServicer):  # type: ignore[misc]
    """Takes spans by OTLP over gRPC."""

    def __init__(self) -> None:
        self.received: list[Received] = []

    def Export(self, request: Any, context: Any) -> trace_service_pb2.ExportTraceServiceResponse:
        for of_resource in request.resource_spans:
            attributes = {item.key: item.value.string_value for item in of_resource.resource.attributes}
            for of_scope in of_resource.scope_spans:
                self.received += [Received(attributes, of_scope.scope.name, span) for span in of_scope.spans]
        return trace_service_pb2.ExportTraceServiceResponse()

    def of_trace(self, trace_id: str) -> list[Received]:
        return [received for received in list(self.received) if received.span.trace_id.hex() == trace_id]

    def scopes(self, trace_id: str) -> set[str]:
        return {received.scope for received in self.of_trace(trace_id)}


@contextmanager
def collecting() -> Iterator[tuple[Collector, int]]:
    """A collector that listens, and its port on 127.0.0.1."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield collector, port
    finally:
        server.stop(None)
