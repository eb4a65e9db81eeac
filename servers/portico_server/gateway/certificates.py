"""The client certificate of a call, as Envoy tells of it, and whom it names.

Source: Envoy's `x-forwarded-client-cert` with `SANITIZE_SET`: what a client sends under that name is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from portico_server.platform.authorization import Principal
from portico_server.platform.call import Peer
from portico_server.platform.keyring import principal_of_uri
from portico_server.platform.names import account_of, is_principal_name

HEADER = b"x-forwarded-client-cert"

SERIAL = b"x-portico-certificate-serial"
"""The serial number of the same certificate, in hexadecimal, as Envoy tells of it."""

FORWARDED = b"portico-client-certificate"
"""What another node's front says of the certificate of a call that it takes on; believed of nodes alone."""

_FROM_NODE = re.compile(rb"From=node;Address=([0-9A-Fa-f:.]+);Serial=([^;]*);")
_PAIR = re.compile(r'([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^";,]*)([;,]|$)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def parse_peer(header: bytes, address: str, serial: bytes = b"") -> Peer:
    """The peer of a header, and of the one that `SERIAL` names. One certificate only is trusted: with several elements,
    a malformed header, or more than one URI, nothing of it is believed."""
    nobody = Peer(address=address)
    hashes: list[str] = []
    uris: list[str] = []
    for pair in _pairs(header.decode("latin-1")):
        if pair is None:
            return nobody
        key, value = pair
        if key == "hash":
            hashes.append(value.lower())
        elif key == "uri":
            uris.append(value)
    if len(hashes) != 1 or len(uris) > 1 or not _FINGERPRINT.fullmatch(hashes[0]):
        return nobody
    number = serial.decode("latin-1").lower().lstrip("0")
    return Peer(address=address, fingerprint=hashes[0], uri=uris[0] if uris else "", serial=number)


def forwarded_peer(header: bytes, address: str) -> Peer:
    """The peer of a call that another node, at this address, has taken on, as that node's front tells of it."""
    told = _FROM_NODE.match(header)
    if told is None:
        return Peer(address=address)
    serial = b"" if told[2] == b"-" else told[2]
    return parse_peer(header[told.end() :], told[1].decode(), serial)


def _pairs(text: str) -> Iterator[tuple[str, str] | None]:
    """The key-value pairs of one element, keys in lower case; None where the text is not one well-formed element."""
    position = 0
    while position < len(text):
        match = _PAIR.match(text, position)
        if match is None or match[3] == "," or (match[3] == ";" and match.end() == len(text)):
            yield None
            return
        value = match[2]
        yield match[1].lower(), _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
        position = match.end()


def principal_of(trust_domain: str, uri: str) -> Principal | None:
    """The principal that a certificate's URI stands for, if it is one of this trust domain."""
    name = principal_of_uri(trust_domain, uri)
    if name is None or not is_principal_name(name):
        return None
    return Principal(name, account_of(name))
