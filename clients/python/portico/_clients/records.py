"""DNS records of zones. A zone is given by its domain or full name, a record by its full name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from google.protobuf.field_mask_pb2 import FieldMask

from portico._methods import method
from portico._names import name_of, text
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps
from portico.dns.v1 import records_pb2
from portico.dns.v1.records_pb2 import (
    BatchUpdateRecordsResponse,
    ImportMode,
    ImportZoneFileResponse,
    Record,
    RecordType,
)

_SERVICE = "/portico.dns.v1.RecordService/"
_CREATE_RECORD = method(_SERVICE + "CreateRecord", records_pb2.CreateRecordResponse)
_GET_RECORD = method(_SERVICE + "GetRecord", records_pb2.GetRecordResponse)
_LIST_RECORDS = method(_SERVICE + "ListRecords", records_pb2.ListRecordsResponse)
_UPDATE_RECORD = method(_SERVICE + "UpdateRecord", records_pb2.UpdateRecordResponse)
_DELETE_RECORD = method(_SERVICE + "DeleteRecord", records_pb2.DeleteRecordResponse)
_BATCH = method(_SERVICE + "BatchUpdateRecords", records_pb2.BatchUpdateRecordsResponse)
_IMPORT = method(_SERVICE + "ImportZoneFile", records_pb2.ImportZoneFileResponse)
_EXPORT = method(_SERVICE + "ExportZoneFile", records_pb2.ExportZoneFileResponse)
_ANY_TYPE = RecordType.RECORD_TYPE_UNSPECIFIED


class _Records(Service):
    @operation
    def create(self, zone: str, record: Record) -> Steps[Record]:
        """Creates a record: `create("example.com", Record(domain_name="www.example.com", a="192.0.2.1"))`.

        Raises AlreadyExists, FailedPrecondition (`CNAME_NOT_ALONE`), InvalidArgument, ResourceExhausted.
        """
        request = records_pb2.CreateRecordRequest(parent=self._zone(zone), record=record)
        response = yield from self.session.call(_CREATE_RECORD, request)
        return response.record

    @operation
    def get(self, name: str) -> Steps[Record]:
        """Answers a record. Raises NotFound."""
        response = yield from self.session.call(_GET_RECORD, records_pb2.GetRecordRequest(name=text(name)))
        return response.record

    @listing
    def list(
        self, zone: str, *, type: RecordType = _ANY_TYPE, domain_name: str = "", page_size: int = 0
    ) -> Paging[Record, records_pb2.ListRecordsResponse]:
        """All records of the zone that the caller may see; only those of a type, and of exactly a name (`@`: the
        zone's own)."""
        request = records_pb2.ListRecordsRequest(
            parent=self._zone(zone), type=type, domain_name=text(domain_name), page_size=page_size
        )
        return Paging(_LIST_RECORDS, request, "records")

    @operation
    def update(self, record: Record, *, fields: Sequence[str] = ()) -> Steps[Record]:
        """Changes the record of that name: the `fields` that are named, or else those that are set; answers it.

        With an `etag` in it, raises Aborted if somebody changed it meanwhile.
        """
        request = records_pb2.UpdateRecordRequest(record=record, update_mask=FieldMask(paths=fields))
        response = yield from self.session.call(_UPDATE_RECORD, request)
        return response.record

    @operation
    def delete(self, name: str, *, etag: str = "") -> Steps[None]:
        """Deletes a record. Raises NotFound, and with an `etag` Aborted."""
        yield from self.session.call(_DELETE_RECORD, records_pb2.DeleteRecordRequest(name=text(name), etag=etag))

    @operation
    def batch(
        self,
        zone: str,
        *,
        creates: Iterable[Record] = (),
        updates: Iterable[Record] = (),
        deletes: Iterable[str] = (),
    ) -> Steps[BatchUpdateRecordsResponse]:
        """Deletes, changes and creates records in one step, all or none. Of the changed ones the set fields count."""
        request = records_pb2.BatchUpdateRecordsRequest(
            parent=self._zone(zone),
            creates=creates,
            updates=[records_pb2.UpdateRecordRequest(record=record) for record in updates],
            deletes=[records_pb2.DeleteRecordRequest(name=text(name)) for name in deletes],
        )
        return (yield from self.session.call(_BATCH, request))

    @operation
    def import_file(
        self, zone: str, zone_file: str, *, replace: bool = False, dry_run: bool = False
    ) -> Steps[ImportZoneFileResponse]:
        """Reads the text of a zone file into the zone, all of it or nothing; answers what has changed.

        Args:
            replace: delete what the zone has and the file lacks.
            dry_run: say what would change, and change nothing.

        Raises:
            InvalidArgument (`INVALID_ZONE_FILE`), which names the line.
        """
        mode = ImportMode.IMPORT_MODE_REPLACE if replace else ImportMode.IMPORT_MODE_ADD
        request = records_pb2.ImportZoneFileRequest(
            parent=self._zone(zone), zone_file=text(zone_file), mode=mode, dry_run=dry_run
        )
        return (yield from self.session.call(_IMPORT, request))

    @operation
    def export_file(self, zone: str) -> Steps[str]:
        """The zone as the text of a zone file. Raises NotFound, FailedPrecondition (`ZONE_FILE_TOO_LARGE`)."""
        response = yield from self.session.call(_EXPORT, records_pb2.ExportZoneFileRequest(parent=self._zone(zone)))
        return response.zone_file

    def _zone(self, given: str) -> str:
        return name_of(self.session.account, "zones", given)


class Records(_Records, SyncService):
    """DNS records, for threads."""


class AsyncRecords(_Records, AsyncService):
    """DNS records, for asyncio."""
