import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from portico.objects.v1 import objects_pb2 as _objects_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Upload(_message.Message):
    __slots__ = ("name", "upload_id", "create_time", "principal", "checksum_algorithm", "checksum_type", "abort_time", "abort_rule_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_TYPE_FIELD_NUMBER: _ClassVar[int]
    ABORT_TIME_FIELD_NUMBER: _ClassVar[int]
    ABORT_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    upload_id: str
    create_time: _timestamp_pb2.Timestamp
    principal: str
    checksum_algorithm: _objects_pb2.ChecksumAlgorithm
    checksum_type: _objects_pb2.ChecksumType
    abort_time: _timestamp_pb2.Timestamp
    abort_rule_id: str
    def __init__(self, name: _Optional[str] = ..., upload_id: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., principal: _Optional[str] = ..., checksum_algorithm: _Optional[_Union[_objects_pb2.ChecksumAlgorithm, str]] = ..., checksum_type: _Optional[_Union[_objects_pb2.ChecksumType, str]] = ..., abort_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., abort_rule_id: _Optional[str] = ...) -> None: ...

class CreateMultipartUploadRequest(_message.Message):
    __slots__ = ("name", "metadata", "checksum_algorithm", "checksum_type", "tags", "retention", "legal_hold", "request_id")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_TYPE_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    LEGAL_HOLD_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    metadata: _objects_pb2.ObjectMetadata
    checksum_algorithm: _objects_pb2.ChecksumAlgorithm
    checksum_type: _objects_pb2.ChecksumType
    tags: _containers.ScalarMap[str, str]
    retention: _objects_pb2.Retention
    legal_hold: bool
    request_id: str
    def __init__(self, name: _Optional[str] = ..., metadata: _Optional[_Union[_objects_pb2.ObjectMetadata, _Mapping]] = ..., checksum_algorithm: _Optional[_Union[_objects_pb2.ChecksumAlgorithm, str]] = ..., checksum_type: _Optional[_Union[_objects_pb2.ChecksumType, str]] = ..., tags: _Optional[_Mapping[str, str]] = ..., retention: _Optional[_Union[_objects_pb2.Retention, _Mapping]] = ..., legal_hold: _Optional[bool] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateMultipartUploadResponse(_message.Message):
    __slots__ = ("upload",)
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    upload: Upload
    def __init__(self, upload: _Optional[_Union[Upload, _Mapping]] = ...) -> None: ...

class UploadPartRequest(_message.Message):
    __slots__ = ("name", "data", "upload_id", "part_number", "checksums", "content_sha256", "size_bytes", "checksum_algorithms", "only_upload_algorithm")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    PART_NUMBER_FIELD_NUMBER: _ClassVar[int]
    CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_SHA256_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_ALGORITHMS_FIELD_NUMBER: _ClassVar[int]
    ONLY_UPLOAD_ALGORITHM_FIELD_NUMBER: _ClassVar[int]
    name: str
    data: _httpbody_pb2.HttpBody
    upload_id: str
    part_number: int
    checksums: _objects_pb2.Checksums
    content_sha256: bytes
    size_bytes: int
    checksum_algorithms: _containers.RepeatedScalarFieldContainer[_objects_pb2.ChecksumAlgorithm]
    only_upload_algorithm: bool
    def __init__(self, name: _Optional[str] = ..., data: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ..., upload_id: _Optional[str] = ..., part_number: _Optional[int] = ..., checksums: _Optional[_Union[_objects_pb2.Checksums, _Mapping]] = ..., content_sha256: _Optional[bytes] = ..., size_bytes: _Optional[int] = ..., checksum_algorithms: _Optional[_Iterable[_Union[_objects_pb2.ChecksumAlgorithm, str]]] = ..., only_upload_algorithm: _Optional[bool] = ...) -> None: ...

class UploadPartResponse(_message.Message):
    __slots__ = ("part",)
    PART_FIELD_NUMBER: _ClassVar[int]
    part: _objects_pb2.ObjectPart
    def __init__(self, part: _Optional[_Union[_objects_pb2.ObjectPart, _Mapping]] = ...) -> None: ...

class CopyPartRequest(_message.Message):
    __slots__ = ("name", "upload_id", "part_number", "source", "source_version_id", "source_offset_bytes", "source_limit_bytes", "source_conditions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    PART_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    upload_id: str
    part_number: int
    source: str
    source_version_id: str
    source_offset_bytes: int
    source_limit_bytes: int
    source_conditions: _objects_pb2.Conditions
    def __init__(self, name: _Optional[str] = ..., upload_id: _Optional[str] = ..., part_number: _Optional[int] = ..., source: _Optional[str] = ..., source_version_id: _Optional[str] = ..., source_offset_bytes: _Optional[int] = ..., source_limit_bytes: _Optional[int] = ..., source_conditions: _Optional[_Union[_objects_pb2.Conditions, _Mapping]] = ...) -> None: ...

class CopyPartResponse(_message.Message):
    __slots__ = ("part", "source_version_id")
    PART_FIELD_NUMBER: _ClassVar[int]
    SOURCE_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    part: _objects_pb2.ObjectPart
    source_version_id: str
    def __init__(self, part: _Optional[_Union[_objects_pb2.ObjectPart, _Mapping]] = ..., source_version_id: _Optional[str] = ...) -> None: ...

class ListPartsRequest(_message.Message):
    __slots__ = ("parent", "upload_id", "page_size", "page_token", "start_after")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_FIELD_NUMBER: _ClassVar[int]
    parent: str
    upload_id: str
    page_size: int
    page_token: str
    start_after: int
    def __init__(self, parent: _Optional[str] = ..., upload_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., start_after: _Optional[int] = ...) -> None: ...

class ListPartsResponse(_message.Message):
    __slots__ = ("parts", "next_page_token", "upload")
    PARTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[_objects_pb2.ObjectPart]
    next_page_token: str
    upload: Upload
    def __init__(self, parts: _Optional[_Iterable[_Union[_objects_pb2.ObjectPart, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., upload: _Optional[_Union[Upload, _Mapping]] = ...) -> None: ...

class ListMultipartUploadsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "prefix", "delimiter", "start_after", "start_after_upload_id", "start_behind_prefix")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    DELIMITER_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    START_BEHIND_PREFIX_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    prefix: str
    delimiter: str
    start_after: str
    start_after_upload_id: str
    start_behind_prefix: bool
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ..., delimiter: _Optional[str] = ..., start_after: _Optional[str] = ..., start_after_upload_id: _Optional[str] = ..., start_behind_prefix: _Optional[bool] = ...) -> None: ...

class ListMultipartUploadsResponse(_message.Message):
    __slots__ = ("uploads", "prefixes", "next_page_token")
    UPLOADS_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    uploads: _containers.RepeatedCompositeFieldContainer[Upload]
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    def __init__(self, uploads: _Optional[_Iterable[_Union[Upload, _Mapping]]] = ..., prefixes: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CompleteMultipartUploadRequest(_message.Message):
    __slots__ = ("name", "upload_id", "parts", "conditions", "checksums", "size_bytes", "part_checksums_needed")
    class Part(_message.Message):
        __slots__ = ("number", "etag", "checksums")
        NUMBER_FIELD_NUMBER: _ClassVar[int]
        ETAG_FIELD_NUMBER: _ClassVar[int]
        CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
        number: int
        etag: str
        checksums: _objects_pb2.Checksums
        def __init__(self, number: _Optional[int] = ..., etag: _Optional[str] = ..., checksums: _Optional[_Union[_objects_pb2.Checksums, _Mapping]] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    PART_CHECKSUMS_NEEDED_FIELD_NUMBER: _ClassVar[int]
    name: str
    upload_id: str
    parts: _containers.RepeatedCompositeFieldContainer[CompleteMultipartUploadRequest.Part]
    conditions: _objects_pb2.Conditions
    checksums: _objects_pb2.Checksums
    size_bytes: int
    part_checksums_needed: bool
    def __init__(self, name: _Optional[str] = ..., upload_id: _Optional[str] = ..., parts: _Optional[_Iterable[_Union[CompleteMultipartUploadRequest.Part, _Mapping]]] = ..., conditions: _Optional[_Union[_objects_pb2.Conditions, _Mapping]] = ..., checksums: _Optional[_Union[_objects_pb2.Checksums, _Mapping]] = ..., size_bytes: _Optional[int] = ..., part_checksums_needed: _Optional[bool] = ...) -> None: ...

class CompleteMultipartUploadResponse(_message.Message):
    __slots__ = ("object",)
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    object: _objects_pb2.Object
    def __init__(self, object: _Optional[_Union[_objects_pb2.Object, _Mapping]] = ...) -> None: ...

class AbortMultipartUploadRequest(_message.Message):
    __slots__ = ("name", "upload_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UPLOAD_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    upload_id: str
    def __init__(self, name: _Optional[str] = ..., upload_id: _Optional[str] = ...) -> None: ...

class AbortMultipartUploadResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
