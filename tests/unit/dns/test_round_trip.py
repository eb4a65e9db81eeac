"""Whatever records a zone has, it is written as a file that says just them, to ourselves and to dnspython."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import dns.rdatatype
import dns.zone
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.dns.v1.records_pb2 import Caa, Mx, Record, Srv
from portico_server.dns import drafts, rdata, zone_files
from portico_server.dns.errors import InvalidField, InvalidZoneFile
from portico_server.dns.model import Record as Stored
from portico_server.dns.model import Type, Zone
from portico_server.platform.clock import SystemClock
from portico_server.platform.ids import Ids

ZONE = Zone("accounts/a/zones/example.com", "example.com", 1, 1, "e", "", "", 0, 0, 0, "t", 1, 0)
IDS = Ids(SystemClock(), random.Random(1))
SERVERS = ("ns1.portico.example",)

labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?", fullmatch=True).filter(lambda label: label[2:4] != "--")
below = st.lists(labels, max_size=3).map(lambda found: ".".join([*found, "example.com"]))
owners = st.one_of(below, below.map(lambda name: f"*.{name}"))
targets = (
    st.lists(labels, min_size=2, max_size=4).map(".".join).filter(lambda name: not name.replace(".", "").isdigit())
)
numbers = st.integers(0, 65535)
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
data: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.ip_addresses(v=4).map(lambda address: {"a": str(address)}),
    st.ip_addresses(v=6).map(lambda address: {"aaaa": str(address)}),
    targets.map(lambda target: {"cname": target}),
    targets.map(lambda target: {"ns": target}),
    st.builds(lambda n, t: {"mx": Mx(preference=n, exchange=t)}, numbers, targets),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=600).map(lambda text: {"txt": text}),
    st.builds(
        lambda a, b, c, t: {"srv": Srv(priority=a, weight=b, port=c, target=t)}, numbers, numbers, numbers, targets
    ),
    st.builds(lambda f, v: {"caa": Caa(flags=f, tag="issue", value=v)}, st.sampled_from([0, 128]), printable),
)
ttls = st.one_of(st.just(1), st.integers(60, 86400))


@st.composite
def records(draw: st.DrawFn) -> Stored | None:
    wanted = Record(domain_name=draw(owners), ttl_seconds=draw(ttls), **draw(data))
    try:
        return drafts.new(ZONE, wanted, "record", IDS)
    except InvalidField:  # a CNAME of the zone itself, a wildcard that is delegated
        return None


def said(record: Stored) -> tuple[str, int, bytes, int]:
    return (record.domain_name, *record.says, record.served_ttl_seconds)


async def read(text: str) -> list[Stored]:
    entries = [entry async for entry in zone_files.read(text, ZONE, SERVERS)]
    return [drafts.new(ZONE, entry.record, "record", IDS) for entry in entries if entry.record is not None]


@settings(max_examples=60, deadline=None)
@given(st.lists(records(), max_size=12))
def test_a_zone_is_read_as_it_was_written(found: list[Stored | None]) -> None:
    zone = [record for record in found if record is not None]
    text = asyncio.run(zone_files.written(ZONE, zone, SERVERS))
    assert [said(record) for record in asyncio.run(read(text))] == [said(record) for record in zone]
    alone = [record for record in zone if record.type != Type.CNAME]
    text = asyncio.run(zone_files.written(ZONE, alone, SERVERS))
    theirs = dns.zone.from_text(text, relativize=False, check_origin=False)
    expected = {(record.domain_name, record.type, record.rdata) for record in alone}
    read_by_dnspython = {
        (name.to_text(omit_final_dot=True), kind, rdata_of.to_digestable())
        for name, _, rdata_of in theirs.iterate_rdatas()
        if (kind := rdata.kind_of(rdata_of.rdtype)) is not None
    }
    assert expected <= read_by_dnspython


def line_of_refusal(text: str) -> int:
    """The line that is named, 1 where nothing is wrong."""
    try:
        asyncio.run(read_entries(text))
    except InvalidZoneFile as refused:
        return int(refused.metadata["line"])
    return 1


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('aA1@*.$;"()\\ \t\n_-%\x00ü'), max_size=60))
def test_whatever_a_file_says_is_read_or_its_line_is_named(text: str) -> None:
    assert 1 <= line_of_refusal(text) <= text.count("\n") + 1


async def read_entries(text: str) -> None:
    async for _ in zone_files.read(text, ZONE, SERVERS):
        pass


def test_all_types_have_their_number_on_the_wire() -> None:
    assert {dns.rdatatype.to_text(rdata.code(kind)) for kind in Type} == {kind.name for kind in Type}
