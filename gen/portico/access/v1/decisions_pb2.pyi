import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from portico.access.v1 import policies_pb2 as _policies_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Circumstances(_message.Message):
    __slots__ = ("call_time", "address", "no_certificate", "token_issue_time")
    CALL_TIME_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NO_CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    TOKEN_ISSUE_TIME_FIELD_NUMBER: _ClassVar[int]
    call_time: _timestamp_pb2.Timestamp
    address: str
    no_certificate: bool
    token_issue_time: _timestamp_pb2.Timestamp
    def __init__(self, call_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., address: _Optional[str] = ..., no_certificate: _Optional[bool] = ..., token_issue_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Question(_message.Message):
    __slots__ = ("principal", "permission", "resource")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    principal: str
    permission: str
    resource: str
    def __init__(self, principal: _Optional[str] = ..., permission: _Optional[str] = ..., resource: _Optional[str] = ...) -> None: ...

class CheckAccessRequest(_message.Message):
    __slots__ = ("parent", "principal", "permission", "resource", "circumstances")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    CIRCUMSTANCES_FIELD_NUMBER: _ClassVar[int]
    parent: str
    principal: str
    permission: str
    resource: str
    circumstances: Circumstances
    def __init__(self, parent: _Optional[str] = ..., principal: _Optional[str] = ..., permission: _Optional[str] = ..., resource: _Optional[str] = ..., circumstances: _Optional[_Union[Circumstances, _Mapping]] = ...) -> None: ...

class CheckAccessResponse(_message.Message):
    __slots__ = ("allowed", "policy_revision")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    policy_revision: int
    def __init__(self, allowed: _Optional[bool] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class BatchCheckAccessRequest(_message.Message):
    __slots__ = ("parent", "questions", "circumstances")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    CIRCUMSTANCES_FIELD_NUMBER: _ClassVar[int]
    parent: str
    questions: _containers.RepeatedCompositeFieldContainer[Question]
    circumstances: Circumstances
    def __init__(self, parent: _Optional[str] = ..., questions: _Optional[_Iterable[_Union[Question, _Mapping]]] = ..., circumstances: _Optional[_Union[Circumstances, _Mapping]] = ...) -> None: ...

class BatchCheckAccessResponse(_message.Message):
    __slots__ = ("allowed", "policy_revision")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    allowed: _containers.RepeatedScalarFieldContainer[bool]
    policy_revision: int
    def __init__(self, allowed: _Optional[_Iterable[bool]] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("parent", "principal", "permission", "resource", "circumstances")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    CIRCUMSTANCES_FIELD_NUMBER: _ClassVar[int]
    parent: str
    principal: str
    permission: str
    resource: str
    circumstances: Circumstances
    def __init__(self, parent: _Optional[str] = ..., principal: _Optional[str] = ..., permission: _Optional[str] = ..., resource: _Optional[str] = ..., circumstances: _Optional[_Union[Circumstances, _Mapping]] = ...) -> None: ...

class PolicyFinding(_message.Message):
    __slots__ = ("policy", "access", "matched", "permission_group", "resource_group", "through", "failed", "reason")
    POLICY_FIELD_NUMBER: _ClassVar[int]
    ACCESS_FIELD_NUMBER: _ClassVar[int]
    MATCHED_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_GROUP_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_GROUP_FIELD_NUMBER: _ClassVar[int]
    THROUGH_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    policy: str
    access: _policies_pb2.Access
    matched: bool
    permission_group: str
    resource_group: str
    through: _containers.RepeatedScalarFieldContainer[str]
    failed: str
    reason: str
    def __init__(self, policy: _Optional[str] = ..., access: _Optional[_Union[_policies_pb2.Access, str]] = ..., matched: _Optional[bool] = ..., permission_group: _Optional[str] = ..., resource_group: _Optional[str] = ..., through: _Optional[_Iterable[str]] = ..., failed: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("allowed", "deciding_policy", "findings", "summary", "policy_revision")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    DECIDING_POLICY_FIELD_NUMBER: _ClassVar[int]
    FINDINGS_FIELD_NUMBER: _ClassVar[int]
    SUMMARY_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    deciding_policy: str
    findings: _containers.RepeatedCompositeFieldContainer[PolicyFinding]
    summary: str
    policy_revision: int
    def __init__(self, allowed: _Optional[bool] = ..., deciding_policy: _Optional[str] = ..., findings: _Optional[_Iterable[_Union[PolicyFinding, _Mapping]]] = ..., summary: _Optional[str] = ..., policy_revision: _Optional[int] = ...) -> None: ...

class ListMyPermissionsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "resource")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    resource: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., resource: _Optional[str] = ...) -> None: ...

class ListMyPermissionsResponse(_message.Message):
    __slots__ = ("permissions", "next_page_token", "includes_partial", "areas", "principal")
    PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INCLUDES_PARTIAL_FIELD_NUMBER: _ClassVar[int]
    AREAS_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    permissions: _containers.RepeatedScalarFieldContainer[str]
    next_page_token: str
    includes_partial: bool
    areas: _containers.RepeatedScalarFieldContainer[str]
    principal: str
    def __init__(self, permissions: _Optional[_Iterable[str]] = ..., next_page_token: _Optional[str] = ..., includes_partial: _Optional[bool] = ..., areas: _Optional[_Iterable[str]] = ..., principal: _Optional[str] = ...) -> None: ...

class SimulatePolicyRequest(_message.Message):
    __slots__ = ("parent", "policy", "removed_policy", "resources")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    REMOVED_POLICY_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    parent: str
    policy: _policies_pb2.Policy
    removed_policy: str
    resources: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, parent: _Optional[str] = ..., policy: _Optional[_Union[_policies_pb2.Policy, _Mapping]] = ..., removed_policy: _Optional[str] = ..., resources: _Optional[_Iterable[str]] = ...) -> None: ...

class SimulatedChange(_message.Message):
    __slots__ = ("principal", "resource", "gained", "lost", "api_token", "unchanged")
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    GAINED_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    API_TOKEN_FIELD_NUMBER: _ClassVar[int]
    UNCHANGED_FIELD_NUMBER: _ClassVar[int]
    principal: str
    resource: str
    gained: _containers.RepeatedScalarFieldContainer[str]
    lost: _containers.RepeatedScalarFieldContainer[str]
    api_token: str
    unchanged: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, principal: _Optional[str] = ..., resource: _Optional[str] = ..., gained: _Optional[_Iterable[str]] = ..., lost: _Optional[_Iterable[str]] = ..., api_token: _Optional[str] = ..., unchanged: _Optional[_Iterable[str]] = ...) -> None: ...

class SimulatePolicyResponse(_message.Message):
    __slots__ = ("changes", "truncated", "policy_revision")
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    POLICY_REVISION_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[SimulatedChange]
    truncated: bool
    policy_revision: int
    def __init__(self, changes: _Optional[_Iterable[_Union[SimulatedChange, _Mapping]]] = ..., truncated: _Optional[bool] = ..., policy_revision: _Optional[int] = ...) -> None: ...
