"""Metadata between its form on the wire (headers) and in Python: text, and bytes under names that end in `-bin`.

Source: "gRPC over HTTP2", Custom-Metadata. Binary values are base64, padded or not; several of a name may be joined by
commas.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import grpc

from portico_server.platform.errors import ApiError

Headers = list[tuple[bytes, bytes]]


class Metadatum(NamedTuple):
    """One entry. The value is bytes where the key ends in `-bin`."""

    key: str
    value: str | bytes


Metadata = tuple[Metadatum, ...]

_KEY = re.compile(r"[0-9a-z_.-]{1,256}")
_STATUS_DETAILS = "grpc-status-details-bin"
# Headers of the transport and of the gateway, not of the application.
_HIDDEN = frozenset((b"te", b"content-type", b"host", b"content-length", b"x-forwarded-client-cert", b"x-request-id"))
# Those that begin with `portico-` go between nodes: where a product hands on the metadata that it was called with, a
# client's own would count for a node's word.
_HIDDEN_PREFIXES = (b"grpc-", b"connect-", b":", b"x-envoy-", b"x-portico-", b"portico-")
_SHOWN = frozenset((b"grpc-trace-bin", b"grpc-tags-bin", b"grpc-previous-rpc-attempts"))


def decode(headers: Iterable[tuple[bytes, bytes]]) -> Metadata:
    """The metadata that a client sent. Raises ApiError for binary values that are not base64."""
    found: list[Metadatum] = []
    for name, value in headers:
        if name in _HIDDEN or (name.startswith(_HIDDEN_PREFIXES) and name not in _SHOWN):
            continue
        key = name.decode("latin-1")
        if name.endswith(b"-bin"):
            found += [Metadatum(key, _from_base64(key, part)) for part in value.split(b",")]
        else:
            found.append(Metadatum(key, value.decode("latin-1")))
    return tuple(found)


def encode(metadata: Iterable[tuple[str, str | bytes]]) -> Headers:
    """Metadata that a servicer sends, as headers. Raises ValueError for what must not be sent."""
    headers = []
    for key, value in metadata:
        if value.__class__ is str and value.isascii() and value.isprintable() and key[-4:] != "-bin":  # nearly all
            headers.append((_name(key), value.encode()))
        else:
            headers.append((_name(key), _value(key, value)))
    return headers


def to_base64(value: bytes) -> bytes:
    """Base64 without padding, as gRPC wants it sent."""
    return binascii.b2a_base64(value, newline=False).rstrip(b"=")


@lru_cache(maxsize=1024)
def _name(key: str) -> bytes:
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot be a metadata key: use lower-case letters, digits, '_', '.' and '-'")
    if key.startswith("grpc-") and key != _STATUS_DETAILS:
        raise ValueError(f"{key!r} cannot be a metadata key: names that begin with 'grpc-' are gRPC's own")
    return key.encode("ascii")


def _value(key: str, value: str | bytes) -> bytes:
    if key.endswith("-bin"):
        if not isinstance(value, bytes):
            raise ValueError(f"the value of {key!r} is {type(value).__name__}: keys that end in '-bin' take bytes")
        return to_base64(value)
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"the value of {key!r} is not printable ASCII: use a key that ends in '-bin' for other values")
    return text.encode("ascii")


def _from_base64(key: str, text: bytes) -> bytes:
    text = text.strip().rstrip(b"=")
    try:
        return binascii.a2b_base64(text + b"=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        raise ApiError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "METADATA_MALFORMED",
            f"the metadata {key!r} is not base64, which keys that end in '-bin' need",
        ) from None
