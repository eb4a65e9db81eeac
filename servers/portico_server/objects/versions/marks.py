"""What may change of a stored version: its tags, its retention, its legal hold.

Kept as the contract's Object, with these fields alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from portico.objects.v1 import objects_pb2

NONE = b""
"""Those of most versions."""


class Marked(Protocol):
    """A request that says with what marks a version is made."""

    @property
    def name(self) -> str: ...

    @property
    def tags(self) -> Mapping[str, str]: ...

    @property
    def retention(self) -> objects_pb2.Retention: ...

    @property
    def legal_hold(self) -> bool: ...

    def HasField(self, field_name: str, /) -> bool: ...


def pack(marks: objects_pb2.Object) -> bytes:
    """As they are stored: equal marks are equal bytes."""
    return marks.SerializeToString(deterministic=True)


def unpack(marks: bytes) -> objects_pb2.Object:
    return objects_pb2.Object.FromString(marks)


def of(request: Marked) -> bytes:
    """The marks that a request gives to a new version."""
    if not (request.tags or request.retention.mode or request.legal_hold):
        return NONE
    marks = objects_pb2.Object(tags=request.tags, legal_hold=request.legal_hold)
    if request.retention.mode:
        marks.retention.CopyFrom(request.retention)
    return pack(marks)


def with_tags_of(marks: bytes, source: bytes) -> bytes:
    """With the tags of a copy's source; what locks that is not taken over."""
    if not source:
        return marks
    made = objects_pb2.Object(tags=unpack(source).tags)
    made.MergeFromString(marks)
    return pack(made)
