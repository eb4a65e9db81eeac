"""How the product is put together, started and stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from importlib import resources

from portico.dns.v1 import records_pb2_grpc, zones_pb2_grpc
from portico_server.dns.answering import Answering
from portico_server.dns.importing import Importing
from portico_server.dns.name_server import NameServer
from portico_server.dns.packets import respond
from portico_server.dns.record_service import RecordService
from portico_server.dns.records import Records
from portico_server.dns.resolving import Resolving
from portico_server.dns.verifying import Verifying
from portico_server.dns.zone_service import ZoneService
from portico_server.dns.zones import Zones
from portico_server.platform.housekeeping import housekeeping
from portico_server.platform.ids import Ids
from portico_server.platform.product import Platform, Running
from portico_server.platform.settings import Settings

NAME = "dns"


@asynccontextmanager
async def run(platform: Platform) -> AsyncIterator[Running]:
    """Starts the product; see `platform.product.Product.run`."""
    clock, tokens, settings = platform.clock, platform.page_tokens, platform.settings
    database = await platform.databases.open(NAME, resources.files(__package__) / "migrations")
    ids = Ids(clock, platform.random)
    zones = Zones(database, ids, settings.dns_zones)
    records = Records(database, zones, ids, settings.dns_records)
    lookup = Resolving(settings.dns_resolver_addresses)
    verifying = Verifying(database, zones, ids, lookup, settings.dns_name_servers)
    zone_service = ZoneService(database, clock, zones, verifying, tokens, settings.dns_name_servers)
    importing = Importing(database, records, ids, settings.dns_name_servers, settings.dns_records)
    record_service = RecordService(database, clock, ids, zones, records, importing, tokens)
    async with _name_server(settings, Answering(database, settings.dns_name_servers)):
        yield Running(
            servicers=(
                (zones_pb2_grpc.add_ZoneServiceServicer_to_server, zone_service),
                (records_pb2_grpc.add_RecordServiceServicer_to_server, record_service),
            ),
            jobs=housekeeping(NAME, database, clock),
        )


def _name_server(settings: Settings, answering: Answering) -> AbstractAsyncContextManager[None]:
    """Answers the DNS while it is entered, where that is wanted."""
    if settings.dns_address is None:
        return nullcontext()

    async def answer(packet: bytes, tcp: bool) -> bytes | None:
        return await respond(answering, packet, tcp=tcp)

    return NameServer(settings.dns_address, answer, settings.dns_queries_per_second).running()
