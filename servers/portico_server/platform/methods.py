"""What the gateway must know of a method, read once at start from its contract's options.

Foreign contracts (health, reflection, `google.longrunning`, OTLP) cannot carry our options: `FOREIGN` is their table.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from google.protobuf import descriptor, descriptor_pb2

from portico.options.v1 import options_pb2
from portico_server.platform.resource_types import Collections, is_told, resource_types_of


class Mode(enum.Enum):
    """How a requirement is applied; see `portico.options.v1.Requirement.Mode`."""

    REQUIRED = 0
    FILTER = 1
    EITHER = 2
    OWN = 3


@dataclass(frozen=True, slots=True)
class Requirement:
    """A permission on the resource that a field of the request names. `fields` is the field's path, split."""

    permission: str
    fields: tuple[str, ...]
    mode: Mode = Mode.REQUIRED


@dataclass(frozen=True, slots=True)
class Method:
    """One method. `path` is `/package.Service/Method`; `public`: neither token nor permission is needed;
    `anonymous`: who has none is let through, for the servicer to allow what the resource itself opens;
    `refuses_unknown_fields`: its requests may hold nothing that its contract does not know. `asked_permissions`: those
    that the method itself asks for where a request needs them. `resource_types`: of the resources that it is about,
    None where its contract does not say."""

    path: str
    request_streaming: bool
    response_streaming: bool
    public: bool = False
    requirements: tuple[Requirement, ...] = ()
    read_only: bool = False
    validated: bool = True
    refuses_unknown_fields: bool = False
    asked_permissions: tuple[str, ...] = ()
    resource_types: frozenset[Collections] | None = frozenset()
    anonymous: bool = False

    @property
    def permissions(self) -> list[str]:
        """All that it may ask for."""
        return [*(requirement.permission for requirement in self.requirements), *self.asked_permissions]

    @property
    def service(self) -> str:
        return self.path[1:].rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]


class ContractError(Exception):
    """A contract lacks what the gateway needs; found at start and by the contract tests."""


def _foreign(service: str, **methods: tuple[bool, bool]) -> list[Method]:
    """Methods whose contract is not ours: (request streams, response streams) by name."""
    return [Method(f"/{service}/{name}", *streams, validated=False) for name, streams in methods.items()]


def _public(methods: list[Method]) -> list[Method]:
    return [replace(method, public=True, read_only=True) for method in methods]


_UNARY = (False, False)
_BIDIRECTIONAL = (True, True)
_OWN_ACCOUNT = Requirement("gateway.span.create", ())
_READING_OPERATIONS = _foreign(
    "google.longrunning.Operations", GetOperation=_UNARY, ListOperations=_UNARY, WaitOperation=_UNARY
)
_EXPORT = _foreign("opentelemetry.proto.collector.trace.v1.TraceService", Export=_UNARY)

FOREIGN: dict[str, Method] = {
    method.path: method
    for method in (
        *_public(_foreign("grpc.health.v1.Health", Check=_UNARY, List=_UNARY, Watch=(False, True))),
        *_public(_foreign("grpc.reflection.v1.ServerReflection", ServerReflectionInfo=_BIDIRECTIONAL)),
        *_public(_foreign("grpc.reflection.v1alpha.ServerReflection", ServerReflectionInfo=_BIDIRECTIONAL)),
        *(replace(method, read_only=True) for method in _READING_OPERATIONS),
        *_foreign("google.longrunning.Operations", CancelOperation=_UNARY, DeleteOperation=_UNARY),
        *(replace(method, requirements=(_OWN_ACCOUNT,)) for method in _EXPORT),
    )
}
"""An empty field path stands for the caller's own account. Neither public nor with requirements: any caller who is
known, and the service shows each only what is its own (operations belong to the principal who started them)."""


def methods_of(services: Iterable[descriptor.ServiceDescriptor]) -> dict[str, Method]:
    """The methods of these services by path, from their options. Raises ContractError where one has none."""
    found: dict[str, Method] = {}
    for service in services:
        for method in service.methods:
            path = f"/{service.full_name}/{method.name}"
            found[path] = FOREIGN.get(path) or _from_options(path, method)
    return found


def _from_options(path: str, method: descriptor.MethodDescriptor) -> Method:
    options = method.GetOptions()
    extension: Any = options_pb2.authorization  # protoc's stub gives it another type than protobuf's own stubs want
    if not options.HasExtension(extension):
        raise ContractError(f"{path} has no option (portico.options.v1.authorization)")
    authorization: options_pb2.Authorization = options.Extensions[extension]
    if authorization.public == bool(authorization.requirements):
        raise ContractError(f"{path} must be either public or have requirements")
    if authorization.public and authorization.anonymous:
        raise ContractError(f"{path} is public, so that it need not be anonymous")
    requirements = tuple(_requirement(path, method.input_type, item) for item in authorization.requirements)
    told = all(is_told(method, requirement.fields) for requirement in requirements)
    return Method(
        path,
        method.client_streaming,
        method.server_streaming,
        public=authorization.public,
        requirements=requirements,
        read_only=options.idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS,
        refuses_unknown_fields=_refuses_unknown_fields(method.containing_service),
        asked_permissions=tuple(authorization.asked_permissions),
        resource_types=resource_types_of(method) if told else None,
        anonymous=authorization.anonymous,
    )


def _refuses_unknown_fields(service: descriptor.ServiceDescriptor) -> bool:
    extension: Any = options_pb2.unknown_fields
    return bool(service.GetOptions().Extensions[extension] == options_pb2.UNKNOWN_FIELDS_REFUSED)


def door_of(service: descriptor.ServiceDescriptor) -> str:
    """The door of the face whose requests become calls of the service; empty for none."""
    extension: Any = options_pb2.face
    return str(service.GetOptions().Extensions[extension])


def _requirement(path: str, message: descriptor.Descriptor, item: options_pb2.Requirement) -> Requirement:
    fields = tuple(item.resource_field.split("."))
    at: descriptor.Descriptor | None = message
    for name in fields:
        if at is None or name not in at.fields_by_name:
            raise ContractError(
                f"{path}: {item.permission} names the field {item.resource_field}, which its request lacks"
            )
        at = at.fields_by_name[name].message_type
    return Requirement(item.permission, fields, Mode(item.mode))
