import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.longrunning import operations_pb2 as _operations_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from portico.objects.v1 import objects_pb2 as _objects_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Damage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DAMAGE_UNSPECIFIED: _ClassVar[Damage]
    DAMAGE_MISSING: _ClassVar[Damage]
    DAMAGE_LENGTH: _ClassVar[Damage]
    DAMAGE_DIGEST: _ClassVar[Damage]
    DAMAGE_UNREADABLE: _ClassVar[Damage]

class Versioning(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERSIONING_UNSPECIFIED: _ClassVar[Versioning]
    VERSIONING_DISABLED: _ClassVar[Versioning]
    VERSIONING_ENABLED: _ClassVar[Versioning]
    VERSIONING_SUSPENDED: _ClassVar[Versioning]

class PublicAccess(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLIC_ACCESS_UNSPECIFIED: _ClassVar[PublicAccess]
    PUBLIC_ACCESS_NONE: _ClassVar[PublicAccess]
    PUBLIC_ACCESS_READ: _ClassVar[PublicAccess]
DAMAGE_UNSPECIFIED: Damage
DAMAGE_MISSING: Damage
DAMAGE_LENGTH: Damage
DAMAGE_DIGEST: Damage
DAMAGE_UNREADABLE: Damage
VERSIONING_UNSPECIFIED: Versioning
VERSIONING_DISABLED: Versioning
VERSIONING_ENABLED: Versioning
VERSIONING_SUSPENDED: Versioning
PUBLIC_ACCESS_UNSPECIFIED: PublicAccess
PUBLIC_ACCESS_NONE: PublicAccess
PUBLIC_ACCESS_READ: PublicAccess

class CorsRule(_message.Message):
    __slots__ = ("id", "allowed_origins", "allowed_methods", "allowed_headers", "expose_headers", "max_age_seconds")
    ID_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_ORIGINS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_METHODS_FIELD_NUMBER: _ClassVar[int]
    ALLOWED_HEADERS_FIELD_NUMBER: _ClassVar[int]
    EXPOSE_HEADERS_FIELD_NUMBER: _ClassVar[int]
    MAX_AGE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    id: str
    allowed_origins: _containers.RepeatedScalarFieldContainer[str]
    allowed_methods: _containers.RepeatedScalarFieldContainer[str]
    allowed_headers: _containers.RepeatedScalarFieldContainer[str]
    expose_headers: _containers.RepeatedScalarFieldContainer[str]
    max_age_seconds: int
    def __init__(self, id: _Optional[str] = ..., allowed_origins: _Optional[_Iterable[str]] = ..., allowed_methods: _Optional[_Iterable[str]] = ..., allowed_headers: _Optional[_Iterable[str]] = ..., expose_headers: _Optional[_Iterable[str]] = ..., max_age_seconds: _Optional[int] = ...) -> None: ...

class LifecycleRule(_message.Message):
    __slots__ = ("id", "enabled", "filter", "expire_after_seconds", "expire_after_days", "expire_time", "expire_delete_markers", "expire_noncurrent_after_days", "keep_noncurrent_versions", "abort_uploads_after_days", "tell_prefix_alone")
    class Filter(_message.Message):
        __slots__ = ("prefix", "tags", "size_greater_than_bytes", "size_less_than_bytes")
        class TagsEntry(_message.Message):
            __slots__ = ("key", "value")
            KEY_FIELD_NUMBER: _ClassVar[int]
            VALUE_FIELD_NUMBER: _ClassVar[int]
            key: str
            value: str
            def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
        PREFIX_FIELD_NUMBER: _ClassVar[int]
        TAGS_FIELD_NUMBER: _ClassVar[int]
        SIZE_GREATER_THAN_BYTES_FIELD_NUMBER: _ClassVar[int]
        SIZE_LESS_THAN_BYTES_FIELD_NUMBER: _ClassVar[int]
        prefix: str
        tags: _containers.ScalarMap[str, str]
        size_greater_than_bytes: int
        size_less_than_bytes: int
        def __init__(self, prefix: _Optional[str] = ..., tags: _Optional[_Mapping[str, str]] = ..., size_greater_than_bytes: _Optional[int] = ..., size_less_than_bytes: _Optional[int] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_AFTER_SECONDS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_AFTER_DAYS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_DELETE_MARKERS_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_NONCURRENT_AFTER_DAYS_FIELD_NUMBER: _ClassVar[int]
    KEEP_NONCURRENT_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    ABORT_UPLOADS_AFTER_DAYS_FIELD_NUMBER: _ClassVar[int]
    TELL_PREFIX_ALONE_FIELD_NUMBER: _ClassVar[int]
    id: str
    enabled: bool
    filter: LifecycleRule.Filter
    expire_after_seconds: int
    expire_after_days: int
    expire_time: _timestamp_pb2.Timestamp
    expire_delete_markers: bool
    expire_noncurrent_after_days: int
    keep_noncurrent_versions: int
    abort_uploads_after_days: int
    tell_prefix_alone: bool
    def __init__(self, id: _Optional[str] = ..., enabled: _Optional[bool] = ..., filter: _Optional[_Union[LifecycleRule.Filter, _Mapping]] = ..., expire_after_seconds: _Optional[int] = ..., expire_after_days: _Optional[int] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_delete_markers: _Optional[bool] = ..., expire_noncurrent_after_days: _Optional[int] = ..., keep_noncurrent_versions: _Optional[int] = ..., abort_uploads_after_days: _Optional[int] = ..., tell_prefix_alone: _Optional[bool] = ...) -> None: ...

class ObjectLock(_message.Message):
    __slots__ = ("enabled", "default_mode", "default_days", "default_years")
    ENABLED_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_MODE_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DAYS_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_YEARS_FIELD_NUMBER: _ClassVar[int]
    enabled: bool
    default_mode: _objects_pb2.RetentionMode
    default_days: int
    default_years: int
    def __init__(self, enabled: _Optional[bool] = ..., default_mode: _Optional[_Union[_objects_pb2.RetentionMode, str]] = ..., default_days: _Optional[int] = ..., default_years: _Optional[int] = ...) -> None: ...

class PublicAccessBlock(_message.Message):
    __slots__ = ("block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets")
    BLOCK_PUBLIC_ACLS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_PUBLIC_ACLS_FIELD_NUMBER: _ClassVar[int]
    BLOCK_PUBLIC_POLICY_FIELD_NUMBER: _ClassVar[int]
    RESTRICT_PUBLIC_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    block_public_acls: bool
    ignore_public_acls: bool
    block_public_policy: bool
    restrict_public_buckets: bool
    def __init__(self, block_public_acls: _Optional[bool] = ..., ignore_public_acls: _Optional[bool] = ..., block_public_policy: _Optional[bool] = ..., restrict_public_buckets: _Optional[bool] = ...) -> None: ...

class NotificationRule(_message.Message):
    __slots__ = ("id", "events", "prefix", "suffix", "queue", "webhook_url", "tell_region")
    class Event(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        EVENT_UNSPECIFIED: _ClassVar[NotificationRule.Event]
        EVENT_OBJECT_CREATED: _ClassVar[NotificationRule.Event]
        EVENT_OBJECT_DELETED: _ClassVar[NotificationRule.Event]
        EVENT_OBJECT_EXPIRED: _ClassVar[NotificationRule.Event]
        EVENT_OBJECT_TAGGED: _ClassVar[NotificationRule.Event]
    EVENT_UNSPECIFIED: NotificationRule.Event
    EVENT_OBJECT_CREATED: NotificationRule.Event
    EVENT_OBJECT_DELETED: NotificationRule.Event
    EVENT_OBJECT_EXPIRED: NotificationRule.Event
    EVENT_OBJECT_TAGGED: NotificationRule.Event
    ID_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    SUFFIX_FIELD_NUMBER: _ClassVar[int]
    QUEUE_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_URL_FIELD_NUMBER: _ClassVar[int]
    TELL_REGION_FIELD_NUMBER: _ClassVar[int]
    id: str
    events: _containers.RepeatedScalarFieldContainer[NotificationRule.Event]
    prefix: str
    suffix: str
    queue: str
    webhook_url: str
    tell_region: str
    def __init__(self, id: _Optional[str] = ..., events: _Optional[_Iterable[_Union[NotificationRule.Event, str]]] = ..., prefix: _Optional[str] = ..., suffix: _Optional[str] = ..., queue: _Optional[str] = ..., webhook_url: _Optional[str] = ..., tell_region: _Optional[str] = ...) -> None: ...

class Bucket(_message.Message):
    __slots__ = ("name", "create_time", "update_time", "etag", "versioning", "location_hint", "jurisdiction", "public_access", "cors_rules", "lifecycle_rules", "object_lock", "tags", "notification_rules", "public_list", "public_access_block", "placement", "public_location", "public_policy")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    VERSIONING_FIELD_NUMBER: _ClassVar[int]
    LOCATION_HINT_FIELD_NUMBER: _ClassVar[int]
    JURISDICTION_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_ACCESS_FIELD_NUMBER: _ClassVar[int]
    CORS_RULES_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLE_RULES_FIELD_NUMBER: _ClassVar[int]
    OBJECT_LOCK_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    NOTIFICATION_RULES_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_LIST_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_ACCESS_BLOCK_FIELD_NUMBER: _ClassVar[int]
    PLACEMENT_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_LOCATION_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_POLICY_FIELD_NUMBER: _ClassVar[int]
    name: str
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    versioning: Versioning
    location_hint: str
    jurisdiction: str
    public_access: PublicAccess
    cors_rules: _containers.RepeatedCompositeFieldContainer[CorsRule]
    lifecycle_rules: _containers.RepeatedCompositeFieldContainer[LifecycleRule]
    object_lock: ObjectLock
    tags: _containers.ScalarMap[str, str]
    notification_rules: _containers.RepeatedCompositeFieldContainer[NotificationRule]
    public_list: bool
    public_access_block: PublicAccessBlock
    placement: Placement
    public_location: bool
    public_policy: str
    def __init__(self, name: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ..., versioning: _Optional[_Union[Versioning, str]] = ..., location_hint: _Optional[str] = ..., jurisdiction: _Optional[str] = ..., public_access: _Optional[_Union[PublicAccess, str]] = ..., cors_rules: _Optional[_Iterable[_Union[CorsRule, _Mapping]]] = ..., lifecycle_rules: _Optional[_Iterable[_Union[LifecycleRule, _Mapping]]] = ..., object_lock: _Optional[_Union[ObjectLock, _Mapping]] = ..., tags: _Optional[_Mapping[str, str]] = ..., notification_rules: _Optional[_Iterable[_Union[NotificationRule, _Mapping]]] = ..., public_list: _Optional[bool] = ..., public_access_block: _Optional[_Union[PublicAccessBlock, _Mapping]] = ..., placement: _Optional[_Union[Placement, _Mapping]] = ..., public_location: _Optional[bool] = ..., public_policy: _Optional[str] = ...) -> None: ...

class Placement(_message.Message):
    __slots__ = ("store", "location", "jurisdiction")
    STORE_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    JURISDICTION_FIELD_NUMBER: _ClassVar[int]
    store: str
    location: str
    jurisdiction: str
    def __init__(self, store: _Optional[str] = ..., location: _Optional[str] = ..., jurisdiction: _Optional[str] = ...) -> None: ...

class CreateBucketRequest(_message.Message):
    __slots__ = ("parent", "bucket_id", "bucket", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    BUCKET_ID_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    bucket_id: str
    bucket: Bucket
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., bucket_id: _Optional[str] = ..., bucket: _Optional[_Union[Bucket, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateBucketResponse(_message.Message):
    __slots__ = ("bucket",)
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    bucket: Bucket
    def __init__(self, bucket: _Optional[_Union[Bucket, _Mapping]] = ...) -> None: ...

class GetBucketRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetBucketResponse(_message.Message):
    __slots__ = ("bucket",)
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    bucket: Bucket
    def __init__(self, bucket: _Optional[_Union[Bucket, _Mapping]] = ...) -> None: ...

class ListBucketsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "prefix")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    prefix: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., prefix: _Optional[str] = ...) -> None: ...

class ListBucketsResponse(_message.Message):
    __slots__ = ("buckets", "next_page_token")
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    buckets: _containers.RepeatedCompositeFieldContainer[Bucket]
    next_page_token: str
    def __init__(self, buckets: _Optional[_Iterable[_Union[Bucket, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateBucketRequest(_message.Message):
    __slots__ = ("bucket", "update_mask")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    bucket: Bucket
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, bucket: _Optional[_Union[Bucket, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateBucketResponse(_message.Message):
    __slots__ = ("bucket",)
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    bucket: Bucket
    def __init__(self, bucket: _Optional[_Union[Bucket, _Mapping]] = ...) -> None: ...

class DeleteBucketRequest(_message.Message):
    __slots__ = ("name", "force", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    force: bool
    etag: str
    def __init__(self, name: _Optional[str] = ..., force: _Optional[bool] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteBucketResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operations_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operations_pb2.Operation, _Mapping]] = ...) -> None: ...

class DeleteBucketMetadata(_message.Message):
    __slots__ = ("name", "deleted_versions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DELETED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    deleted_versions: int
    def __init__(self, name: _Optional[str] = ..., deleted_versions: _Optional[int] = ...) -> None: ...

class DeleteBucketResult(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class RelocateBucketRequest(_message.Message):
    __slots__ = ("name", "location_hint")
    NAME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_HINT_FIELD_NUMBER: _ClassVar[int]
    name: str
    location_hint: str
    def __init__(self, name: _Optional[str] = ..., location_hint: _Optional[str] = ...) -> None: ...

class RelocateBucketResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operations_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operations_pb2.Operation, _Mapping]] = ...) -> None: ...

class RelocateProgress(_message.Message):
    __slots__ = ("versions", "moved_versions", "moved_bytes")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    MOVED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    MOVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    versions: int
    moved_versions: int
    moved_bytes: int
    def __init__(self, versions: _Optional[int] = ..., moved_versions: _Optional[int] = ..., moved_bytes: _Optional[int] = ...) -> None: ...

class RelocateBucketMetadata(_message.Message):
    __slots__ = ("name", "progress")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    name: str
    progress: RelocateProgress
    def __init__(self, name: _Optional[str] = ..., progress: _Optional[_Union[RelocateProgress, _Mapping]] = ...) -> None: ...

class RelocateBucketResult(_message.Message):
    __slots__ = ("name", "progress")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    name: str
    progress: RelocateProgress
    def __init__(self, name: _Optional[str] = ..., progress: _Optional[_Union[RelocateProgress, _Mapping]] = ...) -> None: ...

class ScrubBucketRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class ScrubBucketResponse(_message.Message):
    __slots__ = ("operation",)
    OPERATION_FIELD_NUMBER: _ClassVar[int]
    operation: _operations_pb2.Operation
    def __init__(self, operation: _Optional[_Union[_operations_pb2.Operation, _Mapping]] = ...) -> None: ...

class ScrubProgress(_message.Message):
    __slots__ = ("versions", "read_bytes", "damaged_versions")
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    READ_BYTES_FIELD_NUMBER: _ClassVar[int]
    DAMAGED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    versions: int
    read_bytes: int
    damaged_versions: int
    def __init__(self, versions: _Optional[int] = ..., read_bytes: _Optional[int] = ..., damaged_versions: _Optional[int] = ...) -> None: ...

class ScrubBucketMetadata(_message.Message):
    __slots__ = ("name", "progress")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    name: str
    progress: ScrubProgress
    def __init__(self, name: _Optional[str] = ..., progress: _Optional[_Union[ScrubProgress, _Mapping]] = ...) -> None: ...

class ScrubBucketResult(_message.Message):
    __slots__ = ("name", "progress", "damaged_versions")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    DAMAGED_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    name: str
    progress: ScrubProgress
    damaged_versions: _containers.RepeatedCompositeFieldContainer[DamagedVersion]
    def __init__(self, name: _Optional[str] = ..., progress: _Optional[_Union[ScrubProgress, _Mapping]] = ..., damaged_versions: _Optional[_Iterable[_Union[DamagedVersion, _Mapping]]] = ...) -> None: ...

class DamagedVersion(_message.Message):
    __slots__ = ("name", "version_id", "damage", "detail")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    DAMAGE_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    name: str
    version_id: str
    damage: Damage
    detail: str
    def __init__(self, name: _Optional[str] = ..., version_id: _Optional[str] = ..., damage: _Optional[_Union[Damage, str]] = ..., detail: _Optional[str] = ...) -> None: ...
