"""Refuses a request that holds fields which its contract does not know, for the services that say so (the option
`portico.options.v1.unknown_fields`)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import grpc
from google.protobuf.unknown_fields import UnknownFieldSet

from portico_server.platform.errors import ApiError, FieldViolation
from portico_server.platform.violations import MAX_FIELDS, short

REASON = "UNKNOWN_FIELDS"


def check_unknown_fields(message: Any) -> None:
    """Raises ApiError (INVALID_ARGUMENT), with a violation for each message, the request or one in it, that holds such
    fields; it names their numbers."""
    violations: list[FieldViolation] = []
    for where, numbers in _found(message, ""):
        if len(violations) == MAX_FIELDS:
            break
        told = ", ".join(map(str, numbers[:MAX_FIELDS]))
        violations.append(FieldViolation(short(where), f"has fields that the contract does not know: {told}", REASON))
    if violations:
        first = violations[0]
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            REASON,
            f"{first.field or 'the request'} {first.description}; leave them out, or call a platform that knows them",
            violations=violations,
        )


def _found(message: Any, where: str) -> Iterator[tuple[str, list[int]]]:
    """(path of a message, the numbers of its unknown fields), for those that have any."""
    unknown: Any = UnknownFieldSet(message)  # its stub does not say that it is a sequence
    if numbers := sorted({field.field_number for field in unknown}):
        yield where, numbers
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        below = f"{where}.{field.name}" if where else field.name
        if field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].message_type is not None:
                for key in value:
                    yield from _found(value[key], f"{below}[{json.dumps(key, ensure_ascii=False)}]")
        elif field.is_repeated:
            for index, element in enumerate(value):
                yield from _found(element, f"{below}[{index}]")
        else:
            yield from _found(value, below)
