"""What can go wrong with zones and records, and the code and reason that callers see."""

from __future__ import annotations

from grpc import StatusCode

from portico_server.platform.errors import DomainError, ErrorTable


class ZoneNotFound(DomainError):
    """The account has no such zone."""


class ZoneAlreadyExists(DomainError):
    """The account has a zone of that domain."""


class ZoneNotEmpty(DomainError):
    """It has records."""


class ZoneNotVerified(DomainError):
    """The DNS holds no proof that the domain is the account's."""


class TxtRecordNeeded(DomainError):
    """Another account has a zone of the domain, so delegation proves nothing."""


class ResolverFailed(DomainError):
    """The resolvers did not answer, so nothing is known."""


class TooManyZones(DomainError):
    """The account has as many zones as it may."""


class RecordNotFound(DomainError):
    """The zone has no such record."""


class RecordAlreadyExists(DomainError):
    """The zone has a record that says the same of the same name."""


class CnameNotAlone(DomainError):
    """A CNAME would stand beside another record."""


class TooManyRecords(DomainError):
    """The zone, or one name in it, has as many records as it may."""


class Changed(DomainError):
    """The zone or record is not in the state that the caller saw."""


class Contention(DomainError):
    """Others changed the zone's records each time between the look at them and the write."""


class InvalidField(DomainError):
    """A field of the request cannot be what it is; `field` says which."""


class InvalidZoneFile(DomainError):
    """A line of a zone file cannot be used; the metadata names it."""


class ZoneFileTooLarge(DomainError):
    """The zone's records make a file that does not fit into a message."""


class PermissionMissing(DomainError):
    """Which permissions a change needs depends on what it does; the caller lacks one."""


ERRORS: ErrorTable = {
    ZoneNotFound: (StatusCode.NOT_FOUND, "ZONE_NOT_FOUND"),
    ZoneAlreadyExists: (StatusCode.ALREADY_EXISTS, "ZONE_ALREADY_EXISTS"),
    ZoneNotEmpty: (StatusCode.FAILED_PRECONDITION, "ZONE_NOT_EMPTY"),
    ZoneNotVerified: (StatusCode.FAILED_PRECONDITION, "ZONE_NOT_VERIFIED"),
    TxtRecordNeeded: (StatusCode.FAILED_PRECONDITION, "TXT_RECORD_NEEDED"),
    ResolverFailed: (StatusCode.UNAVAILABLE, "RESOLVER_FAILED"),
    TooManyZones: (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_ZONES"),
    RecordNotFound: (StatusCode.NOT_FOUND, "RECORD_NOT_FOUND"),
    RecordAlreadyExists: (StatusCode.ALREADY_EXISTS, "RECORD_ALREADY_EXISTS"),
    CnameNotAlone: (StatusCode.FAILED_PRECONDITION, "CNAME_NOT_ALONE"),
    TooManyRecords: (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_RECORDS"),
    Changed: (StatusCode.ABORTED, "ETAG_MISMATCH"),
    Contention: (StatusCode.ABORTED, "CONTENDED"),
    InvalidField: (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
    InvalidZoneFile: (StatusCode.INVALID_ARGUMENT, "INVALID_ZONE_FILE"),
    ZoneFileTooLarge: (StatusCode.FAILED_PRECONDITION, "ZONE_FILE_TOO_LARGE"),
    PermissionMissing: (StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"),
}
