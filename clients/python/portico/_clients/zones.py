"""Zones: domains under an account. A zone is given by its domain, or by its full name for another account's."""

from __future__ import annotations

from portico._methods import method
from portico._names import name_of
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps
from portico.dns.v1 import zones_pb2
from portico.dns.v1.zones_pb2 import VerificationMethod, Zone

_SERVICE = "/portico.dns.v1.ZoneService/"
_CREATE_ZONE = method(_SERVICE + "CreateZone", zones_pb2.CreateZoneResponse)
_GET_ZONE = method(_SERVICE + "GetZone", zones_pb2.GetZoneResponse)
_LIST_ZONES = method(_SERVICE + "ListZones", zones_pb2.ListZonesResponse)
_UPDATE_ZONE = method(_SERVICE + "UpdateZone", zones_pb2.UpdateZoneResponse)
_DELETE_ZONE = method(_SERVICE + "DeleteZone", zones_pb2.DeleteZoneResponse)
_VERIFY_ZONE = method(_SERVICE + "VerifyZone", zones_pb2.VerifyZoneResponse)
_ANY_PROOF = VerificationMethod.VERIFICATION_METHOD_UNSPECIFIED


class _Zones(Service):
    @operation
    def create(self, zone: str, settings: Zone | None = None) -> Steps[Zone]:
        """Creates a zone, pending until it is verified; answers it with the token of its challenge.

        Raises AlreadyExists, InvalidArgument for what is no domain, ResourceExhausted.
        """
        parent, _, domain = name_of(self.session.account, "zones", zone).partition("/zones/")
        request = zones_pb2.CreateZoneRequest(parent=parent, zone_id=domain, zone=settings or Zone())
        response = yield from self.session.call(_CREATE_ZONE, request)
        return response.zone

    @operation
    def get(self, zone: str) -> Steps[Zone]:
        """Answers a zone. Raises NotFound."""
        request = zones_pb2.GetZoneRequest(name=name_of(self.session.account, "zones", zone))
        response = yield from self.session.call(_GET_ZONE, request)
        return response.zone

    @listing
    def list(
        self, *, prefix: str = "", account: str = "", page_size: int = 0
    ) -> Paging[Zone, zones_pb2.ListZonesResponse]:
        """All zones of the account that the caller may see, by domain; with `prefix` those that begin with it."""
        parent = f"accounts/{account}" if account else self.session.account
        request = zones_pb2.ListZonesRequest(parent=parent, prefix=prefix, page_size=page_size)
        return Paging(_LIST_ZONES, request, "zones")

    @operation
    def update(
        self,
        zone: str,
        *,
        paused: bool | None = None,
        display_name: str | None = None,
        description: str | None = None,
        etag: str = "",
    ) -> Steps[Zone]:
        """Changes what is given; answers the zone. With `etag`, raises Aborted if somebody changed it meanwhile."""
        request = zones_pb2.UpdateZoneRequest()
        request.zone.name = name_of(self.session.account, "zones", zone)
        request.zone.etag = etag
        for field, value in (("paused", paused), ("display_name", display_name), ("description", description)):
            if value is not None:
                setattr(request.zone, field, value)
                request.update_mask.paths.append(field)
        response = yield from self.session.call(_UPDATE_ZONE, request)
        return response.zone

    @operation
    def delete(self, zone: str, *, force: bool = False, etag: str = "") -> Steps[None]:
        """Deletes a zone; with `force` its records too. Nothing brings them back.

        Raises NotFound, FailedPrecondition (`ZONE_NOT_EMPTY`), and with an `etag` Aborted.
        """
        name = name_of(self.session.account, "zones", zone)
        yield from self.session.call(_DELETE_ZONE, zones_pb2.DeleteZoneRequest(name=name, force=force, etag=etag))

    @operation
    def verify(self, zone: str, *, proof: VerificationMethod = _ANY_PROOF) -> Steps[Zone]:
        """Has the DNS asked whether the domain is the account's; answers the zone, active then.

        Raises NotFound, FailedPrecondition (`ZONE_NOT_VERIFIED`, `TXT_RECORD_NEEDED`), Unavailable.
        """
        name = name_of(self.session.account, "zones", zone)
        response = yield from self.session.call(_VERIFY_ZONE, zones_pb2.VerifyZoneRequest(name=name, method=proof))
        return response.zone


class Zones(_Zones, SyncService):
    """Zones, for threads."""


class AsyncZones(_Zones, AsyncService):
    """Zones, for asyncio."""
