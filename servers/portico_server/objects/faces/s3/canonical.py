"""The canonical request: the one way to write a request, of which both sides make the signature.

S3's rules, which differ from those of AWS's other services: the path is encoded once and never normalised.
Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request", step 1; Amazon S3 API
Reference, "Signature Calculations for the Authorization Header".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote_from_bytes, unquote_to_bytes

Pairs = Sequence[tuple[bytes, bytes]]
"""Parameters of a query, decoded, in the order in which they came."""

_PLAIN_PATH = re.compile(rb"[A-Za-z0-9\-._~/]*")
_PLAIN = re.compile(rb"[A-Za-z0-9\-._~]*")

_TAKEN_BY_THE_DOOR = {b"expect": b"100-continue", b"transfer-encoding": b"chunked"}
"""Headers that Envoy answers itself and does not hand on, with the one value that they had."""
EXPECT_OF_BOTO_2 = b"100-Continue"
"""So boto 2 writes what others write in small letters."""


def decoded_query(query: bytes) -> Pairs:
    """Its parameters. A name without `=` has the empty value; `+` is a space, as in forms."""
    pairs = []
    for part in query.split(b"&") if query else ():
        if part:
            name, _, value = part.partition(b"=")
            plain = b"%" not in part and b"+" not in part
            pairs.append((name, value) if plain else (_decoded(name), _decoded(value)))
    return pairs


def canonical_path(raw_path: bytes) -> bytes:
    """Each byte encoded once, whether the client had encoded it or not."""
    if _PLAIN_PATH.fullmatch(raw_path):
        return raw_path
    return quote_from_bytes(unquote_to_bytes(raw_path), "/").encode()


def canonical_query(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encoded, then sorted by name, then by value."""
    return _joined((_encoded(name), _encoded(value)) for name, value in pairs)


def query_as_sent(query: bytes, without: bytes | None = None) -> bytes:
    """Sorted, but encoded as the client has encoded it: so some sign it. `without`: a parameter to leave out."""
    if not query:
        return query
    parts = (part.partition(b"=") for part in query.split(b"&") if part)
    return _joined((name, value) for name, _, value in parts if name != without)


def canonical_request(
    verb: str,
    path: bytes,
    query: bytes,
    headers: Mapping[bytes, list[bytes]],
    signed_names: Sequence[bytes],
    payload: bytes,
) -> bytes:
    """`path` and `query` canonical; `headers` all that came; `signed_names` as the signature names them."""
    lines = [verb.encode(), path, query]
    lines.extend(name + b":" + _value(headers, name) for name in signed_names)
    lines += b"", b";".join(signed_names), payload
    return b"\n".join(lines)


def _value(headers: Mapping[bytes, list[bytes]], name: bytes) -> bytes:
    """Of a header: without spaces around it, runs of them as one; several values with commas between them."""
    values = headers.get(name)
    if values is None:
        return _TAKEN_BY_THE_DOOR.get(name, b"")
    return b",".join([b" ".join(value.split()) for value in values])


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"&".join([name + b"=" + value for name, value in sorted(pairs)])


def _decoded(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))


def _encoded(text: bytes) -> bytes:
    return text if _PLAIN.fullmatch(text) else quote_from_bytes(text, "").encode()
