"""Validation of requests with thousands of messages: one message after another, so that others run in between.

At once, 10,000 parts of an upload held the event loop for some 50 ms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from google.protobuf import descriptor

from portico._buf.validate import validate_pb2

AT_ONCE = 200
"""Messages that are validated before others run: less than a millisecond."""

Collect = Callable[[Any], Sequence[Any]]
"""Answers the violations of a message."""

# protoc's stub gives them another type than protobuf's own stubs want.
_MESSAGE_RULES: Any = validate_pb2.message
_FIELD_RULES: Any = validate_pb2.field

_COUNTING = {"min_items", "max_items"}


def many_of(request: descriptor.Descriptor) -> str | None:
    """The name of the request's field that may hold so many messages that they are validated one by one; None where
    there is none, or where rules look at them together."""
    if request.GetOptions().HasExtension(_MESSAGE_RULES):
        return None
    found = [field for field in request.fields if _rule(field).max_items > AT_ONCE and _can_be_taken_apart(field)]
    return found[0].name if len(found) == 1 else None


async def are_valid(collect: Collect, request: Any, name: str) -> bool:
    """Whether the request, and each message of that field, keeps to the rules."""
    messages = getattr(request, name)
    field = request.DESCRIPTOR.fields_by_name[name]
    if len(messages) > _rule(field).max_items or collect(_with_the_first_alone(request, name)):
        return False
    for count, message in enumerate(messages, 1):
        if collect(message):
            return False
        if count % AT_ONCE == 0:
            await asyncio.sleep(0)
    return True


def _rule(field: descriptor.FieldDescriptor) -> validate_pb2.RepeatedRules:
    return _rules(field).repeated


def _rules(field: descriptor.FieldDescriptor) -> validate_pb2.FieldRules:
    rules: validate_pb2.FieldRules = field.GetOptions().Extensions[_FIELD_RULES]
    return rules


def _can_be_taken_apart(field: descriptor.FieldDescriptor) -> bool:
    """Whether it holds messages, and its rules only count them."""
    rules = _rules(field)
    kinds = [rule.name for rule, _ in rules.ListFields()]
    counting = {rule.name for rule, _ in rules.repeated.ListFields()} <= _COUNTING
    return field.message_type is not None and kinds == ["repeated"] and counting


def _with_the_first_alone(request: Any, name: str) -> Any:
    """The request with one of those messages; nothing of the others is copied."""
    made = type(request)()
    for field, value in request.ListFields():
        if field.name == name:
            getattr(made, name).append(value[0])
        elif field.is_repeated:
            getattr(made, field.name).MergeFrom(value)
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(value)
        else:
            setattr(made, field.name, value)
    return made
