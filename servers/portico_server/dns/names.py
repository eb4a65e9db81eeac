"""The names of zones and records, put together and taken apart."""

from __future__ import annotations


def zone_name(parent: str, domain: str) -> str:
    return f"{parent}/zones/{domain}"


def record_name(zone: str, record_id: str) -> str:
    return f"{zone}/records/{record_id}"


def zone_of(record: str) -> str:
    """The zone's name in a record's."""
    return record.partition("/records/")[0]


def account_of(zone: str) -> str:
    """`accounts/{account}` of a zone's name."""
    return zone.partition("/zones/")[0]


def domain_of(zone: str) -> str:
    return zone.partition("/zones/")[2]
