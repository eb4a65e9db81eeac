from google.protobuf import descriptor_pb2 as _descriptor_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class UnknownFields(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN_FIELDS_UNSPECIFIED: _ClassVar[UnknownFields]
    UNKNOWN_FIELDS_REFUSED: _ClassVar[UnknownFields]
UNKNOWN_FIELDS_UNSPECIFIED: UnknownFields
UNKNOWN_FIELDS_REFUSED: UnknownFields
AUTHORIZATION_FIELD_NUMBER: _ClassVar[int]
authorization: _descriptor.FieldDescriptor
UNKNOWN_FIELDS_FIELD_NUMBER: _ClassVar[int]
unknown_fields: _descriptor.FieldDescriptor
FACE_FIELD_NUMBER: _ClassVar[int]
face: _descriptor.FieldDescriptor

class Authorization(_message.Message):
    __slots__ = ("public", "requirements", "asked_permissions", "anonymous")
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    REQUIREMENTS_FIELD_NUMBER: _ClassVar[int]
    ASKED_PERMISSIONS_FIELD_NUMBER: _ClassVar[int]
    ANONYMOUS_FIELD_NUMBER: _ClassVar[int]
    public: bool
    requirements: _containers.RepeatedCompositeFieldContainer[Requirement]
    asked_permissions: _containers.RepeatedScalarFieldContainer[str]
    anonymous: bool
    def __init__(self, public: _Optional[bool] = ..., requirements: _Optional[_Iterable[_Union[Requirement, _Mapping]]] = ..., asked_permissions: _Optional[_Iterable[str]] = ..., anonymous: _Optional[bool] = ...) -> None: ...

class Requirement(_message.Message):
    __slots__ = ("permission", "resource_field", "mode")
    class Mode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        MODE_UNSPECIFIED: _ClassVar[Requirement.Mode]
        MODE_FILTER: _ClassVar[Requirement.Mode]
        MODE_EITHER: _ClassVar[Requirement.Mode]
        MODE_OWN: _ClassVar[Requirement.Mode]
    MODE_UNSPECIFIED: Requirement.Mode
    MODE_FILTER: Requirement.Mode
    MODE_EITHER: Requirement.Mode
    MODE_OWN: Requirement.Mode
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    RESOURCE_FIELD_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    permission: str
    resource_field: str
    mode: Requirement.Mode
    def __init__(self, permission: _Optional[str] = ..., resource_field: _Optional[str] = ..., mode: _Optional[_Union[Requirement.Mode, str]] = ...) -> None: ...
