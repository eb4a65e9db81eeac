from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class EchoRequest(_message.Message):
    __slots__ = ("text", "status", "statuses", "statuses_by_name")
    class StatusesByNameEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Status
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Status, _Mapping]] = ...) -> None: ...
    TEXT_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    STATUSES_BY_NAME_FIELD_NUMBER: _ClassVar[int]
    text: str
    status: Status
    statuses: _containers.RepeatedCompositeFieldContainer[Status]
    statuses_by_name: _containers.MessageMap[str, Status]
    def __init__(self, text: _Optional[str] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., statuses: _Optional[_Iterable[_Union[Status, _Mapping]]] = ..., statuses_by_name: _Optional[_Mapping[str, Status]] = ...) -> None: ...

class EchoResponse(_message.Message):
    __slots__ = ("text",)
    TEXT_FIELD_NUMBER: _ClassVar[int]
    text: str
    def __init__(self, text: _Optional[str] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("code", "message")
    CODE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    code: int
    message: str
    def __init__(self, code: _Optional[int] = ..., message: _Optional[str] = ...) -> None: ...

class UnaryRequest(_message.Message):
    __slots__ = ("name", "text", "payload", "response_bytes", "status", "delay_millis", "echo_metadata", "crash")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_BYTES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DELAY_MILLIS_FIELD_NUMBER: _ClassVar[int]
    ECHO_METADATA_FIELD_NUMBER: _ClassVar[int]
    CRASH_FIELD_NUMBER: _ClassVar[int]
    name: str
    text: str
    payload: bytes
    response_bytes: int
    status: Status
    delay_millis: int
    echo_metadata: bool
    crash: bool
    def __init__(self, name: _Optional[str] = ..., text: _Optional[str] = ..., payload: _Optional[bytes] = ..., response_bytes: _Optional[int] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., delay_millis: _Optional[int] = ..., echo_metadata: _Optional[bool] = ..., crash: _Optional[bool] = ...) -> None: ...

class UnaryResponse(_message.Message):
    __slots__ = ("text", "payload")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    text: str
    payload: bytes
    def __init__(self, text: _Optional[str] = ..., payload: _Optional[bytes] = ...) -> None: ...

class ClientStreamRequest(_message.Message):
    __slots__ = ("name", "payload", "text")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    payload: bytes
    text: str
    def __init__(self, name: _Optional[str] = ..., payload: _Optional[bytes] = ..., text: _Optional[str] = ...) -> None: ...

class ClientStreamResponse(_message.Message):
    __slots__ = ("payload_bytes", "messages")
    PAYLOAD_BYTES_FIELD_NUMBER: _ClassVar[int]
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    payload_bytes: int
    messages: int
    def __init__(self, payload_bytes: _Optional[int] = ..., messages: _Optional[int] = ...) -> None: ...

class ServerStreamRequest(_message.Message):
    __slots__ = ("name", "sizes_bytes", "status", "delay_millis")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SIZES_BYTES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DELAY_MILLIS_FIELD_NUMBER: _ClassVar[int]
    name: str
    sizes_bytes: _containers.RepeatedScalarFieldContainer[int]
    status: Status
    delay_millis: int
    def __init__(self, name: _Optional[str] = ..., sizes_bytes: _Optional[_Iterable[int]] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., delay_millis: _Optional[int] = ...) -> None: ...

class ServerStreamResponse(_message.Message):
    __slots__ = ("payload",)
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    def __init__(self, payload: _Optional[bytes] = ...) -> None: ...

class BidiStreamRequest(_message.Message):
    __slots__ = ("name", "payload", "sizes_bytes", "status")
    NAME_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIZES_BYTES_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    name: str
    payload: bytes
    sizes_bytes: _containers.RepeatedScalarFieldContainer[int]
    status: Status
    def __init__(self, name: _Optional[str] = ..., payload: _Optional[bytes] = ..., sizes_bytes: _Optional[_Iterable[int]] = ..., status: _Optional[_Union[Status, _Mapping]] = ...) -> None: ...

class BidiStreamResponse(_message.Message):
    __slots__ = ("payload",)
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    payload: bytes
    def __init__(self, payload: _Optional[bytes] = ...) -> None: ...

class OpenRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class OpenResponse(_message.Message):
    __slots__ = ("anonymous",)
    ANONYMOUS_FIELD_NUMBER: _ClassVar[int]
    anonymous: bool
    def __init__(self, anonymous: _Optional[bool] = ...) -> None: ...

class EmptyRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class EmptyResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnimplementedRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class UnimplementedResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
