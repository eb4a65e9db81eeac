"""Between the contract's messages and the domain's values."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portico.dns.v1 import records_pb2, zones_pb2
from portico_server.dns import rdata
from portico_server.dns.model import Record, Zone

CHALLENGE_LABEL = "_portico-challenge"
_MESSAGES_AT_ONCE = 20


def zone_message(zone: Zone, name_servers: Sequence[str]) -> zones_pb2.Zone:
    message = zones_pb2.Zone(
        name=zone.name,
        etag=zone.etag,
        domain=zone.domain,
        state=zones_pb2.ZoneState.Name(zone.state),
        paused=bool(zone.paused),
        display_name=zone.display_name,
        description=zone.description,
        verified_by=zones_pb2.VerificationMethod.Name(zone.verified_by),
        challenge_name=challenge_name(zone.domain),
        challenge_token=zone.token,
        name_servers=name_servers,
        serial=zone.serial,
    )
    message.create_time.FromMicroseconds(zone.created_at_us)
    message.update_time.FromMicroseconds(zone.updated_at_us)
    if zone.verified_at_us:
        message.verify_time.FromMicroseconds(zone.verified_at_us)
    return message


def challenge_name(domain: str) -> str:
    """Where the TXT record with a zone's token belongs."""
    return f"{CHALLENGE_LABEL}.{domain}"


def record_message(record: Record) -> records_pb2.Record:
    message = records_pb2.Record(
        name=record.name,
        etag=record.etag,
        domain_name=record.domain_name,
        ttl_seconds=record.ttl_seconds,
        proxied=bool(record.proxied),
        comment=record.comment,
    )
    rdata.fill(message, record.type, record.rdata)
    message.create_time.FromMicroseconds(record.created_at_us)
    message.update_time.FromMicroseconds(record.updated_at_us)
    return message


async def record_messages(records: Sequence[Record]) -> list[records_pb2.Record]:
    """Many of them, letting others run in between: each takes some 10 us."""
    made = []
    for record in records:
        made.append(record_message(record))
        if len(made) % _MESSAGES_AT_ONCE == 0:
            await asyncio.sleep(0)
    return made


def unnamed(message: records_pb2.Record) -> records_pb2.Record:
    """A record that a dry run would create: it has no id yet, nor has it been created."""
    for field in ("name", "etag", "create_time", "update_time"):
        message.ClearField(field)
    return message
