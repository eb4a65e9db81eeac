"""ZoneService: contract in, domain call, contract out."""

from __future__ import annotations

from typing import Any

from portico.dns.v1 import zones_pb2, zones_pb2_grpc
from portico_server.dns import messages
from portico_server.dns.errors import InvalidField
from portico_server.dns.model import Proof, Zone
from portico_server.dns.names import zone_name
from portico_server.dns.verifying import Verifying
from portico_server.dns.zones import Wanted, Zones
from portico_server.platform import caller
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.paging import PageTokens
from portico_server.platform.requests import Remember, once

LARGEST_PAGE = 1000
_CHANGEABLE = ("paused", "display_name", "description")


class ZoneService(zones_pb2_grpc.ZoneServiceServicer):
    """Manages zones."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        zones: Zones,
        verifying: Verifying,
        page_tokens: PageTokens,
        name_servers: tuple[str, ...],
    ) -> None:
        self._database = database
        self._clock = clock
        self._zones = zones
        self._verifying = verifying
        self._page_tokens = page_tokens
        self._name_servers = name_servers

    async def CreateZone(self, request: zones_pb2.CreateZoneRequest, context: Any) -> zones_pb2.CreateZoneResponse:
        wanted = request.zone
        if wanted.name and wanted.name != zone_name(request.parent, request.zone_id):
            raise InvalidField("zone.name is not what parent and zone_id say; leave it out", field="zone.name")
        settings = Wanted(wanted.paused, wanted.display_name, wanted.description)

        def response(zone: Zone) -> zones_pb2.CreateZoneResponse:
            return zones_pb2.CreateZoneResponse(zone=self._message(zone))

        async def create(remember: Remember[zones_pb2.CreateZoneResponse]) -> zones_pb2.CreateZoneResponse:
            made = await self._zones.create(
                request.parent, request.zone_id, settings, lambda zone: remember(response(zone))
            )
            return response(made)

        key = caller.request_key(request)
        return await once(self._database, self._clock, key, zones_pb2.CreateZoneResponse, create)

    async def GetZone(self, request: zones_pb2.GetZoneRequest, context: Any) -> zones_pb2.GetZoneResponse:
        return zones_pb2.GetZoneResponse(zone=self._message(await self._zones.get(request.name)))

    async def ListZones(self, request: zones_pb2.ListZonesRequest, context: Any) -> zones_pb2.ListZonesResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        size = min(request.page_size or LARGEST_PAGE, LARGEST_PAGE)
        zones, cursor = await self._zones.list(request.parent, request.prefix, cursor, size, caller.shown())
        return zones_pb2.ListZonesResponse(
            zones=map(self._message, zones),
            next_page_token=self._page_tokens.seal(request, caller.principal(), cursor),
        )

    async def UpdateZone(self, request: zones_pb2.UpdateZoneRequest, context: Any) -> zones_pb2.UpdateZoneResponse:
        given = request.zone
        mask = set(request.update_mask.paths)
        if "*" in mask:
            mask = set(_CHANGEABLE)
        mask = mask or {name for name in _CHANGEABLE if getattr(given, name)}
        changes = {name: getattr(given, name) for name in mask}
        zone = await self._zones.update(given.name, Wanted(**changes), given.etag)
        return zones_pb2.UpdateZoneResponse(zone=self._message(zone))

    async def DeleteZone(self, request: zones_pb2.DeleteZoneRequest, context: Any) -> zones_pb2.DeleteZoneResponse:
        await self._zones.delete(request.name, request.etag, force=request.force)
        return zones_pb2.DeleteZoneResponse()

    async def VerifyZone(self, request: zones_pb2.VerifyZoneRequest, context: Any) -> zones_pb2.VerifyZoneResponse:
        zone = await self._verifying.verify(request.name, Proof(request.method))
        return zones_pb2.VerifyZoneResponse(zone=self._message(zone))

    def _message(self, zone: Zone) -> zones_pb2.Zone:
        return messages.zone_message(zone, self._name_servers)
