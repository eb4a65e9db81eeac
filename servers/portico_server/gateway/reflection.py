"""Server reflection, both versions of its protocol.

The stock servicer speaks `grpc.reflection.v1alpha`; `grpc.reflection.v1` has the same messages on the wire, so the same
servicer answers it, and its descriptor is made from the older one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2

V1 = "grpc.reflection.v1.ServerReflection"
V1_ALPHA = "grpc.reflection.v1alpha.ServerReflection"


def add_reflection(server: Any, services: Iterable[str]) -> None:
    """Adds reflection over the named services (full names; its own two are to be among them) to a server."""
    _describe_v1(descriptor_pool.Default())
    servicer = reflection.aio.ReflectionServicer(services, _Pool())
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    for service in (V1, V1_ALPHA):
        server.add_registered_method_handlers(service, {"ServerReflectionInfo": handler})


class _Pool:
    """protobuf's default pool, which also finds the file of a method: the protocol wants it (`package.Service.Method`),
    and protobuf's own search does not."""

    def __init__(self) -> None:
        self._pool = descriptor_pool.Default()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def FindFileContainingSymbol(self, symbol: str) -> Any:
        try:
            return self._pool.FindFileContainingSymbol(symbol)
        except KeyError:
            return self._pool.FindMethodByName(symbol).containing_service.file


def _describe_v1(pool: Any) -> None:
    """Puts the v1 contract into the pool, unless somebody has."""
    try:
        pool.FindServiceByName(V1)
    except KeyError:
        file = descriptor_pb2.FileDescriptorProto.FromString(reflection_pb2.DESCRIPTOR.serialized_pb)
        file.name = "grpc/reflection/v1/reflection.proto"
        _rename(file)
        pool.AddSerializedFile(file.SerializeToString())


def _rename(file: descriptor_pb2.FileDescriptorProto) -> None:
    file.package = "grpc.reflection.v1"
    for message in file.message_type:
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(".v1alpha.", ".v1.")
    for service in file.service:
        for method in service.method:
            method.input_type = method.input_type.replace(".v1alpha.", ".v1.")
            method.output_type = method.output_type.replace(".v1alpha.", ".v1.")
