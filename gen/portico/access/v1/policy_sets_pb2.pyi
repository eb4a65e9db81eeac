from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from portico.access.v1 import decisions_pb2 as _decisions_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_KIND_UNSPECIFIED: _ClassVar[ChangeKind]
    CHANGE_KIND_CREATED: _ClassVar[ChangeKind]
    CHANGE_KIND_UPDATED: _ClassVar[ChangeKind]
    CHANGE_KIND_DELETED: _ClassVar[ChangeKind]
CHANGE_KIND_UNSPECIFIED: ChangeKind
CHANGE_KIND_CREATED: ChangeKind
CHANGE_KIND_UPDATED: ChangeKind
CHANGE_KIND_DELETED: ChangeKind

class ExportPolicySetRequest(_message.Message):
    __slots__ = ("parent",)
    PARENT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    def __init__(self, parent: _Optional[str] = ...) -> None: ...

class ExportPolicySetResponse(_message.Message):
    __slots__ = ("yaml", "policy_revision")
    YAML_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    yaml: str
    policy_revision: int
    def __init__(self, yaml: _Optional[str] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class ImportPolicySetRequest(_message.Message):
    __slots__ = ("parent", "yaml", "dry_run", "prune", "expected_policy_revision")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    YAML_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    PRUNE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    parent: str
    yaml: str
    dry_run: bool
    prune: bool
    expected_policy_revision: int
    def __init__(self, parent: _Optional[str] = ..., yaml: _Optional[str] = ..., dry_run: _Optional[bool] = ..., prune: _Optional[bool] = ..., expected_policy_revision: _Optional[int] = ...) -> None: ...

class PolicySetChange(_message.Message):
    __slots__ = ("kind", "name", "before", "after")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    kind: ChangeKind
    name: str
    before: str
    after: str
    def __init__(self, kind: _Optional[_Union[ChangeKind, str]] = ..., name: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ...) -> None: ...

class ImportPolicySetResponse(_message.Message):
    __slots__ = ("changes", "created_count", "updated_count", "deleted_count", "unchanged_count", "effects", "effects_truncated", "policy_revision")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    CREATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_COUNT_FIELD_NUMBER: _ClassVar[int]
    DELETED_COUNT_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_COUNT_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_FIELD_NUMBER: _ClassVar[int]
    EFFECTS_TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[PolicySetChange]
    created_count: int
    updated_count: int
    deleted_count: int
    unchanged_count: int
    effects: _containers.RepeatedCompositeFieldContainer[_decisions_pb2.SimulatedChange]
    effects_truncated: bool
    policy_revision: int
    def __init__(self, changes: _Optional[_Iterable[_Union[PolicySetChange, _Mapping]]] = ..., created_count: _Optional[int] = ..., updated_count: _Optional[int] = ..., deleted_count: _Optional[int] = ..., unchanged_count: _Optional[int] = ..., effects: _Optional[_Iterable[_Union[_decisions_pb2.SimulatedChange, _Mapping]]] = ..., effects_truncated: _Optional[bool] = ..., policy_revision: _Optional[int] = ...) -> None: ...
