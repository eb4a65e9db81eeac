"""The descriptor set for REST: all contracts in one file, without comments, and which of their services have REST
paths."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto
from google.protobuf.message import DecodeError


class DescriptorError(Exception):
    """A descriptor set cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Contracts:
    """`services`: full names of those with a REST path; `content`: the descriptor set."""

    services: tuple[str, ...]
    content: bytes


def built_in() -> Path:
    """The descriptor set of Portico's own contracts. It is looked for without importing `portico`, whose SDK brings
    grpc."""
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
    services = []
    for file in found.values():
        file.ClearField("source_code_info")
        services += [f"{file.package}.{service.name}" for service in file.service if _has_path(service)]
    return Contracts(tuple(sorted(services)), FileDescriptorSet(file=found.values()).SerializeToString())


def _read(path: Path) -> FileDescriptorSet:
    try:
        return FileDescriptorSet.FromString(path.read_bytes())
    except OSError as error:
        raise DescriptorError(f"cannot read the descriptor set {path}: {error.strerror}") from error
    except DecodeError as error:
        raise DescriptorError(f"{path} is not a descriptor set") from error


def _has_path(service: ServiceDescriptorProto) -> bool:
    return any(method.options.HasExtension(annotations_pb2.http) for method in service.method)
