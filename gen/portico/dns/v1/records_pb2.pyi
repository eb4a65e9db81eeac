import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecordType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RECORD_TYPE_UNSPECIFIED: _ClassVar[RecordType]
    RECORD_TYPE_A: _ClassVar[RecordType]
    RECORD_TYPE_AAAA: _ClassVar[RecordType]
    RECORD_TYPE_CNAME: _ClassVar[RecordType]
    RECORD_TYPE_MX: _ClassVar[RecordType]
    RECORD_TYPE_TXT: _ClassVar[RecordType]
    RECORD_TYPE_SRV: _ClassVar[RecordType]
    RECORD_TYPE_CAA: _ClassVar[RecordType]
    RECORD_TYPE_NS: _ClassVar[RecordType]

class ImportMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    IMPORT_MODE_UNSPECIFIED: _ClassVar[ImportMode]
    IMPORT_MODE_ADD: _ClassVar[ImportMode]
    IMPORT_MODE_REPLACE: _ClassVar[ImportMode]
RECORD_TYPE_UNSPECIFIED: RecordType
RECORD_TYPE_A: RecordType
RECORD_TYPE_AAAA: RecordType
RECORD_TYPE_CNAME: RecordType
RECORD_TYPE_MX: RecordType
RECORD_TYPE_TXT: RecordType
RECORD_TYPE_SRV: RecordType
RECORD_TYPE_CAA: RecordType
RECORD_TYPE_NS: RecordType
IMPORT_MODE_UNSPECIFIED: ImportMode
IMPORT_MODE_ADD: ImportMode
IMPORT_MODE_REPLACE: ImportMode

class Mx(_message.Message):
    __slots__ = ("preference", "exchange")
    PREFERENCE_FIELD_NUMBER: _ClassVar[int]
    EXCHANGE_FIELD_NUMBER: _ClassVar[int]
    preference: int
    exchange: str
    def __init__(self, preference: _Optional[int] = ..., exchange: _Optional[str] = ...) -> None: ...

class Srv(_message.Message):
    __slots__ = ("priority", "weight", "port", "target")
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    WEIGHT_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    priority: int
    weight: int
    port: int
    target: str
    def __init__(self, priority: _Optional[int] = ..., weight: _Optional[int] = ..., port: _Optional[int] = ..., target: _Optional[str] = ...) -> None: ...

class Caa(_message.Message):
    __slots__ = ("flags", "tag", "value")
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    flags: int
    tag: str
    value: str
    def __init__(self, flags: _Optional[int] = ..., tag: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Record(_message.Message):
    __slots__ = ("name", "create_time", "update_time", "etag", "domain_name", "type", "ttl_seconds", "proxied", "comment", "a", "aaaa", "cname", "mx", "txt", "srv", "caa", "ns")
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_NAME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TTL_SECONDS_FIELD_NUMBER: _ClassVar[int]
    PROXIED_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    A_FIELD_NUMBER: _ClassVar[int]
    AAAA_FIELD_NUMBER: _ClassVar[int]
    CNAME_FIELD_NUMBER: _ClassVar[int]
    MX_FIELD_NUMBER: _ClassVar[int]
    TXT_FIELD_NUMBER: _ClassVar[int]
    SRV_FIELD_NUMBER: _ClassVar[int]
    CAA_FIELD_NUMBER: _ClassVar[int]
    NS_FIELD_NUMBER: _ClassVar[int]
    name: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    domain_name: str
    type: RecordType
    ttl_seconds: int
    proxied: bool
    comment: str
    a: str
    aaaa: str
    cname: str
    mx: Mx
    txt: str
    srv: Srv
    caa: Caa
    ns: str
    def __init__(self, name: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ..., domain_name: _Optional[str] = ..., type: _Optional[_Union[RecordType, str]] = ..., ttl_seconds: _Optional[int] = ..., proxied: _Optional[bool] = ..., comment: _Optional[str] = ..., a: _Optional[str] = ..., aaaa: _Optional[str] = ..., cname: _Optional[str] = ..., mx: _Optional[_Union[Mx, _Mapping]] = ..., txt: _Optional[str] = ..., srv: _Optional[_Union[Srv, _Mapping]] = ..., caa: _Optional[_Union[Caa, _Mapping]] = ..., ns: _Optional[str] = ...) -> None: ...

class CreateRecordRequest(_message.Message):
    __slots__ = ("parent", "record", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    record: Record
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., record: _Optional[_Union[Record, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateRecordResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: Record
    def __init__(self, record: _Optional[_Union[Record, _Mapping]] = ...) -> None: ...

class GetRecordRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetRecordResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: Record
    def __init__(self, record: _Optional[_Union[Record, _Mapping]] = ...) -> None: ...

class ListRecordsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "type", "domain_name")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_NAME_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    type: RecordType
    domain_name: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., type: _Optional[_Union[RecordType, str]] = ..., domain_name: _Optional[str] = ...) -> None: ...

class ListRecordsResponse(_message.Message):
    __slots__ = ("records", "next_page_token")
    RECORDS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    records: _containers.RepeatedCompositeFieldContainer[Record]
    next_page_token: str
    def __init__(self, records: _Optional[_Iterable[_Union[Record, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateRecordRequest(_message.Message):
    __slots__ = ("record", "update_mask")
    RECORD_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    record: Record
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, record: _Optional[_Union[Record, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateRecordResponse(_message.Message):
    __slots__ = ("record",)
    RECORD_FIELD_NUMBER: _ClassVar[int]
    record: Record
    def __init__(self, record: _Optional[_Union[Record, _Mapping]] = ...) -> None: ...

class DeleteRecordRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteRecordResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class BatchUpdateRecordsRequest(_message.Message):
    __slots__ = ("parent", "deletes", "updates", "creates", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    DELETES_FIELD_NUMBER: _ClassVar[int]
    UPDATES_FIELD_NUMBER: _ClassVar[int]
    CREATES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    deletes: _containers.RepeatedCompositeFieldContainer[DeleteRecordRequest]
    updates: _containers.RepeatedCompositeFieldContainer[UpdateRecordRequest]
    creates: _containers.RepeatedCompositeFieldContainer[Record]
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., deletes: _Optional[_Iterable[_Union[DeleteRecordRequest, _Mapping]]] = ..., updates: _Optional[_Iterable[_Union[UpdateRecordRequest, _Mapping]]] = ..., creates: _Optional[_Iterable[_Union[Record, _Mapping]]] = ..., request_id: _Optional[str] = ...) -> None: ...

class BatchUpdateRecordsResponse(_message.Message):
    __slots__ = ("updated", "created")
    UPDATED_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    updated: _containers.RepeatedCompositeFieldContainer[Record]
    created: _containers.RepeatedCompositeFieldContainer[Record]
    def __init__(self, updated: _Optional[_Iterable[_Union[Record, _Mapping]]] = ..., created: _Optional[_Iterable[_Union[Record, _Mapping]]] = ...) -> None: ...

class ImportZoneFileRequest(_message.Message):
    __slots__ = ("parent", "zone_file", "mode", "dry_run", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    ZONE_FILE_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    zone_file: str
    mode: ImportMode
    dry_run: bool
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., zone_file: _Optional[str] = ..., mode: _Optional[_Union[ImportMode, str]] = ..., dry_run: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class ImportZoneFileResponse(_message.Message):
    __slots__ = ("changes", "created_count", "updated_count", "deleted_count", "unchanged_count", "skipped_count")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CREATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_COUNT_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[RecordChange]
    created_count: int
    updated_count: int
    deleted_count: int
    unchanged_count: int
    skipped_count: int
    def __init__(self, changes: _Optional[_Iterable[_Union[RecordChange, _Mapping]]] = ..., created_count: _Optional[int] = ..., updated_count: _Optional[int] = ..., deleted_count: _Optional[int] = ..., unchanged_count: _Optional[int] = ..., skipped_count: _Optional[int] = ...) -> None: ...

class RecordChange(_message.Message):
    __slots__ = ("action", "record", "line")
    class Action(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        ACTION_UNSPECIFIED: _ClassVar[RecordChange.Action]
        ACTION_CREATE: _ClassVar[RecordChange.Action]
        ACTION_UPDATE: _ClassVar[RecordChange.Action]
        ACTION_DELETE: _ClassVar[RecordChange.Action]
    ACTION_UNSPECIFIED: RecordChange.Action
    ACTION_CREATE: RecordChange.Action
    ACTION_UPDATE: RecordChange.Action
    ACTION_DELETE: RecordChange.Action
    ACTION_FIELD_NUMBER: _ClassVar[int]
    RECORD_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    action: RecordChange.Action
    record: Record
    line: int
    def __init__(self, action: _Optional[_Union[RecordChange.Action, str]] = ..., record: _Optional[_Union[Record, _Mapping]] = ..., line: _Optional[int] = ...) -> None: ...

class ExportZoneFileRequest(_message.Message):
    __slots__ = ("parent",)
    PARENT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    def __init__(self, parent: _Optional[str] = ...) -> None: ...

class ExportZoneFileResponse(_message.Message):
    __slots__ = ("zone_file",)
    ZONE_FILE_FIELD_NUMBER: _ClassVar[int]
    zone_file: str
    def __init__(self, zone_file: _Optional[str] = ...) -> None: ...
