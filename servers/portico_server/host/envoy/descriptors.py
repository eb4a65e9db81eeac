"""The descriptor set for REST: all contracts in one file, without comments, and what Envoy must know of their
methods."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    MethodOptions,
    ServiceDescriptorProto,
)
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from portico_server.platform.placement import product_of

_FACE = 50612  # portico.options.v1.face
_HTTP_BODY = ".google.api.HttpBody"


class DescriptorError(Exception):
    """A descriptor set cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class RawUpload:
    """A REST method whose request body is taken as it is: its HTTP verb and path template (`google.api.http`)."""

    verb: str
    template: str


@dataclass(frozen=True, slots=True)
class Contracts:
    """`content`: the descriptor set; `services`: full names of those with a REST path; `uploads`: their raw uploads;
    `reads`: paths of the methods without side effects; `faces`: the doors of other protocols than gRPC
    (`portico.options.v1.face`), each with the product that is called by it."""

    content: bytes
    services: tuple[str, ...]
    uploads: tuple[RawUpload, ...]
    reads: tuple[str, ...] = ()
    faces: tuple[tuple[str, str], ...] = ()


def built_in() -> Path:
    """The descriptor set of Portico's own contracts. `portico` is not imported for it: that may bring the SDK."""
    for folder in sys.path:
        path = Path(folder, "portico", "descriptors.binpb")
        if path.exists():
            return path
    raise DescriptorError("portico/descriptors.binpb is not installed; install the project again: pip install portico")


def merge(extra: Iterable[str | Path]) -> Contracts:
    """The built-in contracts and those in the files. Where two sets hold a file of the same name, the first one's is
    taken; the built-in set is the first. Raises DescriptorError."""
    found: dict[str, FileDescriptorProto] = {}
    for path in (built_in(), *extra):
        for file in _read(Path(path)).file:
            found.setdefault(file.name, file)
    services, uploads, reads = [], [], []
    faces: dict[tuple[str, str], None] = {}
    messages = dict(_messages(found.values()))
    for file in found.values():
        file.ClearField("source_code_info")
        for service in file.service:
            full_name = f"{file.package}.{service.name}"
            if door := _door_of(service):
                faces[door, product_of(full_name)] = None
            reads += [f"/{full_name}/{method.name}" for method in service.method if _is_read(method)]
            if rules := [(method, rule) for method in service.method for rule in _rules(method)]:
                services.append(full_name)
                uploads += [_upload(rule) for method, rule in rules if _takes_raw_body(method, rule, messages)]
    content = FileDescriptorSet(file=found.values()).SerializeToString()
    return Contracts(content, tuple(sorted(services)), tuple(uploads), tuple(sorted(reads)), tuple(faces))


def _read(path: Path) -> FileDescriptorSet:
    try:
        return FileDescriptorSet.FromString(path.read_bytes())
    except OSError as error:
        raise DescriptorError(f"cannot read the descriptor set {path}: {error.strerror}") from error
    except DecodeError as error:
        raise DescriptorError(f"{path} is not a descriptor set") from error


def _messages(files: Iterable[FileDescriptorProto]) -> Iterator[tuple[str, DescriptorProto]]:
    """Top-level messages by their full name, as fields name their types."""
    for file in files:
        for message in file.message_type:
            yield f".{file.package}.{message.name}", message


def _door_of(service: ServiceDescriptorProto) -> str:
    """The option's value. Our options are not imported here (see `built_in`); where somebody else has, it is known."""
    for known, value in service.options.ListFields():
        if known.number == _FACE:
            return str(value)
    unknown: Any = UnknownFieldSet(service.options)  # its stub does not say that it is a sequence
    fields = [unknown[position] for position in range(len(unknown))]
    values = [bytes(field.data) for field in fields if field.field_number == _FACE]
    return values[-1].decode() if values else ""


def _is_read(method: MethodDescriptorProto) -> bool:
    return method.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS


def _rules(method: MethodDescriptorProto) -> list[http_pb2.HttpRule]:
    if not method.options.HasExtension(annotations_pb2.http):
        return []
    rule = method.options.Extensions[annotations_pb2.http]
    return [rule, *rule.additional_bindings]


def _takes_raw_body(
    method: MethodDescriptorProto, rule: http_pb2.HttpRule, messages: dict[str, DescriptorProto]
) -> bool:
    if rule.body == "*":
        return method.input_type == _HTTP_BODY
    fields = messages[method.input_type].field
    return any(field.name == rule.body and field.type_name == _HTTP_BODY for field in fields)


def _upload(rule: http_pb2.HttpRule) -> RawUpload:
    return RawUpload(*_verb_and_template(rule))


def _verb_and_template(rule: http_pb2.HttpRule) -> tuple[str, str]:
    verb = rule.WhichOneof("pattern") or "post"
    if verb == "custom":
        return rule.custom.kind, rule.custom.path
    return verb.upper(), getattr(rule, verb)
