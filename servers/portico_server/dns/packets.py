"""From a packet to the packet that answers it: what is garbage is dropped or refused, and nothing outgrows its way."""

from __future__ import annotations

import struct

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from portico_server.dns.answering import Answering
from portico_server.platform.database import DatabaseError

EDNS_BYTES = 1232
"""What passes every path in one piece (DNS flag day 2020)."""
MAX_QUERY_BYTES = 4096
_PLAIN_BYTES = 512  # RFC 1035, 4.2.1
_TCP_BYTES = 65_535
_HEADER = struct.Struct("!HHHHHH")
_RESPONSE = int(dns.flags.QR)


async def respond(answering: Answering, packet: bytes, *, tcp: bool) -> bytes | None:
    """The response; None for what deserves none."""
    if not _HEADER.size <= len(packet) <= MAX_QUERY_BYTES:
        return None
    number, flags, *_ = _HEADER.unpack_from(packet)
    if flags & _RESPONSE:  # two servers would answer one another for ever
        return None
    if dns.opcode.from_flags(flags) != dns.opcode.QUERY:
        return _bare(number, flags, dns.rcode.NOTIMP)
    try:
        query = dns.message.from_wire(packet)
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return _bare(number, flags, dns.rcode.FORMERR)
    if len(query.question) != 1:
        return _bare(number, flags, dns.rcode.FORMERR)
    try:
        response = await _answered(answering, query)
    except DatabaseError:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.SERVFAIL)
    return _packed(query, response, tcp=tcp)


def truncated(packet: bytes) -> bytes | None:
    """The response that says: ask again by TCP. It is no longer than the question."""
    try:
        query = dns.message.from_wire(packet, question_only=True)
    except (dns.exception.DNSException, ValueError, IndexError, struct.error):
        return None
    if query.flags & dns.flags.QR or query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        return None
    response = dns.message.make_response(query)
    response.flags |= dns.flags.TC
    return response.to_wire()


async def _answered(answering: Answering, query: dns.message.Message) -> dns.message.Message:
    if query.edns > 0:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.BADVERS)
        return response
    return await answering.answer(query)


def _packed(query: dns.message.Message, response: dns.message.Message, *, tcp: bool) -> bytes:
    most_bytes = _PLAIN_BYTES
    if query.edns >= 0:
        response.use_edns(0, response.ednsflags, EDNS_BYTES)  # the flags hold a part of the rcode
        most_bytes = min(max(query.payload, _PLAIN_BYTES), EDNS_BYTES)
    try:
        return response.to_wire(max_size=_TCP_BYTES if tcp else most_bytes)
    except dns.exception.TooBig:
        response.answer, response.authority, response.additional = [], [], []
        response.flags |= dns.flags.TC
        return response.to_wire()


def _bare(number: int, flags: int, rcode: int) -> bytes:
    """A response of a header alone."""
    kept = flags & (int(dns.flags.RD) | 0x7800)  # as it was asked: recursion, and the opcode
    return _HEADER.pack(number, _RESPONSE | kept | rcode, 0, 0, 0, 0)
