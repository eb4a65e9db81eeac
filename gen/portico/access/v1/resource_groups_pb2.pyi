import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ResourceGroup(_message.Message):
    __slots__ = ("name", "display_name", "description", "scope", "everything", "objects", "domain_groups", "excluded", "excluded_domain_groups", "built_in", "create_time", "update_time", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    EVERYTHING_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    DOMAIN_GROUPS_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_FIELD_NUMBER: _ClassVar[int]
    EXCLUDED_DOMAIN_GROUPS_FIELD_NUMBER: _ClassVar[int]
    BUILT_IN_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    display_name: str
    description: str
    scope: str
    everything: bool
    objects: _containers.RepeatedScalarFieldContainer[str]
    domain_groups: _containers.RepeatedScalarFieldContainer[str]
    excluded: _containers.RepeatedScalarFieldContainer[str]
    excluded_domain_groups: _containers.RepeatedScalarFieldContainer[str]
    built_in: bool
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    etag: str
    def __init__(self, name: _Optional[str] = ..., display_name: _Optional[str] = ..., description: _Optional[str] = ..., scope: _Optional[str] = ..., everything: _Optional[bool] = ..., objects: _Optional[_Iterable[str]] = ..., domain_groups: _Optional[_Iterable[str]] = ..., excluded: _Optional[_Iterable[str]] = ..., excluded_domain_groups: _Optional[_Iterable[str]] = ..., built_in: _Optional[bool] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., etag: _Optional[str] = ...) -> None: ...

class CreateResourceGroupRequest(_message.Message):
    __slots__ = ("parent", "resource_group_id", "resource_group", "request_id")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_GROUP_ID_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_GROUP_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    parent: str
    resource_group_id: str
    resource_group: ResourceGroup
    request_id: str
    def __init__(self, parent: _Optional[str] = ..., resource_group_id: _Optional[str] = ..., resource_group: _Optional[_Union[ResourceGroup, _Mapping]] = ..., request_id: _Optional[str] = ...) -> None: ...

class CreateResourceGroupResponse(_message.Message):
    __slots__ = ("resource_group", "policy_revision")
    RESOURCE_GROUP_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    resource_group: ResourceGroup
    policy_revision: int
    def __init__(self, resource_group: _Optional[_Union[ResourceGroup, _Mapping]] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class GetResourceGroupRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetResourceGroupResponse(_message.Message):
    __slots__ = ("resource_group",)
    RESOURCE_GROUP_FIELD_NUMBER: _ClassVar[int]
    resource_group: ResourceGroup
    def __init__(self, resource_group: _Optional[_Union[ResourceGroup, _Mapping]] = ...) -> None: ...

class ListResourceGroupsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListResourceGroupsResponse(_message.Message):
    __slots__ = ("resource_groups", "next_page_token")
    RESOURCE_GROUPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resource_groups: _containers.RepeatedCompositeFieldContainer[ResourceGroup]
    next_page_token: str
    def __init__(self, resource_groups: _Optional[_Iterable[_Union[ResourceGroup, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UpdateResourceGroupRequest(_message.Message):
    __slots__ = ("resource_group", "update_mask")
    RESOURCE_GROUP_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    resource_group: ResourceGroup
    update_mask: _field_mask_pb2.FieldMask
    def __init__(self, resource_group: _Optional[_Union[ResourceGroup, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ...) -> None: ...

class UpdateResourceGroupResponse(_message.Message):
    __slots__ = ("resource_group", "policy_revision")
    RESOURCE_GROUP_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    resource_group: ResourceGroup
    policy_revision: int
    def __init__(self, resource_group: _Optional[_Union[ResourceGroup, _Mapping]] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class DeleteResourceGroupRequest(_message.Message):
    __slots__ = ("name", "etag")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    name: str
    etag: str
    def __init__(self, name: _Optional[str] = ..., etag: _Optional[str] = ...) -> None: ...

class DeleteResourceGroupResponse(_message.Message):
    __slots__ = ("policy_revision",)
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    policy_revision: int
    def __init__(self, policy_revision: _Optional[int] = ...) -> None: ...
