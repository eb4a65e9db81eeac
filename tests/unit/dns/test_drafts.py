"""What a record may say, by type: the field that is wrong is named, and what to give instead."""

from __future__ import annotations

import random
from typing import Any

import pytest

from portico.dns.v1 import records_pb2
from portico.dns.v1.records_pb2 import Caa, Mx, Record, Srv
from portico_server.dns import drafts, rdata
from portico_server.dns.errors import InvalidField
from portico_server.dns.messages import record_message
from portico_server.dns.model import Zone
from portico_server.platform.clock import SystemClock
from portico_server.platform.ids import Ids

ZONE = Zone("accounts/a/zones/example.com", "example.com", 1, 1, "e", "", "", 0, 0, 0, "t", 1, 0)
IDS = Ids(SystemClock(), random.Random(1))


def made(**fields: Any) -> Record:
    fields = {"domain_name": "www.example.com", **fields}
    return record_message(drafts.new(ZONE, Record(**fields), "record", IDS))


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "record", "set one of a, aaaa, cname"),
    ({"a": ""}, "record.a", "IPv4 address"),
    ({"a": "192.0.2.256"}, "record.a", "IPv4 address"),
    ({"a": "192.0.2.01"}, "record.a", "IPv4 address"),
    ({"a": "192.0.2"}, "record.a", "IPv4 address"),
    ({"a": "2001:db8::1"}, "record.a", "IPv4 address"),
    ({"a": "192.0.2.1 "}, "record.a", "IPv4 address"),
    ({"aaaa": "192.0.2.1"}, "record.aaaa", "IPv6 address"),
    ({"aaaa": "fe80::1%eth0"}, "record.aaaa", "has no zone"),
    ({"aaaa": "2001:db8:::1"}, "record.aaaa", "IPv6 address"),
    ({"cname": "192.0.2.1"}, "record.cname", "give a name"),
    ({"cname": "."}, "record.cname", ""),
    ({"cname": "bücher.example"}, "record.cname", "xn--bcher-kva.example"),
    ({"mx": Mx(preference=10)}, "record.mx.exchange", "give the name"),
    ({"mx": Mx(preference=10, exchange="192.0.2.1")}, "record.mx.exchange", "is an address"),
    ({"mx": Mx(preference=65536, exchange="a.b")}, "record.mx.preference", "0 to 65535"),
    ({"mx": Mx(preference=-1, exchange="a.b")}, "record.mx.preference", "0 to 65535"),
    ({"mx": Mx(preference=1, exchange=".")}, "record.mx.preference", "must be 0"),
    ({"txt": "x" * 2049}, "record.txt", "has 2049 bytes"),
    ({"txt": "ü" * 1025}, "record.txt", "has 2050 bytes"),
    ({"srv": Srv(priority=70000, target="a.b")}, "record.srv.priority", "0 to 65535"),
    ({"srv": Srv(weight=70000, target="a.b")}, "record.srv.weight", "0 to 65535"),
    ({"srv": Srv(port=70000, target="a.b")}, "record.srv.port", "0 to 65535"),
    ({"srv": Srv(port=1)}, "record.srv.target", "give the name"),
    ({"caa": Caa(flags=1, tag="issue", value=";")}, "record.caa.flags", "0 or 128"),
    ({"caa": Caa(tag="Issue", value=";")}, "record.caa.tag", "one of issue"),
    ({"caa": Caa(tag="issue", value="ü")}, "record.caa.value", "printable ASCII"),
    ({"caa": Caa(tag="iodef", value="ca.example")}, "record.caa.value", "a URL"),
    ({"ns": "ns..example"}, "record.ns", "nothing between two dots"),
    ({"ns": "ns.example", "domain_name": "*.example.com"}, "record.ns", "wildcard"),
    ({"cname": "a.example", "domain_name": "@"}, "record.cname", "cannot be a CNAME"),
    ({"a": "192.0.2.1", "ttl_seconds": 59}, "record.ttl_seconds", "60 to 86400, or 1"),
    ({"a": "192.0.2.1", "ttl_seconds": 86401}, "record.ttl_seconds", "60 to 86400, or 1"),
    ({"a": "192.0.2.1", "ttl_seconds": -1}, "record.ttl_seconds", "60 to 86400, or 1"),
    ({"txt": "x", "proxied": True}, "record.proxied", "not for TXT"),
    ({"mx": Mx(exchange="a.b"), "proxied": True}, "record.proxied", "not for MX"),
    ({"a": "192.0.2.1", "name": "accounts/a/zones/example.com/records/" + "0" * 32}, "record.name", "leave it out"),
    ({"a": "192.0.2.1", "domain_name": "www.example.org"}, "record.domain_name", "not in the zone"),
]


@pytest.mark.parametrize(("fields", "field", "why"), WRONG)
def test_what_a_record_cannot_say_is_refused_by_its_field(fields: dict[str, Any], field: str, why: str) -> None:
    with pytest.raises(InvalidField) as refused:
        made(**fields)
    assert refused.value.field == field
    assert why in refused.value.message


def test_a_wrong_field_of_several_is_named_by_its_path_in_the_request() -> None:
    with pytest.raises(InvalidField) as refused:
        drafts.new(ZONE, Record(domain_name="@", mx=Mx(exchange="")), "creates[7]", IDS)
    assert refused.value.field == "creates[7].mx.exchange"


@pytest.mark.parametrize("size_bytes", [0, 1, 254, 255, 256, 510, 511, 2048])
def test_a_text_is_cut_into_strings_of_255_bytes_and_comes_back_whole(size_bytes: int) -> None:
    text = "ü" * (size_bytes // 2) + "x" * (size_bytes % 2)
    record = drafts.new(ZONE, Record(domain_name="@", txt=text), "record", IDS)
    strings = rdata.of_wire(record.type, record.rdata).strings  # type: ignore[attr-defined]
    assert [len(string) for string in strings[:-1]] == [255] * (len(strings) - 1)
    assert record_message(record).txt == text


def test_addresses_and_names_are_kept_in_one_form() -> None:
    assert made(aaaa="2001:0DB8:0:0::1").aaaa == "2001:db8::1"
    assert made(cname="host.example.").cname == "host.example"
    assert made(mx=Mx(exchange=".")).mx.exchange == "."
    assert made(srv=Srv(target=".")).srv.target == "."


def test_a_record_without_a_ttl_has_the_automatic_one() -> None:
    assert (made(a="192.0.2.1").ttl_seconds, made(a="192.0.2.1", ttl_seconds=1).ttl_seconds) == (1, 1)


def test_every_kind_of_data_in_the_contract_is_read() -> None:
    kinds = {field.name for field in records_pb2.Record.DESCRIPTOR.oneofs_by_name["data"].fields}
    assert kinds == rdata._READERS.keys()
