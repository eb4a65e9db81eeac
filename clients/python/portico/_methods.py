"""What the SDK must know of a method, read once from its contract's options."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from google.protobuf import descriptor, descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from portico.options.v1 import options_pb2

_SAFE_FOREIGN = (
    "/grpc.health.v1.Health/",
    "/google.longrunning.Operations/",  # reads, and cancel and delete, which may be repeated
)
_ANONYMOUS_FOREIGN = ("/grpc.health.v1.Health/", "/grpc.reflection.")
_TOKENS = "/portico.gateway.v1.CredentialService/"
"""What a token is got by, so it cannot need one. Other methods that are public may still ask who calls."""


Response = TypeVar("Response", bound=Message)


@dataclass(frozen=True, slots=True)
class Method(Generic[Response]):
    """One method of a contract.

    `repeatable`: repeating it does no harm, so it may be retried (`idempotency_level`); `request_id`: it becomes so
    by the request's field of that name; `anonymous`: it is sent no token, because tokens come of it, or nobody asks.
    """

    path: str
    request_type: type[Any]
    response_type: type[Response]
    request_streaming: bool
    response_streaming: bool
    repeatable: bool
    request_id: bool
    anonymous: bool


def method(path: str, answers: type[Response]) -> Method[Response]:
    """The method at `/package.Service/Method`, which answers messages of that type. Raises KeyError."""
    return lookup(path)


@cache
def lookup(path: str) -> Method[Any]:
    """The method at `/package.Service/Method`; its contract must have been imported. Raises KeyError."""
    service, _, name = path[1:].partition("/")
    found = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    options = found.GetOptions()
    return Method(
        path,
        message_factory.GetMessageClass(found.input_type),
        message_factory.GetMessageClass(found.output_type),
        found.client_streaming,
        found.server_streaming,
        repeatable=options.idempotency_level != descriptor_pb2.MethodOptions.IDEMPOTENCY_UNKNOWN
        or path.startswith(_SAFE_FOREIGN),
        request_id=_has_request_id(found),
        anonymous=path.startswith(_ANONYMOUS_FOREIGN) or (path.startswith(_TOKENS) and _is_public(options)),
    )


def _has_request_id(found: descriptor.MethodDescriptor) -> bool:
    field = found.input_type.fields_by_name.get("request_id")
    return field is not None and field.type == descriptor.FieldDescriptor.TYPE_STRING


def _is_public(options: Any) -> bool:
    """Whether the contract says that the gateway lets in anyone."""
    return bool(options.Extensions[options_pb2.authorization].public)
