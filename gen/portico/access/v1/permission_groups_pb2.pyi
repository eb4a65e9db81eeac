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

class ScopeType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SCOPE_TYPE_UNSPECIFIED: _ClassVar[ScopeType]
    SCOPE_TYPE_ANY: _ClassVar[ScopeType]
    SCOPE_TYPE_ACCOUNT: _ClassVar[ScopeType]
SCOPE_TYPE_UNSPECIFIED: ScopeType
SCOPE_TYPE_ANY: ScopeType
SCOPE_TYPE_ACCOUNT: ScopeType

class PermissionGroup(_message.Message):
    __slots__ = ("name", "display_name", "description", "permissions", "scope_type", "built_in", "editable", "version", "create_time", "update_time", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    SCOPE_TYPE_FIELD_NUMBER: _ClassVar[int]
    BUILT_IN_FIELD_NUMBER: _ClassVar[int]
    EDITABLE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    description: str
    permissions: _containers.RepeatedScalarFieldContainer[str]
    scope_type: ScopeType
    built_in: bool
    editable: bool
    version: int
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., permissions: _Optional[_Iterable[str]] = ..., scope_type: _Optional[_Union[ScopeType, str]] = ..., built_in: _Optional[bool] = ..., editable: _Optional[bool] = ..., version: _Optional[int] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class CreatePermissionGroupRequest(_message.Message):
    __slots__ = ("parent", "permission_group_id", "permission_group", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_GROUP_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    permission_group_id: str
    permission_group: PermissionGroup
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., permission_group_id: _Optional[str] = ..., permission_group: _Optional[_Union[PermissionGroup, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreatePermissionGroupResponse(_message.Message):
    __slots__ = ("permission_group", "policy_revision")
    PERMISSION_GROUP_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    permission_group: PermissionGroup
    policy_revision: int
    def __init__(self, permission_group: _Optional[_Union[PermissionGroup, _Mapping]] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class GetPermissionGroupRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetPermissionGroupResponse(_message.Message):
    __slots__ = ("permission_group",)
    PERMISSION_GROUP_FIELD_NUMBER: _ClassVar[int]
    permission_group: PermissionGroup
    def __init__(self, permission_group: _Optional[_Union[PermissionGroup, _Mapping]] = ...) -> None: ...

class ListPermissionGroupsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListPermissionGroupsResponse(_message.Message):
    __slots__ = ("permission_groups", "next_page_token")
    PERMISSION_GROUPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    permission_groups: _containers.RepeatedCompositeFieldContainer[PermissionGroup]
    next_page_token: str
    def __init__(self, permission_groups: _Optional[_Iterable[_Union[PermissionGroup, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdatePermissionGroupRequest(_message.Message):
    __slots__ = ("permission_group", "update_mask")
    PERMISSION_GROUP_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    permission_group: PermissionGroup
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, permission_group: _Optional[_Union[PermissionGroup, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdatePermissionGroupResponse(_message.Message):
    __slots__ = ("permission_group", "policy_revision")
    PERMISSION_GROUP_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    permission_group: PermissionGroup
    policy_revision: int
    def __init__(self, permission_group: _Optional[_Union[PermissionGroup, _Mapping]] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class DeletePermissionGroupRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeletePermissionGroupResponse(_message.Message):
    __slots__ = ("policy_revision",)
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    policy_revision: int
    def __init__(self, policy_revision: _Optional[int] = ...) -> None: ...
