"""Whatever a packet holds, it is answered with a packet that the DNS knows, or not at all."""

from __future__ import annotations

import asyncio

import dns.flags
import dns.message
import dns.rcode
from hypothesis import given, settings
from hypothesis import strategies as st

from portico_server.dns import packets
from portico_server.dns.answering import Answering
from portico_server.dns.rates import Rates, network_of
from portico_server.platform.database import Unreachable

GOOD = dns.message.make_query("www.example.com", "A", use_edns=0).to_wire()


class Refusing(Answering):
    """Answers what needs no records."""

    def __init__(self) -> None:
        super().__init__(None, ())  # type: ignore[arg-type]

    async def answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.set_rcode(dns.rcode.REFUSED)
        return response


class Broken(Answering):
    def __init__(self) -> None:
        super().__init__(None, ())  # type: ignore[arg-type]

    async def answer(self, query: dns.message.Message) -> dns.message.Message:
        raise Unreachable("the database is away")


def responded(packet: bytes, answering: Answering | None = None) -> bytes | None:
    return asyncio.run(packets.respond(answering or Refusing(), packet, tcp=False))


def flipped(places: list[tuple[int, int]]) -> bytes:
    packet = bytearray(GOOD)
    for place, value in places:
        packet[place % len(packet)] = value
    return bytes(packet)


nearly_good = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=8).map(flipped)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.binary(max_size=300), nearly_good, nearly_good.map(lambda packet: packet[:25])))
def test_a_packet_is_answered_with_its_number_or_not_at_all(packet: bytes) -> None:
    for response in (responded(packet), packets.truncated(packet)):
        if response is not None:
            assert response[:2] == packet[:2]
            assert response[2] & 0x80
            assert len(response) <= 1232


def test_a_response_is_not_answered() -> None:
    assert responded(dns.message.make_response(dns.message.from_wire(GOOD)).to_wire()) is None
    assert responded(b"x" * (packets.MAX_QUERY_BYTES + 1)) is None


def test_a_database_that_is_away_is_a_server_failure() -> None:
    response = responded(GOOD, Broken())
    assert response is not None
    assert dns.message.from_wire(response).rcode() == dns.rcode.SERVFAIL


def test_a_response_cut_short_is_no_longer_than_the_question() -> None:
    short = packets.truncated(dns.message.make_query("www.example.com", "A").to_wire())
    assert short is not None
    assert len(short) <= len(GOOD)
    assert dns.message.from_wire(short).flags & dns.flags.TC


def test_each_network_has_its_own_rate_and_all_have_one_together() -> None:
    now = [0.0]
    rates = Rates(a_network=2, in_all=100, clock=lambda: now[0])
    assert [rates.allows("192.0.2.1") for _ in range(6)] == [True] * 4 + [False] * 2
    assert not rates.allows("192.0.2.200")
    assert rates.allows("192.0.3.1")
    now[0] = 1.0
    assert [rates.allows("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert [rates.any_left() for _ in range(51)][-2:] == [True, False]


def test_networks_that_are_counted_do_not_fill_the_memory() -> None:
    rates = Rates(2, 100, lambda: 0.0)
    for number in range(20_000):
        rates.allows(f"10.{number // 256}.{number % 256}.1")
    assert len(rates._networks) <= 10_000


def test_addresses_of_one_network_are_counted_together() -> None:
    assert network_of("192.0.2.77") == network_of("192.0.2.1") == "192.0.2.0/24"
    assert network_of("2001:db8:0:1::1") == network_of("2001:db8::ff") == "2001:db8::/56"
    assert network_of("fe80::1%eth0") == "fe80::/56"
