"""Which kinds of resources there are, told from contracts: the collections of the names that methods take.

A name's grammar stands where the method is bound to a path (`{name=accounts/*/zones/*}`) and in the rules of the field
(`^accounts/[a-z0-9-]+/zones/…`), or with the message (`google.api.resource`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.api import annotations_pb2, resource_pb2
from google.protobuf import descriptor

from portico._buf.validate import validate_pb2

Collections = tuple[str, ...]
"""Of a name below its account, in turn: `("buckets", "objects")`; of an account itself: none."""

_VARIABLE = re.compile(r"\{([a-z0-9_.]+)=([^}]+)\}")
_COLLECTION = re.compile(r"(?:^|[/^])([a-z][A-Za-z]*)/")
_CLASSES = re.compile(r"\[[^]]*\]")


def resource_types_of(method: descriptor.MethodDescriptor) -> frozenset[Collections]:
    """Those that the method's request and response may name."""
    found = {_collections(pattern) for pattern in _patterns(method)}
    return frozenset(each for each in found if each is not None)


def is_told(method: descriptor.MethodDescriptor, fields: tuple[str, ...]) -> bool:
    """Whether the contract says what names stand in this field of the request (a path of fields' names)."""
    if any(variable == ".".join(fields) for variable, _ in _variables(method)):
        return True
    at: descriptor.Descriptor | None = method.input_type
    field: descriptor.FieldDescriptor | None = None
    for name in fields:
        assert at is not None  # `methods` has seen to it that the path leads somewhere
        field = at.fields_by_name[name]
        at = field.message_type
    return field is None or any(_collections(pattern) is not None for pattern in _rules(field))


def _collections(pattern: str) -> Collections | None:
    """Of a template or a regular expression of names; None of what is no name of an account's."""
    found = _COLLECTION.findall(_CLASSES.sub("*", pattern).replace("{account}", "*"))
    return tuple(found[1:]) if found[:1] == ["accounts"] else None


def _patterns(method: descriptor.MethodDescriptor) -> Iterator[str]:
    for _, pattern in _variables(method):
        yield pattern
    for message in (method.input_type, method.output_type):
        for part in (message, *(field.message_type for field in message.fields if field.message_type is not None)):
            resource: Any = part.GetOptions().Extensions[resource_pb2.resource]
            yield from resource.pattern
            for field in part.fields:
                yield from _rules(field)


def _variables(method: descriptor.MethodDescriptor) -> list[tuple[str, str]]:
    """Fields that stand in the paths of the method, with the pattern of each."""
    rule: Any = method.GetOptions().Extensions[annotations_pb2.http]
    paths = [
        getattr(each, each.WhichOneof("pattern") or "get")
        for each in (rule, *rule.additional_bindings)
        if each.WhichOneof("pattern") != "custom"
    ]
    return [found for path in paths for found in _VARIABLE.findall(path)]


def _rules(field: descriptor.FieldDescriptor) -> Iterator[str]:
    """Patterns of a text, or of the elements of a list of texts."""
    extension: Any = validate_pb2.field  # protoc's stub gives it another type than protobuf's own stubs want
    rules: Any = field.GetOptions().Extensions[extension]
    for each in (rules.string.pattern, rules.repeated.items.string.pattern):
        if each:
            yield each
