"""The contracts without third-party options, for languages whose packages lack `google/api` and `buf/validate`.

    protoc --descriptor_set_in=gen/portico/plain.binpb --cpp_out=OUT portico/objects/v1/objects.proto …

Options say how the platform treats a message; a client need not know them. Without them generated code needs no module
but protobuf's own and what `google/rpc`, `google/longrunning` and `google/api/httpbody.proto` declare, which are in the
set.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf import descriptor_pb2

_ONLY_OPTIONS = (
    "buf/validate/validate.proto",
    "google/api/annotations.proto",
    "google/api/client.proto",
    "google/api/field_behavior.proto",
    "portico/options/v1/options.proto",
)


def plain(files: descriptor_pb2.FileDescriptorSet, roots: Iterable[str]) -> descriptor_pb2.FileDescriptorSet:
    """The files `roots` and all that they import, dependencies first, without custom options and the imports that only
    declare such."""
    by_name = {file.name: file for file in files.file}
    answer = descriptor_pb2.FileDescriptorSet()
    done: set[str] = set()

    def add(name: str) -> None:
        if name in done:
            return
        done.add(name)
        file = descriptor_pb2.FileDescriptorProto()
        file.CopyFrom(by_name[name])
        _strip(file)
        for imported in file.dependency:
            add(imported)
        answer.file.append(file)

    for root in roots:
        add(root)
    return answer


def _strip(file: descriptor_pb2.FileDescriptorProto) -> None:
    imports = [name for name in file.dependency if name not in _ONLY_OPTIONS]
    for number in file.public_dependency:
        assert file.dependency[number] in imports
    del file.dependency[:]
    file.dependency.extend(imports)
    del file.public_dependency[:]
    _strip_options(file)


def _strip_options(message: Any) -> None:
    """Removes extensions from every `options` in a descriptor, and in those inside it."""
    if message.DESCRIPTOR.name.endswith("Options"):
        message.DiscardUnknownFields()
        for field, _ in message.ListFields():
            if field.is_extension:
                message.ClearExtension(field)
        return
    for field, value in message.ListFields():
        if field.message_type is not None:
            for inner in value if field.is_repeated else (value,):
                _strip_options(inner)
