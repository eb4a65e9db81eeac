"""Which resources a request names: the fields of a method's requirements, read from its messages.

The readers are made at start, from the contract's descriptors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from google.protobuf import descriptor, descriptor_pool

from portico._buf.validate import validate_pb2
from portico_server.platform.methods import ContractError, Method
from portico_server.platform.pattern_words import wanted

_FIELD_RULES: Any = validate_pb2.field  # protoc's stub gives it another type than protobuf's own stubs want

Names = Callable[[Any], Sequence[tuple[str, str]]]
"""Reads the names from a message, each behind where it stands: `("objects[3].name", "accounts/…")`."""


def request_type(method: Method) -> descriptor.Descriptor:
    """The descriptor of a method's request, from the loaded contracts. Raises ContractError."""
    full_name = f"{method.service}.{method.name}"
    try:
        found: descriptor.Descriptor = descriptor_pool.Default().FindMethodByName(full_name).input_type
    except KeyError:
        raise ContractError(f"{method.path}: its contract is not loaded") from None
    return found


def reader(method: Method, fields: tuple[str, ...]) -> Names:
    """Reads the field with this path (of field names) from the method's requests. Raises ContractError for what
    cannot name a resource."""
    described = _described(method, fields)
    where = ".".join(fields)
    if described[-1].type != descriptor.FieldDescriptor.TYPE_STRING:
        raise ContractError(f"{method.path}: the field {where} is not a string, so it names no resource")
    if any(field.is_repeated for field in described):
        return lambda request: list(_walk(request, described))
    one = attrgetter(where)
    return lambda request: ((where, one(request)),)


def shape(method: Method, fields: tuple[str, ...]) -> Callable[[str], str]:
    """Says of what the field holds, and is no name, what it must be: as the contract's pattern has it."""
    field = _described(method, fields)[-1]
    rules: Any = field.GetOptions().Extensions[_FIELD_RULES]
    pattern: str = (rules.repeated.items if field.is_repeated else rules).string.pattern
    return lambda given: wanted(pattern, given) or "must be a resource's name, as accounts/ACCOUNT/COLLECTION/ID"


def _described(method: Method, fields: tuple[str, ...]) -> list[descriptor.FieldDescriptor]:
    found = []
    at: descriptor.Descriptor | None = request_type(method)
    for name in fields:
        if at is None or name not in at.fields_by_name:
            raise ContractError(f"{method.path}: its request has no field {'.'.join(fields)}")
        field = at.fields_by_name[name]
        at = field.message_type
        if at is not None and at.GetOptions().map_entry:
            raise ContractError(
                f"{method.path}: the field {'.'.join(fields)} leads through a map, which names no resource"
            )
        found.append(field)
    return found


def _walk(message: Any, described: Sequence[descriptor.FieldDescriptor]) -> Iterator[tuple[str, str]]:
    field, *deeper = described
    value = getattr(message, field.name)
    if field.is_repeated:
        elements = [(f"{field.name}[{index}]", element) for index, element in enumerate(value)]
    else:
        elements = [(field.name, value)]
    for where, element in elements:
        if not deeper:
            yield where, element
            continue
        for below, name in _walk(element, deeper):
            yield f"{where}.{below}", name
