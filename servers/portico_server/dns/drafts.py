"""Records as callers want them: the contract's message checked, and made what is stored."""

from __future__ import annotations

from collections.abc import Collection

from portico.dns.v1 import records_pb2
from portico_server.dns import domains, rdata
from portico_server.dns.errors import InvalidField
from portico_server.dns.model import AUTOMATIC_TTL, PROXIABLE, Record, Type, Zone
from portico_server.dns.names import record_name
from portico_server.platform.ids import Ids

LEAST_TTL_SECONDS, MOST_TTL_SECONDS = 60, 86_400
_DATA = frozenset(kind.name.lower() for kind in Type)


def new(zone: Zone, wanted: records_pb2.Record, field: str, ids: Ids) -> Record:
    """A new record of the zone; `field` is the message's path in the request. Raises InvalidField."""
    if wanted.name:
        raise InvalidField(f"{field}.name is given to a record, not chosen; leave it out", field=f"{field}.name")
    name = domains.owner(wanted.domain_name, zone.domain, f"{field}.domain_name")
    kind, data = rdata.of_message(wanted, field)
    record_id, now_us = ids.mint()
    record = Record(
        name=record_name(zone.name, record_id),
        zone=zone.name,
        domain_name=name,
        place=domains.place(name),
        type=int(kind),
        rdata=data,
        ttl_seconds=wanted.ttl_seconds or AUTOMATIC_TTL,
        proxied=int(wanted.proxied),
        comment=wanted.comment,
        etag=record_id,
        created_at_us=now_us,
        updated_at_us=now_us,
    )
    check(zone, record, field)
    return record


def changed(
    zone: Zone, before: Record, wanted: records_pb2.Record, mask: Collection[str], field: str, ids: Ids
) -> Record:
    """The record as an update leaves it; the same one where nothing changes. Raises InvalidField."""
    paths = _paths(wanted, mask)
    values: dict[str, object] = {}
    if "domain_name" in paths:
        name = domains.owner(wanted.domain_name, zone.domain, f"{field}.domain_name")
        values |= {"domain_name": name, "place": domains.place(name)}
    if "ttl_seconds" in paths:
        values["ttl_seconds"] = wanted.ttl_seconds or AUTOMATIC_TTL
    if "proxied" in paths:
        values["proxied"] = int(wanted.proxied)
    if "comment" in paths:
        values["comment"] = wanted.comment
    if data_paths := paths & _DATA:
        values["rdata"] = _changed_data(before, wanted, data_paths, field)
    after = before._replace(**values)  # type: ignore[arg-type]  # the names are those of the columns
    if after == before:
        return before
    check(zone, after, field)
    etag, now_us = ids.mint()
    return after._replace(etag=etag, updated_at_us=now_us)


def check(zone: Zone, record: Record, field: str) -> None:
    """What must hold of a record by itself. Raises InvalidField."""
    ttl = record.ttl_seconds
    if ttl != AUTOMATIC_TTL and not LEAST_TTL_SECONDS <= ttl <= MOST_TTL_SECONDS:
        raise InvalidField(
            f"{field}.ttl_seconds must be from {LEAST_TTL_SECONDS} to {MOST_TTL_SECONDS}, or 1 for automatic",
            field=f"{field}.ttl_seconds",
        )
    kind = Type(record.type)
    if record.proxied and kind not in PROXIABLE:
        raise InvalidField(f"{field}.proxied is for A, AAAA and CNAME, not for {kind.name}", field=f"{field}.proxied")
    if kind is Type.CNAME and record.domain_name == zone.domain:
        raise InvalidField(
            f"{field}.cname: {zone.domain} itself, which has name servers, cannot be a CNAME; give its addresses",
            field=f"{field}.cname",
        )
    if kind is Type.NS and record.domain_name.startswith("*."):
        raise InvalidField(f"{field}.ns: a wildcard cannot be delegated; give the name itself", field=f"{field}.ns")


def _paths(wanted: records_pb2.Record, mask: Collection[str]) -> set[str]:
    """The fields to change, of the data the one that is set."""
    given = wanted.WhichOneof("data")
    usual = {"domain_name", "ttl_seconds", "proxied", "comment"}
    if "*" in mask:
        return usual | {given or "data"} - {"data"}
    if mask:
        return set(mask)
    found = {name for name in usual if getattr(wanted, name)}
    return found | ({given} if given else set())


def _changed_data(before: Record, wanted: records_pb2.Record, paths: set[str], field: str) -> bytes:
    given = wanted.WhichOneof("data")
    if paths != {given}:
        raise InvalidField(
            f"update_mask names {', '.join(sorted(paths))}, but {field} sets {given or 'none of them'}",
            field="update_mask",
        )
    kind, data = rdata.of_message(wanted, field)
    if kind != before.type:
        raise InvalidField(
            f"{field}.{given}: the record is of type {Type(before.type).name}, which stays; delete it and create "
            "another",
            field=f"{field}.{given}",
        )
    return data
