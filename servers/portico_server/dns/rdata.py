"""What records say, between the contract's fields and the wire: checked by type, with the field that is wrong."""

from __future__ import annotations

import ipaddress
import re
import socket
import struct
from collections.abc import Callable
from typing import Any

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from portico.dns.v1 import records_pb2
from portico_server.dns import domains
from portico_server.dns.errors import InvalidField
from portico_server.dns.model import Type

MAX_TXT_BYTES = 2048
MAX_CAA_CHARACTERS = 512
_ROOT = b"\0"
_LABEL = re.compile(r"[A-Za-z0-9_*-]+")
CAA_TAGS = ("issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc")
_STRING_BYTES = 255  # RFC 1035, 3.3
_IN = dns.rdataclass.IN
_CODES = {kind: dns.rdatatype.from_text(kind.name) for kind in Type}
_KINDS = {code: kind for kind, code in _CODES.items()}


def code(kind: int) -> dns.rdatatype.RdataType:
    """The number of a type on the wire."""
    return _CODES[Type(kind)]


def kind_of(rdtype: int) -> Type | None:
    """The type by its number on the wire; None for one that is not kept here."""
    return _KINDS.get(dns.rdatatype.RdataType(rdtype)) if 0 <= rdtype <= 0xFFFF else None


def of_wire(kind: int, data: bytes) -> dns.rdata.Rdata:
    return dns.rdata.from_wire(_IN, code(kind), data, 0, len(data))


def of_message(record: records_pb2.Record, field: str) -> tuple[Type, bytes]:
    """The type and the data, as on the wire, of a record; `field` is its path in the request. Raises InvalidField."""
    given = record.WhichOneof("data")
    if given is None:
        raise InvalidField(f"{field} says nothing: set one of {', '.join(_READERS)}", field=field)
    return Type[given.upper()], _READERS[given](getattr(record, given), f"{field}.{given}")


def fill(record: records_pb2.Record, kind: int, data: bytes) -> None:
    """Sets the type and the data of the contract's message. Raises ValueError for what the contract cannot say: names
    and texts in zone files may hold any bytes."""
    record.type = int(kind)  # type: ignore[assignment]
    match Type(kind):
        case Type.A:
            record.a = socket.inet_ntop(socket.AF_INET, data)
        case Type.AAAA:
            record.aaaa = socket.inet_ntop(socket.AF_INET6, data)
        case Type.CNAME:
            record.cname = _text(data)
        case Type.MX:
            [record.mx.preference], record.mx.exchange = struct.unpack("!H", data[:2]), _text(data[2:])
        case Type.TXT:
            record.txt = _joined(data).decode()
        case Type.SRV:
            srv = record.srv
            (srv.priority, srv.weight, srv.port), srv.target = struct.unpack("!HHH", data[:6]), _text(data[6:])
        case Type.CAA:
            caa, end = record.caa, 2 + data[1]
            caa.flags, caa.tag, caa.value = data[0], data[2:end].decode().lower(), data[end:].decode()
        case Type.NS:
            record.ns = _text(data)


def told(kind: int, data: bytes) -> str:
    """The data for people, as a zone file has it but for quotes."""
    message = records_pb2.Record()
    fill(message, kind, data)
    value: Any = getattr(message, Type(kind).name.lower())
    return value if isinstance(value, str) else " ".join(str(item) for item in _values(value))


def _values(message: Any) -> list[object]:
    """A message's fields, those too that are 0."""
    return [getattr(message, field.name) for field in message.DESCRIPTOR.fields]


def _a(text: str, field: str) -> bytes:
    try:
        return ipaddress.IPv4Address(text).packed
    except ValueError:
        raise InvalidField(f"{field} must be an IPv4 address, as 192.0.2.1", field=field) from None


def _aaaa(text: str, field: str) -> bytes:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        raise InvalidField(f"{field} must be an IPv6 address, as 2001:db8::1", field=field) from None
    if address.scope_id:
        raise InvalidField(f"{field}: an address in the DNS has no zone; leave out %{address.scope_id}", field=field)
    return address.packed


def _mx(mx: records_pb2.Mx, field: str) -> bytes:
    exchange = _name(mx.exchange, f"{field}.exchange", none=True)
    if exchange == _ROOT and mx.preference:
        raise InvalidField(
            f"{field}.preference must be 0 where the exchange is ., which says that the name takes no mail",
            field=f"{field}.preference",
        )
    return _number(mx.preference, f"{field}.preference") + exchange


def _srv(srv: records_pb2.Srv, field: str) -> bytes:
    numbers = (_number(getattr(srv, number), f"{field}.{number}") for number in ("priority", "weight", "port"))
    return b"".join(numbers) + _name(srv.target, f"{field}.target", none=True)


def _txt(text: str, field: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > MAX_TXT_BYTES:
        raise InvalidField(f"{field} has {len(encoded)} bytes; at most {MAX_TXT_BYTES} are possible", field=field)
    starts = range(0, len(encoded), _STRING_BYTES) or (0,)
    strings = (encoded[start : start + _STRING_BYTES] for start in starts)
    return b"".join(bytes([len(string)]) + string for string in strings)


def _caa(caa: records_pb2.Caa, field: str) -> bytes:
    if caa.flags not in (0, 128):
        raise InvalidField(f"{field}.flags must be 0 or 128", field=f"{field}.flags")
    if caa.tag not in CAA_TAGS:
        raise InvalidField(f"{field}.tag must be one of {', '.join(CAA_TAGS)}", field=f"{field}.tag")
    if not caa.value.isascii() or not caa.value.isprintable() or len(caa.value) > MAX_CAA_CHARACTERS:
        raise InvalidField(
            f"{field}.value must be up to {MAX_CAA_CHARACTERS} characters of printable ASCII", field=f"{field}.value"
        )
    if caa.tag == "iodef" and not caa.value.startswith(("mailto:", "http://", "https://")):
        raise InvalidField(
            f"{field}.value must be a URL where the tag is iodef, as mailto:security@example.com",
            field=f"{field}.value",
        )
    return bytes([caa.flags, len(caa.tag)]) + caa.tag.encode() + caa.value.encode()


def _name(text: str, field: str, *, none: bool = False) -> bytes:
    name = domains.target(text, field, none=none)
    return _ROOT if name == "." else dns.name.from_text(name).to_wire() or b""


def _number(value: int, field: str) -> bytes:
    if not 0 <= value <= 0xFFFF:
        raise InvalidField(f"{field} must be from 0 to 65535", field=field)
    return struct.pack("!H", value)


def _text(name: bytes) -> str:
    """A name on the wire as the contract has it: without a dot at its end, but for the root."""
    labels, at = [], 0
    while length := name[at]:
        label = name[at + 1 : at + 1 + length].decode("ascii")
        if not _LABEL.fullmatch(label):
            raise ValueError("a label holds what no host's name has")
        labels.append(label)
        at += 1 + length
    return ".".join(labels) or "."


def _joined(data: bytes) -> bytes:
    """The strings of a TXT record in one."""
    parts, at = [], 0
    while at < len(data):
        parts.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(parts)


_READERS: dict[str, Callable[[Any, str], bytes]] = {
    "a": _a,
    "aaaa": _aaaa,
    "cname": _name,
    "mx": _mx,
    "txt": _txt,
    "srv": _srv,
    "caa": _caa,
    "ns": _name,
}
