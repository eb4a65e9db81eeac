import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Usage(_message.Message):
    __slots__ = ("bucket", "class_a_operations", "class_b_operations", "byte_hours", "gigabyte_months", "objects", "size_bytes", "egress_bytes")
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    CLASS_A_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    CLASS_B_OPERATIONS_FIELD_NUMBER: _ClassVar[int]
    BYTE_HOURS_FIELD_NUMBER: _ClassVar[int]
    GIGABYTE_MONTHS_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    EGRESS_BYTES_FIELD_NUMBER: _ClassVar[int]
    bucket: str
    class_a_operations: int
    class_b_operations: int
    byte_hours: int
    gigabyte_months: str
    objects: int
    size_bytes: int
    egress_bytes: int
    def __init__(self, bucket: _Optional[str] = ..., class_a_operations: _Optional[int] = ..., class_b_operations: _Optional[int] = ..., byte_hours: _Optional[int] = ..., gigabyte_months: _Optional[str] = ..., objects: _Optional[int] = ..., size_bytes: _Optional[int] = ..., egress_bytes: _Optional[int] = ...) -> None: ...

class Charge(_message.Message):
    __slots__ = ("kind", "used", "free", "charged", "unit_price", "per", "amount")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Charge.Kind]
        KIND_STORAGE: _ClassVar[Charge.Kind]
        KIND_CLASS_A: _ClassVar[Charge.Kind]
        KIND_CLASS_B: _ClassVar[Charge.Kind]
        KIND_EGRESS: _ClassVar[Charge.Kind]
    KIND_UNSPECIFIED: Charge.Kind
    KIND_STORAGE: Charge.Kind
    KIND_CLASS_A: Charge.Kind
    KIND_CLASS_B: Charge.Kind
    KIND_EGRESS: Charge.Kind
    KIND_FIELD_NUMBER: _ClassVar[int]
    USED_FIELD_NUMBER: _ClassVar[int]
    FREE_FIELD_NUMBER: _ClassVar[int]
    CHARGED_FIELD_NUMBER: _ClassVar[int]
    UNIT_PRICE_FIELD_NUMBER: _ClassVar[int]
    PER_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    kind: Charge.Kind
    used: str
    free: str
    charged: str
    unit_price: str
    per: int
    amount: str
    def __init__(self, kind: _Optional[_Union[Charge.Kind, str]] = ..., used: _Optional[str] = ..., free: _Optional[str] = ..., charged: _Optional[str] = ..., unit_price: _Optional[str] = ..., per: _Optional[int] = ..., amount: _Optional[str] = ...) -> None: ...

class UsageReport(_message.Message):
    __slots__ = ("month", "end_time", "buckets", "further_buckets", "total", "charges", "amount")
    MONTH_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    FURTHER_BUCKETS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    CHARGES_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    month: str
    end_time: _timestamp_pb2.Timestamp
    buckets: _containers.RepeatedCompositeFieldContainer[Usage]
    further_buckets: int
    total: Usage
    charges: _containers.RepeatedCompositeFieldContainer[Charge]
    amount: str
    def __init__(self, month: _Optional[str] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., buckets: _Optional[_Iterable[_Union[Usage, _Mapping]]] = ..., further_buckets: _Optional[int] = ..., total: _Optional[_Union[Usage, _Mapping]] = ..., charges: _Optional[_Iterable[_Union[Charge, _Mapping]]] = ..., amount: _Optional[str] = ...) -> None: ...

class GetUsageReportRequest(_message.Message):
    __slots__ = ("parent", "month")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    MONTH_FIELD_NUMBER: _ClassVar[int]
    parent: str
    month: str
    def __init__(self, parent: _Optional[str] = ..., month: _Optional[str] = ...) -> None: ...

class GetUsageReportResponse(_message.Message):
    __slots__ = ("report",)
    REPORT_FIELD_NUMBER: _ClassVar[int]
    report: UsageReport
    def __init__(self, report: _Optional[_Union[UsageReport, _Mapping]] = ...) -> None: ...
