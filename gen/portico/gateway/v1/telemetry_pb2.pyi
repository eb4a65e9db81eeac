import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import code_pb2 as _code_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StepTiming(_message.Message):
    __slots__ = ("step", "start_nanos", "duration_nanos")
    STEP_FIELD_NUMBER: _ClassVar[int]
    START_NANOS_FIELD_NUMBER: _ClassVar[int]
    DURATION_NANOS_FIELD_NUMBER: _ClassVar[int]
    step: str
    start_nanos: int
    duration_nanos: int
    def __init__(self, step: _Optional[str] = ..., start_nanos: _Optional[int] = ..., duration_nanos: _Optional[int] = ...) -> None: ...

class RequestEvent(_message.Message):
    __slots__ = ("ray_id", "trace_id", "arrival_time", "method", "principal", "resource", "code", "reason", "duration_nanos", "received_bytes", "sent_bytes", "steps", "acting_service", "face")
    RAY_ID_FIELD_NUMBER: _ClassVar[int]
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    ARRIVAL_TIME_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    DURATION_NANOS_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_BYTES_FIELD_NUMBER: _ClassVar[int]
    SENT_BYTES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    ACTING_SERVICE_FIELD_NUMBER: _ClassVar[int]
    FACE_FIELD_NUMBER: _ClassVar[int]
    ray_id: str
    trace_id: str
    arrival_time: _timestamp_pb2.Timestamp
    method: str
    principal: str
    resource: str
    code: _code_pb2.Code
    reason: str
    duration_nanos: int
    received_bytes: int
    sent_bytes: int
    steps: _containers.RepeatedCompositeFieldContainer[StepTiming]
    acting_service: str
    face: str
    def __init__(self, ray_id: _Optional[str] = ..., trace_id: _Optional[str] = ..., arrival_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., method: _Optional[str] = ..., principal: _Optional[str] = ..., resource: _Optional[str] = ..., code: _Optional[_Union[_code_pb2.Code, str]] = ..., reason: _Optional[str] = ..., duration_nanos: _Optional[int] = ..., received_bytes: _Optional[int] = ..., sent_bytes: _Optional[int] = ..., steps: _Optional[_Iterable[_Union[StepTiming, _Mapping]]] = ..., acting_service: _Optional[str] = ..., face: _Optional[str] = ...) -> None: ...

class Span(_message.Message):
    __slots__ = ("trace_id", "span_id", "parent_span_id", "name", "scope", "start_time", "duration_nanos", "code", "attributes")
    class AttributesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TRACE_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_SPAN_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    DURATION_NANOS_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    scope: str
    start_time: _timestamp_pb2.Timestamp
    duration_nanos: int
    code: _code_pb2.Code
    attributes: _containers.ScalarMap[str, str]
    def __init__(self, trace_id: _Optional[str] = ..., span_id: _Optional[str] = ..., parent_span_id: _Optional[str] = ..., name: _Optional[str] = ..., scope: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., duration_nanos: _Optional[int] = ..., code: _Optional[_Union[_code_pb2.Code, str]] = ..., attributes: _Optional[_Mapping[str, str]] = ...) -> None: ...

class GetTraceRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetTraceResponse(_message.Message):
    __slots__ = ("request_events", "spans")
    REQUEST_EVENTS_FIELD_NUMBER: _ClassVar[int]
    SPANS_FIELD_NUMBER: _ClassVar[int]
    request_events: _containers.RepeatedCompositeFieldContainer[RequestEvent]
    spans: _containers.RepeatedCompositeFieldContainer[Span]
    def __init__(self, request_events: _Optional[_Iterable[_Union[RequestEvent, _Mapping]]] = ..., spans: _Optional[_Iterable[_Union[Span, _Mapping]]] = ...) -> None: ...

class ListRequestEventsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "failed_only", "method")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    FAILED_ONLY_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    failed_only: bool
    method: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., failed_only: _Optional[bool] = ..., method: _Optional[str] = ...) -> None: ...

class ListRequestEventsResponse(_message.Message):
    __slots__ = ("request_events", "next_page_token")
    REQUEST_EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    request_events: _containers.RepeatedCompositeFieldContainer[RequestEvent]
    next_page_token: str
    def __init__(self, request_events: _Optional[_Iterable[_Union[RequestEvent, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
