"""The contracts as they were written: messages, enums and services by their full names, with their comments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

from portico.options.v1 import options_pb2

_Path = tuple[int, ...]
# Numbers of fields in google/protobuf/descriptor.proto, of which the paths of comments are made.
_FILE_MESSAGES, _FILE_ENUMS, _FILE_SERVICES = 4, 5, 6
_FIELDS, _NESTED_MESSAGES, _NESTED_ENUMS = 2, 3, 4
_METHODS = _VALUES = 2


@dataclass(frozen=True, slots=True)
class Field:
    """A message's field and what is said of it."""

    proto: FieldDescriptorProto
    comment: str

    @property
    def repeated(self) -> bool:
        return self.proto.label == FieldDescriptorProto.LABEL_REPEATED

    @property
    def type_name(self) -> str:
        """Full name of its message or enum; empty for scalars."""
        return self.proto.type_name.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Message:
    name: str
    comment: str
    fields: tuple[Field, ...]
    proto: DescriptorProto


@dataclass(frozen=True, slots=True)
class Enum:
    """`values`: (name, comment) of each."""

    name: str
    comment: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Method:
    """`rules`: its REST paths, none for methods without."""

    service: str
    proto: MethodDescriptorProto
    comment: str

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.proto.name}"

    @property
    def rules(self) -> list[http_pb2.HttpRule]:
        if not self.proto.options.HasExtension(annotations_pb2.http):
            return []
        rule = self.proto.options.Extensions[annotations_pb2.http]
        return [rule, *rule.additional_bindings]

    @property
    def authorization(self) -> Any:
        """A `portico.options.v1.Authorization`; empty for foreign methods."""
        extension: Any = options_pb2.authorization  # protoc's stub gives it another type than protobuf's own stubs want
        return self.proto.options.Extensions[extension]


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    comment: str
    methods: tuple[Method, ...]


class Contracts:
    """All that the descriptor sets in the files hold; where two have a file of one name, the first one's counts."""

    def __init__(self, sets: Iterable[Path]) -> None:
        self.messages: dict[str, Message] = {}
        self.enums: dict[str, Enum] = {}
        self.services: dict[str, Service] = {}
        found: dict[str, FileDescriptorProto] = {}
        for path in sets:
            for file in FileDescriptorSet.FromString(path.read_bytes()).file:
                found.setdefault(file.name, file)
        for file in found.values():
            self._read(file)

    def _read(self, file: FileDescriptorProto) -> None:
        comments = {tuple(at.path): _clean(at.leading_comments) for at in file.source_code_info.location}

        def said(path: _Path) -> str:
            return comments.get(path, "")

        for message, name, path in _messages(file.message_type, file.package, (_FILE_MESSAGES,)):
            fields = (Field(field, said((*path, _FIELDS, at))) for at, field in enumerate(message.field))
            self.messages[name] = Message(name, said(path), tuple(fields), message)
            for at, enum in enumerate(message.enum_type):
                self._add_enum(enum, f"{name}.{enum.name}", (*path, _NESTED_ENUMS, at), comments)
        for at, enum in enumerate(file.enum_type):
            self._add_enum(enum, f"{file.package}.{enum.name}", (_FILE_ENUMS, at), comments)
        for at, service in enumerate(file.service):
            name = f"{file.package}.{service.name}"
            methods = (
                Method(name, method, said((_FILE_SERVICES, at, _METHODS, number)))
                for number, method in enumerate(service.method)
            )
            self.services[name] = Service(name, said((_FILE_SERVICES, at)), tuple(methods))

    def _add_enum(self, enum: EnumDescriptorProto, name: str, path: _Path, comments: dict[_Path, str]) -> None:
        values = ((value.name, comments.get((*path, _VALUES, at), "")) for at, value in enumerate(enum.value))
        self.enums[name] = Enum(name, comments.get(path, ""), tuple(values))


def _messages(
    messages: Iterable[DescriptorProto], prefix: str, path: _Path
) -> Iterator[tuple[DescriptorProto, str, _Path]]:
    """Each message, nested ones too, with its full name and the path of its comment."""
    for at, message in enumerate(messages):
        name = f"{prefix}.{message.name}"
        yield message, name, (*path, at)
        yield from _messages(message.nested_type, name, (*path, at, _NESTED_MESSAGES))


def _clean(comment: str) -> str:
    """Without the space that stands behind each `//`."""
    return "\n".join(line.removeprefix(" ").rstrip() for line in comment.strip("\n").split("\n")).strip()
