import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.api import httpbody_pb2 as _httpbody_pb2
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

class ChecksumAlgorithm(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECKSUM_ALGORITHM_UNSPECIFIED: _ClassVar[ChecksumAlgorithm]
    CHECKSUM_ALGORITHM_SHA1: _ClassVar[ChecksumAlgorithm]
    CHECKSUM_ALGORITHM_SHA256: _ClassVar[ChecksumAlgorithm]
    CHECKSUM_ALGORITHM_CRC32: _ClassVar[ChecksumAlgorithm]
    CHECKSUM_ALGORITHM_CRC32C: _ClassVar[ChecksumAlgorithm]
    CHECKSUM_ALGORITHM_CRC64NVME: _ClassVar[ChecksumAlgorithm]

class ChecksumType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHECKSUM_TYPE_UNSPECIFIED: _ClassVar[ChecksumType]
    CHECKSUM_TYPE_FULL_OBJECT: _ClassVar[ChecksumType]
    CHECKSUM_TYPE_COMPOSITE: _ClassVar[ChecksumType]

class RetentionMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RETENTION_MODE_UNSPECIFIED: _ClassVar[RetentionMode]
    RETENTION_MODE_GOVERNANCE: _ClassVar[RetentionMode]
    RETENTION_MODE_COMPLIANCE: _ClassVar[RetentionMode]
CHECKSUM_ALGORITHM_UNSPECIFIED: ChecksumAlgorithm
CHECKSUM_ALGORITHM_SHA1: ChecksumAlgorithm
CHECKSUM_ALGORITHM_SHA256: ChecksumAlgorithm
CHECKSUM_ALGORITHM_CRC32: ChecksumAlgorithm
CHECKSUM_ALGORITHM_CRC32C: ChecksumAlgorithm
CHECKSUM_ALGORITHM_CRC64NVME: ChecksumAlgorithm
CHECKSUM_TYPE_UNSPECIFIED: ChecksumType
CHECKSUM_TYPE_FULL_OBJECT: ChecksumType
CHECKSUM_TYPE_COMPOSITE: ChecksumType
RETENTION_MODE_UNSPECIFIED: RetentionMode
RETENTION_MODE_GOVERNANCE: RetentionMode
RETENTION_MODE_COMPLIANCE: RetentionMode

class Retention(_message.Message):
    __slots__ = ("mode", "retain_until_time")
    MODE_FIELD_NUMBER: _ClassVar[int]
    RETAIN_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    mode: RetentionMode
    retain_until_time: _timestamp_pb2.Timestamp
    def __init__(self, mode: _Optional[_Union[RetentionMode, str]] = ..., retain_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Checksums(_message.Message):
    __slots__ = ("md5", "sha1", "sha256", "crc32", "crc32c", "crc64nvme", "type")
    MD5_FIELD_NUMBER: _ClassVar[int]
    SHA1_FIELD_NUMBER: _ClassVar[int]
    SHA256_FIELD_NUMBER: _ClassVar[int]
    CRC32_FIELD_NUMBER: _ClassVar[int]
    CRC32C_FIELD_NUMBER: _ClassVar[int]
    CRC64NVME_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    md5: bytes
    sha1: bytes
    sha256: bytes
    crc32: bytes
    crc32c: bytes
    crc64nvme: bytes
    type: ChecksumType
    def __init__(self, md5: _Optional[bytes] = ..., sha1: _Optional[bytes] = ..., sha256: _Optional[bytes] = ..., crc32: _Optional[bytes] = ..., crc32c: _Optional[bytes] = ..., crc64nvme: _Optional[bytes] = ..., type: _Optional[_Union[ChecksumType, str]] = ...) -> None: ...

class ObjectMetadata(_message.Message):
    __slots__ = ("content_type", "content_encoding", "content_disposition", "content_language", "cache_control", "expires", "custom")
    class CustomEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    CONTENT_ENCODING_FIELD_NUMBER: _ClassVar[int]
    CONTENT_DISPOSITION_FIELD_NUMBER: _ClassVar[int]
    CONTENT_LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    CACHE_CONTROL_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    content_type: str
    content_encoding: str
    content_disposition: str
    content_language: str
    cache_control: str
    expires: str
    custom: _containers.ScalarMap[str, str]
    def __init__(self, content_type: _Optional[str] = ..., content_encoding: _Optional[str] = ..., content_disposition: _Optional[str] = ..., content_language: _Optional[str] = ..., cache_control: _Optional[str] = ..., expires: _Optional[str] = ..., custom: _Optional[_Mapping[str, str]] = ...) -> None: ...

class Conditions(_message.Message):
    __slots__ = ("if_match", "if_none_match", "if_modified_since", "if_unmodified_since")
    IF_MATCH_FIELD_NUMBER: _ClassVar[int]
    IF_NONE_MATCH_FIELD_NUMBER: _ClassVar[int]
    IF_MODIFIED_SINCE_FIELD_NUMBER: _ClassVar[int]
    IF_UNMODIFIED_SINCE_FIELD_NUMBER: _ClassVar[int]
    if_match: _containers.RepeatedScalarFieldContainer[str]
    if_none_match: _containers.RepeatedScalarFieldContainer[str]
    if_modified_since: _timestamp_pb2.Timestamp
    if_unmodified_since: _timestamp_pb2.Timestamp
    def __init__(self, if_match: _Optional[_Iterable[str]] = ..., if_none_match: _Optional[_Iterable[str]] = ..., if_modified_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., if_unmodified_since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Object(_message.Message):
    __slots__ = ("name", "version_id", "etag", "size_bytes", "create_time", "metadata", "checksums", "delete_marker", "latest", "tags", "retention", "legal_hold", "parts_count", "expire_time", "expire_rule_id")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
    DELETE_MARKER_FIELD_NUMBER: _ClassVar[int]
    LATEST_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    LEGAL_HOLD_FIELD_NUMBER: _ClassVar[int]
    PARTS_COUNT_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_RULE_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    version_id: str
    etag: str
    size_bytes: int
    create_time: _timestamp_pb2.Timestamp
    metadata: ObjectMetadata
    checksums: Checksums
    delete_marker: bool
    latest: bool
    tags: _containers.ScalarMap[str, str]
    retention: Retention
    legal_hold: bool
    parts_count: int
    expire_time: _timestamp_pb2.Timestamp
    expire_rule_id: str
    def __init__(self, name: _Optional[str] = ..., version_id: _Optional[str] = ..., etag: _Optional[str] = ..., size_bytes: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Union[ObjectMetadata, _Mapping]] = ..., checksums: _Optional[_Union[Checksums, _Mapping]] = ..., delete_marker: _Optional[bool] = ..., latest: _Optional[bool] = ..., tags: _Optional[_Mapping[str, str]] = ..., retention: _Optional[_Union[Retention, _Mapping]] = ..., legal_hold: _Optional[bool] = ..., parts_count: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_rule_id: _Optional[str] = ...) -> None: ...

class PutObjectRequest(_message.Message):
    __slots__ = ("name", "data", "metadata", "checksums", "conditions", "size_bytes", "request_id", "checksum_algorithms", "content_sha256", "tags", "retention", "legal_hold")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_ALGORITHMS_FIELD_NUMBER: _ClassVar[int]
    CONTENT_SHA256_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    LEGAL_HOLD_FIELD_NUMBER: _ClassVar[int]
    name: str
    data: _httpbody_pb2.HttpBody
    metadata: ObjectMetadata
    checksums: Checksums
    conditions: Conditions
    size_bytes: int
    request_id: str
    checksum_algorithms: _containers.RepeatedScalarFieldContainer[ChecksumAlgorithm]
    content_sha256: bytes
    tags: _containers.ScalarMap[str, str]
    retention: Retention
    legal_hold: bool
    def __init__(self, name: _Optional[str] = ..., data: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ..., metadata: _Optional[_Union[ObjectMetadata, _Mapping]] = ..., checksums: _Optional[_Union[Checksums, _Mapping]] = ..., conditions: _Optional[_Union[Conditions, _Mapping]] = ..., size_bytes: _Optional[int] = ..., request_id: _Optional[str] = ..., checksum_algorithms: _Optional[_Iterable[_Union[ChecksumAlgorithm, str]]] = ..., content_sha256: _Optional[bytes] = ..., tags: _Optional[_Mapping[str, str]] = ..., retention: _Optional[_Union[Retention, _Mapping]] = ..., legal_hold: _Optional[bool] = ...) -> None: ...

class PutObjectResponse(_message.Message):
    __slots__ = ("object",)
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    object: Object
    def __init__(self, object: _Optional[_Union[Object, _Mapping]] = ...) -> None: ...

class GetObjectRequest(_message.Message):
    __slots__ = ("name", "version_id", "offset_bytes", "limit_bytes", "conditions", "part_number")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    LIMIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    PART_NUMBER_FIELD_NUMBER: _ClassVar[int]
    name: str
    version_id: str
    offset_bytes: int
    limit_bytes: int
    conditions: Conditions
    part_number: int
    def __init__(self, name: _Optional[str] = ..., version_id: _Optional[str] = ..., offset_bytes: _Optional[int] = ..., limit_bytes: _Optional[int] = ..., conditions: _Optional[_Union[Conditions, _Mapping]] = ..., part_number: _Optional[int] = ...) -> None: ...

class GetObjectResponse(_message.Message):
    __slots__ = ("data", "object", "offset_bytes", "length_bytes")
    DATA_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    LENGTH_BYTES_FIELD_NUMBER: _ClassVar[int]
    data: _httpbody_pb2.HttpBody
    object: Object
    offset_bytes: int
    length_bytes: int
    def __init__(self, data: _Optional[_Union[_httpbody_pb2.HttpBody, _Mapping]] = ..., object: _Optional[_Union[Object, _Mapping]] = ..., offset_bytes: _Optional[int] = ..., length_bytes: _Optional[int] = ...) -> None: ...

class HeadObjectRequest(_message.Message):
    __slots__ = ("name", "version_id", "conditions", "part_number")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    PART_NUMBER_FIELD_NUMBER: _ClassVar[int]
    name: str
    version_id: str
    conditions: Conditions
    part_number: int
    def __init__(self, name: _Optional[str] = ..., version_id: _Optional[str] = ..., conditions: _Optional[_Union[Conditions, _Mapping]] = ..., part_number: _Optional[int] = ...) -> None: ...

class HeadObjectResponse(_message.Message):
    __slots__ = ("object", "part_size_bytes", "part_offset_bytes")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    PART_SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    PART_OFFSET_BYTES_FIELD_NUMBER: _ClassVar[int]
    object: Object
    part_size_bytes: int
    part_offset_bytes: int
    def __init__(self, object: _Optional[_Union[Object, _Mapping]] = ..., part_size_bytes: _Optional[int] = ..., part_offset_bytes: _Optional[int] = ...) -> None: ...

class ListObjectsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "prefix", "delimiter", "start_after", "start_behind_prefix")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    DELIMITER_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_FIELD_NUMBER: _ClassVar[int]
    START_BEHIND_PREFIX_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    prefix: str
    delimiter: str
    start_after: str
    start_behind_prefix: bool
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ..., delimiter: _Optional[str] = ..., start_after: _Optional[str] = ..., start_behind_prefix: _Optional[bool] = ...) -> None: ...

class ListObjectsResponse(_message.Message):
    __slots__ = ("objects", "prefixes", "next_page_token")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[Object]
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    def __init__(self, objects: _Optional[_Iterable[_Union[Object, _Mapping]]] = ..., prefixes: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListObjectVersionsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "prefix", "delimiter", "start_after", "start_after_version_id", "start_behind_prefix")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    DELIMITER_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    START_BEHIND_PREFIX_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    prefix: str
    delimiter: str
    start_after: str
    start_after_version_id: str
    start_behind_prefix: bool
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ..., delimiter: _Optional[str] = ..., start_after: _Optional[str] = ..., start_after_version_id: _Optional[str] = ..., start_behind_prefix: _Optional[bool] = ...) -> None: ...

class ListObjectVersionsResponse(_message.Message):
    __slots__ = ("objects", "next_page_token", "prefixes")
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIXES_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[Object]
    next_page_token: str
    prefixes: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, objects: _Optional[_Iterable[_Union[Object, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., prefixes: _Optional[_Iterable[str]] = ...) -> None: ...

class DeleteObjectRequest(_message.Message):
    __slots__ = ("name", "version_id", "conditions", "request_id", "bypass_governance")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BYPASS_GOVERNANCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    version_id: str
    conditions: Conditions
    request_id: str
    bypass_governance: bool
    def __init__(self, name: _Optional[str] = ..., version_id: _Optional[str] = ..., conditions: _Optional[_Union[Conditions, _Mapping]] = ..., request_id: _Optional[str] = ..., bypass_governance: _Optional[bool] = ...) -> None: ...

class DeleteObjectResponse(_message.Message):
    __slots__ = ("version_id", "delete_marker")
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_MARKER_FIELD_NUMBER: _ClassVar[int]
    version_id: str
    delete_marker: bool
    def __init__(self, version_id: _Optional[str] = ..., delete_marker: _Optional[bool] = ...) -> None: ...

class DeleteObjectsRequest(_message.Message):
    __slots__ = ("parent", "objects", "request_id", "bypass_governance")
    class Entry(_message.Message):
        __slots__ = ("name", "version_id")
        NAME_FIELD_NUMBER: _ClassVar[int]
        VERSION_ID_FIELD_NUMBER: _ClassVar[int]
        name: str
        version_id: str
        def __init__(self, name: _Optional[str] = ..., version_id: _Optional[str] = ...) -> None: ...
    PARENT_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BYPASS_GOVERNANCE_FIELD_NUMBER: _ClassVar[int]
    parent: str
    objects: _containers.RepeatedCompositeFieldContainer[DeleteObjectsRequest.Entry]
    request_id: str
    bypass_governance: bool
    def __init__(self, parent: _Optional[str] = ..., objects: _Optional[_Iterable[_Union[DeleteObjectsRequest.Entry, _Mapping]]] = ..., request_id: _Optional[str] = ..., bypass_governance: _Optional[bool] = ...) -> None: ...

class DeleteObjectsResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[DeleteObjectResponse]
    def __init__(self, results: _Optional[_Iterable[_Union[DeleteObjectResponse, _Mapping]]] = ...) -> None: ...

class CopyObjectRequest(_message.Message):
    __slots__ = ("name", "source", "source_version_id", "metadata", "source_conditions", "conditions", "request_id", "checksum_algorithms", "tags", "replace_tags", "retention", "legal_hold")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    SOURCE_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    SOURCE_CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_ALGORITHMS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    REPLACE_TAGS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    LEGAL_HOLD_FIELD_NUMBER: _ClassVar[int]
    name: str
    source: str
    source_version_id: str
    metadata: ObjectMetadata
    source_conditions: Conditions
    conditions: Conditions
    request_id: str
    checksum_algorithms: _containers.RepeatedScalarFieldContainer[ChecksumAlgorithm]
    tags: _containers.ScalarMap[str, str]
    replace_tags: bool
    retention: Retention
    legal_hold: bool
    def __init__(self, name: _Optional[str] = ..., source: _Optional[str] = ..., source_version_id: _Optional[str] = ..., metadata: _Optional[_Union[ObjectMetadata, _Mapping]] = ..., source_conditions: _Optional[_Union[Conditions, _Mapping]] = ..., conditions: _Optional[_Union[Conditions, _Mapping]] = ..., request_id: _Optional[str] = ..., checksum_algorithms: _Optional[_Iterable[_Union[ChecksumAlgorithm, str]]] = ..., tags: _Optional[_Mapping[str, str]] = ..., replace_tags: _Optional[bool] = ..., retention: _Optional[_Union[Retention, _Mapping]] = ..., legal_hold: _Optional[bool] = ...) -> None: ...

class CopyObjectResponse(_message.Message):
    __slots__ = ("object", "source_version_id")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    object: Object
    source_version_id: str
    def __init__(self, object: _Optional[_Union[Object, _Mapping]] = ..., source_version_id: _Optional[str] = ...) -> None: ...

class UpdateObjectRequest(_message.Message):
    __slots__ = ("name", "version_id", "tags", "retention", "legal_hold", "update_mask", "bypass_governance")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    LEGAL_HOLD_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    BYPASS_GOVERNANCE_FIELD_NUMBER: _ClassVar[int]
    name: str
    version_id: str
    tags: _containers.ScalarMap[str, str]
    retention: Retention
    legal_hold: bool
    update_mask: _field_mask_pb2.FieldMask
    bypass_governance: bool
    def __init__(self, name: _Optional[str] = ..., version_id: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., retention: _Optional[_Union[Retention, _Mapping]] = ..., legal_hold: _Optional[bool] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., bypass_governance: _Optional[bool] = ...) -> None: ...

class UpdateObjectResponse(_message.Message):
    __slots__ = ("object",)
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    object: Object
    def __init__(self, object: _Optional[_Union[Object, _Mapping]] = ...) -> None: ...

class ListObjectPartsRequest(_message.Message):
    __slots__ = ("parent", "version_id", "page_size", "page_token", "start_after")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_FIELD_NUMBER: _ClassVar[int]
    parent: str
    version_id: str
    page_size: int
    page_token: str
    start_after: int
    def __init__(self, parent: _Optional[str] = ..., version_id: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., start_after: _Optional[int] = ...) -> None: ...

class ListObjectPartsResponse(_message.Message):
    __slots__ = ("parts", "next_page_token", "object")
    PARTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    parts: _containers.RepeatedCompositeFieldContainer[ObjectPart]
    next_page_token: str
    object: Object
    def __init__(self, parts: _Optional[_Iterable[_Union[ObjectPart, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., object: _Optional[_Union[Object, _Mapping]] = ...) -> None: ...

class ObjectPart(_message.Message):
    __slots__ = ("number", "size_bytes", "etag", "checksums", "create_time")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    CHECKSUMS_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    number: int
    size_bytes: int
    etag: str
    checksums: Checksums
    create_time: _timestamp_pb2.Timestamp
    def __init__(self, number: _Optional[int] = ..., size_bytes: _Optional[int] = ..., etag: _Optional[str] = ..., checksums: _Optional[_Union[Checksums, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
