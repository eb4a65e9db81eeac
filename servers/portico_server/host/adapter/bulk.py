"""Large bytes in messages (`google.api.HttpBody`), cut out of the wire and put onto it without protobuf, which copies
them each time: into a message, out of it, and once more to measure or to frame it.

Source: "Encoding" in protobuf's documentation. A message may be written in any order of its fields.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from google.api import httpbody_pb2
from google.protobuf import descriptor

LEAST_BYTES = 64 * 1024
"""Smaller messages are protobuf's: there is little to copy."""
MOST_BYTES = 4 * 1024 * 1024
"""So many may one body have; of a larger one the pipeline tells what is wrong."""

_BODY = httpbody_pb2.HttpBody.DESCRIPTOR.full_name
_DATA = httpbody_pb2.HttpBody.DESCRIPTOR.fields_by_name["data"].number
_LOOKED_AT_BYTES = 2048
"""Of a message's beginning. What stands before the data is short: a content type has 1,024 characters at most."""
_LENGTH_DELIMITED = 2

Piece = bytes | memoryview


@functools.lru_cache(maxsize=256)
def body_field(message: descriptor.Descriptor) -> str:
    """The name of the message's one field of that type; empty for none."""
    names = [
        field.name
        for field in message.fields
        if field.message_type is not None and field.message_type.full_name == _BODY and not field.is_repeated
    ]
    return names[0] if len(names) == 1 else ""


def cut_out(pieces: Sequence[Piece], message: descriptor.Descriptor) -> tuple[bytes, bytes] | None:
    """A message's bytes without the data of its body, and these. None where that has few, or they do not stand as
    everybody writes them: in one body, at its end, near the message's beginning, little behind them."""
    name = body_field(message)
    size_bytes = sum(map(len, pieces))
    if not name or size_bytes < LEAST_BYTES:
        return None
    head = _joined(pieces, 0, _LOOKED_AT_BYTES)
    number = message.fields_by_name[name].number
    try:
        tag_at, body_at, body_bytes = _find(head, 0, number)
        data_tag_at, data_at, data_bytes = _find(head, body_at, _DATA)
    except (ValueError, IndexError):
        return None
    body_end = body_at + body_bytes
    behind = _joined(pieces, body_end, body_end + _LOOKED_AT_BYTES)
    if data_at + data_bytes != body_end or data_bytes > MOST_BYTES:
        return None
    if body_end + len(behind) != size_bytes or not _lacks(behind, number):
        return None
    before = head[body_at:data_tag_at]
    body = _tag(number) + _varint(len(before)) + before if before else b""
    return head[:tag_at] + body + behind, _joined(pieces, data_at, body_end)


def framed(message: Any, data_bytes: int) -> bytes:
    """What stands before the data of its body, so many bytes, where a message is written with that at its end. What the
    message holds of a body besides is taken out of it."""
    name = body_field(message.DESCRIPTOR)
    body = getattr(message, name).SerializeToString() if message.HasField(name) else b""
    message.ClearField(name)
    data = _tag(_DATA) + _varint(data_bytes)
    length = _varint(len(body) + len(data) + data_bytes)
    before: bytes = message.SerializeToString() + _tag(message.DESCRIPTOR.fields_by_name[name].number) + length
    return before + body + data


def _find(head: bytes, at: int, number: int) -> tuple[int, int, int]:
    """Where the field's tag is, where its bytes begin, and how many they are; of the first of that number from `at` on.
    Raises ValueError, IndexError where there is none within `head`, or one is of another kind."""
    while True:
        tag, behind = _read_varint(head, at)
        kind = tag & 7
        if kind == _LENGTH_DELIMITED:
            length, behind = _read_varint(head, behind)
            if tag >> 3 == number:
                return at, behind, length
            at = behind + length
        elif kind == 0:
            _, at = _read_varint(head, behind)
        else:
            raise ValueError("a field of another kind")


def _lacks(fields: bytes, number: int) -> bool:
    """Whether no field of these has that number."""
    at = 0
    while at < len(fields):
        try:
            tag, at = _read_varint(fields, at)
            value, at = _read_varint(fields, at)
        except (ValueError, IndexError):
            return False
        if tag >> 3 == number or tag & 7 not in (0, _LENGTH_DELIMITED):
            return False
        at += value if tag & 7 else 0
    return at == len(fields)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at that place, and the place behind it."""
    value = shift = 0
    while shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number of more than 64 bits")


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _tag(number: int) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED)


def _joined(pieces: Sequence[Piece], begin: int, end: int) -> bytes:
    """The bytes from `begin` to `end`, in one copy."""
    parts: list[memoryview] = []
    at = 0
    for piece in pieces:
        if at >= end:
            break
        if at + len(piece) > begin:
            parts.append(memoryview(piece)[max(begin - at, 0) : end - at])
        at += len(piece)
    return b"".join(parts)
