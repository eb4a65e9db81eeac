"""Zones and records as a command line names them."""

from __future__ import annotations

import click
import pytest

from portico.dns.v1.records_pb2 import Record
from portico_cli import domains

ZONE = "accounts/other/zones/example.com"


@pytest.mark.parametrize("zone", ["example.com", ZONE])
@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("@", "@"),
        ("www", "www.example.com"),
        ("*", "*.example.com"),
        ("a.b", "a.b.example.com"),
        ("www.example.com", "www.example.com"),
        ("www.example.com.", "www.example.com"),
        ("example.com", "example.com"),
        ("badexample.com", "badexample.com.example.com"),
        ("www.example.net.", "www.example.net."),  # which the platform refuses
    ],
)
def test_a_name_is_of_the_zone_unless_it_says_otherwise(zone: str, given: str, name: str) -> None:
    assert domains.owner(zone, given) == name


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("A", ["192.0.2.1"]),
        ("MX", ["10", "mail.example.com"]),
        ("SRV", ["1", "2", "443", "host.example.com"]),
        ("CAA", ["0", "issue", "ca.example.net; account=1"]),
        ("TXT", ["v=spf1 -all"]),
    ],
)
def test_a_value_is_read_as_it_is_shown(kind: str, words: list[str]) -> None:
    record = Record()
    domains.set_data(record, kind, words)
    assert record.WhichOneof("data") == kind.lower()
    assert domains.data(record) == " ".join(words)


@pytest.mark.parametrize(
    ("kind", "words", "remedy"),
    [
        ("A", ["192.0.2.1", "192.0.2.2"], "says one thing"),
        ("MX", ["mail.example.com"], "10 mail.example.com"),
        ("MX", ["ten", "mail.example.com"], "no number from 0 to 65535"),
        ("SRV", ["1", "2", "70000", "host.example.com"], "no number from 0 to 65535"),
        ("CAA", ["0", "issue"], "0 issue ca.example.net"),
    ],
)
def test_a_value_of_another_form_is_refused_with_the_right_one(kind: str, words: list[str], remedy: str) -> None:
    with pytest.raises(click.BadParameter, match=remedy):
        domains.set_data(Record(), kind, words)


def test_a_record_is_given_by_its_id_or_full_name() -> None:
    record_id = "0123456789abcdef" * 2
    assert domains.record_name(ZONE, record_id, ZONE) == f"{ZONE}/records/{record_id}"
    assert domains.record_name("x", f"{ZONE}/records/{record_id}", "x") == f"{ZONE}/records/{record_id}"
    with pytest.raises(click.BadParameter, match=r"portico dns list example\.com"):
        domains.record_name(ZONE, "www", ZONE)
