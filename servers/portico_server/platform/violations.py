"""What protovalidate found, as our error: INVALID_ARGUMENT with one violation a field."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import grpc
from protovalidate import FieldPathElementPb, Violation

from portico_server.platform.errors import ApiError, FieldViolation
from portico_server.platform.pattern_words import wanted

MAX_FIELDS = 32
"""Violations told at once; the status travels in the response's headers."""

MAX_TEXT = 256
"""Characters of a path or a rule's message; both may hold what the caller sent."""

REASON = "VALIDATION_FAILED"


def refusal(violations: Sequence[Violation]) -> ApiError:
    """The error for these violations, of which there is at least one."""
    by_field: dict[str, FieldViolation] = {}
    for violation in violations:
        found = violation.proto
        path = _path(found.field.elements if found.field else ())
        description = short(_told(violation))
        if path in by_field:
            earlier = by_field[path]
            by_field[path] = FieldViolation(path, short(f"{earlier.description}; {description}"), earlier.reason)
        elif len(by_field) < MAX_FIELDS:
            by_field[path] = FieldViolation(path, description, found.rule_id)
    told = list(by_field.values())
    first = told[0]
    subject = first.field or "the request"
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, REASON, f"{subject}: {first.description}{more}", violations=told)


def refused(field: str, description: str, rule_id: str) -> ApiError:
    """The error for one violation that protovalidate cannot find; `rule_id` as it would name the rule."""
    violation = FieldViolation(field, description, rule_id)
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, REASON, f"{field}: {description}", violations=[violation])


def _told(violation: Violation) -> str:
    found = violation.proto
    if found.rule_id == "string.pattern" and isinstance(violation.field_value, str):
        words = wanted(str(violation.rule_value), violation.field_value)
        if words is not None:
            return words
    return found.message or found.rule_id


def _path(elements: Iterable[FieldPathElementPb]) -> str:
    """`metadata.custom["k"]`, `objects[3].name`; empty for a rule about the message as a whole."""
    return short(".".join(element.field_name + _subscript(element) for element in elements))


def _subscript(element: FieldPathElementPb) -> str:
    subscript = element.subscript
    return "" if subscript is None else f"[{json.dumps(subscript.value, ensure_ascii=False)}]"


def short(text: str) -> str:
    """The text, or the beginning of one that is too long to be told."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
