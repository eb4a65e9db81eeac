"""The DNS answered over loopback from a zone's records, asked by dnspython's own resolver and as bare messages."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from typing import Any

import dns.asyncquery
import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdatatype
import dns.resolver
import pytest
import pytest_asyncio

from portico.dns.v1.records_pb2 import Mx, Srv
from portico_server.dns import packets
from portico_server.dns.answering import Answering
from portico_server.dns.name_server import NameServer
from tests.contract.dns.stand import DOMAIN, OTHER, ZONE, Stand
from tests.contract.dns.test_verifying import CHALLENGE
from tests.harness.name_server import NameServer as Asked

SECONDS = 30.0
SERVERS = ("ns1.portico.example", "ns2.portico.example")
RECORDS: list[dict[str, Any]] = [
    {"domain_name": "@", "a": "192.0.2.1"},
    {"domain_name": "@", "mx": Mx(preference=10, exchange=f"mail.{DOMAIN}")},
    {"domain_name": f"www.{DOMAIN}", "a": "192.0.2.2", "ttl_seconds": 60},
    {"domain_name": f"www.{DOMAIN}", "a": "192.0.2.3", "ttl_seconds": 90},
    {"domain_name": f"alias.{DOMAIN}", "cname": f"second.{DOMAIN}"},
    {"domain_name": f"second.{DOMAIN}", "cname": f"www.{DOMAIN}"},
    {"domain_name": f"away.{DOMAIN}", "cname": "host.example.net"},
    {"domain_name": f"dangling.{DOMAIN}", "cname": f"nowhere.{DOMAIN}"},
    {"domain_name": f"loop1.{DOMAIN}", "cname": f"loop2.{DOMAIN}"},
    {"domain_name": f"loop2.{DOMAIN}", "cname": f"loop1.{DOMAIN}"},
    {"domain_name": f"*.wild.{DOMAIN}", "txt": "any"},
    {"domain_name": f"taken.wild.{DOMAIN}", "a": "192.0.2.4"},
    {"domain_name": f"deep.empty.{DOMAIN}", "a": "192.0.2.5"},
    {"domain_name": f"*.star.{DOMAIN}", "cname": f"www.{DOMAIN}"},
    {"domain_name": f"_sip._tcp.{DOMAIN}", "srv": Srv(priority=1, weight=2, port=5060, target=f"www.{DOMAIN}")},
    {"domain_name": f"big.{DOMAIN}", "txt": "x" * 2048},
    {"domain_name": f"sub.{DOMAIN}", "ns": f"ns.sub.{DOMAIN}"},
    {"domain_name": f"sub.{DOMAIN}", "ns": "ns.elsewhere.example"},
    {"domain_name": f"ns.sub.{DOMAIN}", "a": "192.0.2.6"},
]


@pytest_asyncio.fixture(loop_scope="session")
async def port(stand: Stand, names: Asked) -> AsyncIterator[int]:
    """Where the zone, active and with RECORDS, is answered."""
    names.records[CHALLENGE] = [f'"{(await stand.get_zone()).challenge_token}"']
    await stand.verify()
    await stand.record("BatchUpdateRecords", parent=ZONE, creates=RECORDS)
    async with answered(stand, 10_000.0) as found:
        yield found


class answered:
    """A name server in front of the stand's records; answers its port."""

    def __init__(self, stand: Stand, a_network: float) -> None:
        answering = Answering(stand.database, SERVERS)

        async def respond(packet: bytes, tcp: bool) -> bytes | None:
            return await packets.respond(answering, packet, tcp=tcp)

        self.server = NameServer(("127.0.0.1", 0), respond, a_network)
        self._running = self.server.running()

    async def __aenter__(self) -> int:
        await self._running.__aenter__()
        await asyncio.wait_for(self.server.listening.wait(), SECONDS)
        return self.server.port

    async def __aexit__(self, *raised: Any) -> None:
        await self._running.__aexit__(*raised)


async def ask(port: int, name: str, kind: str = "A", **query: Any) -> dns.message.Message:
    """One question by UDP, and by TCP where the answer is cut short."""
    asked = dns.message.make_query(name, kind, **query)
    response, _ = await dns.asyncquery.udp_with_fallback(asked, "127.0.0.1", timeout=SECONDS, port=port)
    return response


def said(response: dns.message.Message) -> list[str]:
    """The answer's records as texts."""
    return [f"{found.name} {dns.rdatatype.to_text(found.rdtype)} {item}" for found in response.answer for item in found]


def authority(response: dns.message.Message) -> list[str]:
    return [dns.rdatatype.to_text(found.rdtype) for found in response.authority]


async def test_records_are_found_by_a_resolver(port: int) -> None:
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
    resolver.lifetime = SECONDS
    found = await resolver.resolve(f"alias.{DOMAIN}", "A")
    assert {item.address for item in found} == {"192.0.2.2", "192.0.2.3"}
    assert found.canonical_name.to_text() == f"www.{DOMAIN}."
    [server] = await resolver.resolve(f"_sip._tcp.{DOMAIN}", "SRV")
    assert (server.port, server.target.to_text()) == (5060, f"www.{DOMAIN}.")
    [text] = await resolver.resolve(f"big.{DOMAIN}", "TXT")
    assert b"".join(text.strings) == b"x" * 2048
    with pytest.raises(dns.resolver.NXDOMAIN):
        await resolver.resolve(f"none.{DOMAIN}", "A")
    with pytest.raises(dns.resolver.NoAnswer):
        await resolver.resolve(f"www.{DOMAIN}", "AAAA")


async def test_an_answer_has_authority_the_least_ttl_and_the_name_as_it_was_asked(port: int) -> None:
    response = await ask(port, f"WwW.{DOMAIN}")
    assert response.rcode() == dns.rcode.NOERROR
    assert response.flags & dns.flags.AA
    assert not response.flags & dns.flags.RA
    assert response.answer[0].ttl == 60
    assert response.answer[0].name.to_text() == f"WwW.{DOMAIN}."


@pytest.mark.parametrize(
    ("name", "rcode"),
    [("none", "NXDOMAIN"), ("a.b.none", "NXDOMAIN"), ("www", "NOERROR"), ("empty", "NOERROR"), ("_tcp", "NOERROR")],
)
async def test_what_is_not_there_is_told_with_the_soa_record(port: int, name: str, rcode: str) -> None:
    response = await ask(port, f"{name}.{DOMAIN}", "AAAA")
    assert dns.rcode.to_text(response.rcode()) == rcode
    assert (said(response), authority(response)) == ([], ["SOA"])
    assert response.flags & dns.flags.AA


async def test_aliases_are_followed_inside_the_zone_alone(port: int) -> None:
    assert said(await ask(port, f"away.{DOMAIN}")) == [f"away.{DOMAIN}. CNAME host.example.net."]
    dangling = await ask(port, f"dangling.{DOMAIN}")
    assert dangling.rcode() == dns.rcode.NXDOMAIN
    assert said(dangling) == [f"dangling.{DOMAIN}. CNAME nowhere.{DOMAIN}."]
    assert len(said(await ask(port, f"loop1.{DOMAIN}"))) == 2
    assert said(await ask(port, f"alias.{DOMAIN}", "CNAME")) == [f"alias.{DOMAIN}. CNAME second.{DOMAIN}."]


async def test_a_wildcard_stands_for_names_that_are_not_there(port: int) -> None:
    assert said(await ask(port, f"x.wild.{DOMAIN}", "TXT")) == [f'x.wild.{DOMAIN}. TXT "any"']
    assert said(await ask(port, f"y.x.wild.{DOMAIN}", "TXT")) == [f'y.x.wild.{DOMAIN}. TXT "any"']
    assert said(await ask(port, f"taken.wild.{DOMAIN}", "TXT")) == []
    below_taken = await ask(port, f"x.taken.wild.{DOMAIN}", "TXT")
    assert below_taken.rcode() == dns.rcode.NXDOMAIN
    assert said(await ask(port, f"wild.{DOMAIN}", "TXT")) == []
    assert len(said(await ask(port, f"x.star.{DOMAIN}"))) == 3


async def test_a_name_that_is_delegated_is_referred_with_the_addresses_inside(port: int) -> None:
    for name in (f"host.sub.{DOMAIN}", f"sub.{DOMAIN}"):
        response = await ask(port, name)
        assert not response.flags & dns.flags.AA
        assert (said(response), authority(response)) == ([], ["NS"])
        assert [item.address for found in response.additional for item in found] == ["192.0.2.6"]


async def test_the_zone_has_a_soa_record_and_the_platforms_name_servers(port: int, stand: Stand) -> None:
    [soa] = (await ask(port, DOMAIN, "SOA")).answer[0]
    assert (soa.serial, soa.mname.to_text()) == ((await stand.get_zone()).serial, f"{SERVERS[0]}.")
    servers = (await ask(port, DOMAIN, "NS")).answer[0]
    assert {server.target.to_text() for server in servers} == {f"{server}." for server in SERVERS}


async def test_a_change_is_answered_at_once_and_raises_the_serial(port: int, stand: Stand) -> None:
    before = (await ask(port, DOMAIN, "SOA")).answer[0][0].serial
    await stand.create(domain_name=f"new.{DOMAIN}", a="192.0.2.99")
    assert said(await ask(port, f"new.{DOMAIN}")) == [f"new.{DOMAIN}. A 192.0.2.99"]
    assert (await ask(port, DOMAIN, "SOA")).answer[0][0].serial == before + 1


async def test_who_has_no_active_zone_of_the_name_is_refused(port: int, stand: Stand) -> None:
    theirs = (await stand.create_zone("pending.example", account=OTHER)).name
    await stand.create(theirs, domain_name="@", a="192.0.2.1")
    for name in ("pending.example", "example.net", "com", ".", "xexample.com"):
        response = await ask(port, name)
        assert (response.rcode(), said(response)) == (dns.rcode.REFUSED, [])
    await stand.zone("UpdateZone", zone={"name": ZONE, "paused": True})
    assert (await ask(port, f"www.{DOMAIN}")).rcode() == dns.rcode.REFUSED


async def test_no_transfers_no_other_classes_no_other_opcodes(port: int) -> None:
    assert (await ask(port, DOMAIN, "AXFR")).rcode() == dns.rcode.REFUSED
    assert (await ask(port, DOMAIN, "A", rdclass="CH")).rcode() == dns.rcode.REFUSED
    assert said(await ask(port, f"www.{DOMAIN}", "ANY")) == [f'www.{DOMAIN}. HINFO "RFC8482" ""']
    other = dns.message.make_query(DOMAIN, "A")
    other.set_opcode(dns.opcode.NOTIFY)
    response = await dns.asyncquery.udp(other, "127.0.0.1", timeout=SECONDS, port=port)
    assert response.rcode() == dns.rcode.NOTIMP


async def test_what_does_not_fit_is_cut_short_by_udp_and_whole_by_tcp(port: int) -> None:
    for edns, most_bytes in ((False, 512), (0, 1232)):
        query = dns.message.make_query(f"big.{DOMAIN}", "TXT", use_edns=edns, payload=4096)
        short = await dns.asyncquery.udp(query, "127.0.0.1", timeout=SECONDS, port=port)
        assert short.flags & dns.flags.TC
        assert len(short.to_wire()) <= most_bytes
        whole = await dns.asyncquery.tcp(query, "127.0.0.1", timeout=SECONDS, port=port)
        assert len(said(whole)[0]) > 2048
    assert (await ask(port, DOMAIN, "A", use_edns=0)).payload == packets.EDNS_BYTES
    unknown = await ask(port, DOMAIN, "A", use_edns=1)
    assert unknown.rcode() == dns.rcode.BADVERS


async def test_several_questions_come_by_one_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(3):
        query = dns.message.make_query(f"www.{DOMAIN}", "A", id=number).to_wire()
        writer.write(len(query).to_bytes(2) + query)
    for number in range(3):
        length = int.from_bytes(await asyncio.wait_for(reader.readexactly(2), SECONDS))
        assert dns.message.from_wire(await reader.readexactly(length)).id == number
    writer.close()


async def test_a_network_that_asks_too_much_is_told_to_come_by_tcp(stand: Stand) -> None:
    async with answered(stand, 1.0) as port:
        query = dns.message.make_query(DOMAIN, "A")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.connect(("127.0.0.1", port))
            for _ in range(40):
                asking.send(query.to_wire())
            loop = asyncio.get_running_loop()
            while True:
                answer = dns.message.from_wire(await asyncio.wait_for(loop.sock_recv(asking, 4096), SECONDS))
                if answer.flags & dns.flags.TC:
                    break
        by_tcp = await dns.asyncquery.tcp(query, "127.0.0.1", timeout=SECONDS, port=port)
        assert by_tcp.rcode() == dns.rcode.REFUSED


async def test_garbage_is_dropped_or_refused_and_the_next_question_answered(port: int) -> None:
    chance = random.Random(7)
    good = dns.message.make_query(f"www.{DOMAIN}", "A", use_edns=0).to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as garbage:
        for number in range(300):
            packet = bytearray(good if number % 2 else chance.randbytes(chance.randrange(0, 600)))
            for _ in range(chance.randrange(1, 6)):
                if packet:
                    packet[chance.randrange(len(packet))] = chance.randrange(256)
            garbage.sendto(bytes(packet), ("127.0.0.1", port))
            if number % 50 == 0:
                await asyncio.sleep(0)
    for garbage_by_tcp in (b"", b"\0", b"\0\0", b"\xff\xff" + b"x" * 100, b"\0\x05abcde", b"\0\x10" + b"\xc0" * 16):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(garbage_by_tcp)
        writer.close()
    resolver = dns.asyncresolver.Resolver(configure=False)  # it asks again, should there be no room yet
    resolver.nameservers = [dns.nameserver.Do53Nameserver("127.0.0.1", port)]
    resolver.timeout, resolver.lifetime = 1.0, SECONDS
    assert len(await resolver.resolve(f"www.{DOMAIN}", "A")) == 2


async def test_another_process_takes_the_address_over_when_the_first_one_ends(stand: Stand) -> None:
    first = answered(stand, 100.0)
    async with first as port:
        answering = Answering(stand.database, SERVERS)

        async def respond(packet: bytes, tcp: bool) -> bytes | None:
            return await packets.respond(answering, packet, tcp=tcp)

        second = NameServer(("127.0.0.1", port), respond, 100.0)
        running = second.running()
        await running.__aenter__()
        assert not second.listening.is_set()
    await asyncio.wait_for(second.listening.wait(), SECONDS)
    assert (await ask(port, DOMAIN)).rcode() == dns.rcode.REFUSED
    await running.__aexit__(None, None, None)
