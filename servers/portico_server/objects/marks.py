"""What may change of a stored version: its tags, its retention, its legal hold.

Kept as the contract's Object, with these fields alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from portico.objects.v1 import objects_pb2

NONE = b""
"""Those of most versions."""


def pack(marks: objects_pb2.Object) -> bytes:
    """As they are stored: equal marks are equal bytes."""
    return marks.SerializeToString(deterministic=True)


def unpack(marks: bytes) -> objects_pb2.Object:
    return objects_pb2.Object.FromString(marks)


def tagged(tags: Mapping[str, str]) -> bytes:
    """Tags alone."""
    return pack(objects_pb2.Object(tags=tags)) if tags else NONE


def tags_alone(marks: bytes) -> bytes:
    """What a copy takes over of its source's."""
    return tagged(unpack(marks).tags) if marks else NONE
