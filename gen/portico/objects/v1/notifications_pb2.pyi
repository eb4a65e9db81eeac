import datetime

from portico._buf.validate import validate_pb2 as _validate_pb2
from google.api import annotations_pb2 as _annotations_pb2
from google.api import field_behavior_pb2 as _field_behavior_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from portico.objects.v1 import buckets_pb2 as _buckets_pb2
from portico.options.v1 import options_pb2 as _options_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Notification(_message.Message):
    __slots__ = ("sequence", "id", "event_time", "event", "object", "version_id", "delete_marker", "size_bytes", "etag", "principal", "ray_id")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    DELETE_MARKER_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    ETAG_FIELD_NUMBER: _ClassVar[int]
    PRINCIPAL_FIELD_NUMBER: _ClassVar[int]
    RAY_ID_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    id: str
    event_time: _timestamp_pb2.Timestamp
    event: _buckets_pb2.NotificationRule.Event
    object: str
    version_id: str
    delete_marker: bool
    size_bytes: int
    etag: str
    principal: str
    ray_id: str
    def __init__(self, sequence: _Optional[int] = ..., id: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., event: _Optional[_Union[_buckets_pb2.NotificationRule.Event, str]] = ..., object: _Optional[str] = ..., version_id: _Optional[str] = ..., delete_marker: _Optional[bool] = ..., size_bytes: _Optional[int] = ..., etag: _Optional[str] = ..., principal: _Optional[str] = ..., ray_id: _Optional[str] = ...) -> None: ...

class ListNotificationsRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "start_after_sequence", "wait_seconds")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    WAIT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    start_after_sequence: int
    wait_seconds: int
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., start_after_sequence: _Optional[int] = ..., wait_seconds: _Optional[int] = ...) -> None: ...

class ListNotificationsResponse(_message.Message):
    __slots__ = ("notifications", "next_page_token", "acknowledged_sequence", "dropped_notifications")
    NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DROPPED_NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    notifications: _containers.RepeatedCompositeFieldContainer[Notification]
    next_page_token: str
    acknowledged_sequence: int
    dropped_notifications: int
    def __init__(self, notifications: _Optional[_Iterable[_Union[Notification, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., acknowledged_sequence: _Optional[int] = ..., dropped_notifications: _Optional[int] = ...) -> None: ...

class AcknowledgeNotificationsRequest(_message.Message):
    __slots__ = ("parent", "up_to_sequence")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    UP_TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    parent: str
    up_to_sequence: int
    def __init__(self, parent: _Optional[str] = ..., up_to_sequence: _Optional[int] = ...) -> None: ...

class AcknowledgeNotificationsResponse(_message.Message):
    __slots__ = ("acknowledged_sequence",)
    ACKNOWLEDGED_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    acknowledged_sequence: int
    def __init__(self, acknowledged_sequence: _Optional[int] = ...) -> None: ...

class Webhook(_message.Message):
    __slots__ = ("name", "url", "create_time", "state", "waiting_notifications", "dropped_notifications", "last_success_time", "last_failure_time", "last_failure", "failed_attempts", "next_attempt_time", "secret_create_time", "signing_secrets", "buckets", "next_notification_id", "next_notification_time")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Webhook.State]
        STATE_ACTIVE: _ClassVar[Webhook.State]
        STATE_FAILING: _ClassVar[Webhook.State]
        STATE_DISABLED: _ClassVar[Webhook.State]
    STATE_UNSPECIFIED: Webhook.State
    STATE_ACTIVE: Webhook.State
    STATE_FAILING: Webhook.State
    STATE_DISABLED: Webhook.State
    NAME_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    WAITING_NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    LAST_SUCCESS_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_FAILURE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_FAILURE_FIELD_NUMBER: _ClassVar[int]
    FAILED_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    SECRET_CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SIGNING_SECRETS_FIELD_NUMBER: _ClassVar[int]
    BUCKETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    NEXT_NOTIFICATION_TIME_FIELD_NUMBER: _ClassVar[int]
    name: str
    url: str
    create_time: _timestamp_pb2.Timestamp
    state: Webhook.State
    waiting_notifications: int
    dropped_notifications: int
    last_success_time: _timestamp_pb2.Timestamp
    last_failure_time: _timestamp_pb2.Timestamp
    last_failure: str
    failed_attempts: int
    next_attempt_time: _timestamp_pb2.Timestamp
    secret_create_time: _timestamp_pb2.Timestamp
    signing_secrets: int
    buckets: _containers.RepeatedScalarFieldContainer[str]
    next_notification_id: str
    next_notification_time: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., url: _Optional[str] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., state: _Optional[_Union[Webhook.State, str]] = ..., waiting_notifications: _Optional[int] = ..., dropped_notifications: _Optional[int] = ..., last_success_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_failure_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_failure: _Optional[str] = ..., failed_attempts: _Optional[int] = ..., next_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., secret_create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., signing_secrets: _Optional[int] = ..., buckets: _Optional[_Iterable[str]] = ..., next_notification_id: _Optional[str] = ..., next_notification_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListWebhooksRequest(_message.Message):
    __slots__ = ("parent", "page_size", "page_token", "bucket")
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    BUCKET_FIELD_NUMBER: _ClassVar[int]
    parent: str
    page_size: int
    page_token: str
    bucket: str
    def __init__(self, parent: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., bucket: _Optional[str] = ...) -> None: ...

class ListWebhooksResponse(_message.Message):
    __slots__ = ("webhooks", "next_page_token")
    WEBHOOKS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    webhooks: _containers.RepeatedCompositeFieldContainer[Webhook]
    next_page_token: str
    def __init__(self, webhooks: _Optional[_Iterable[_Union[Webhook, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetWebhookRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetWebhookResponse(_message.Message):
    __slots__ = ("webhook",)
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    webhook: Webhook
    def __init__(self, webhook: _Optional[_Union[Webhook, _Mapping]] = ...) -> None: ...

class TestWebhookRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class TestWebhookResponse(_message.Message):
    __slots__ = ("succeeded", "http_status", "failure", "duration_ms")
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    HTTP_STATUS_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    DURATION_MS_FIELD_NUMBER: _ClassVar[int]
    succeeded: bool
    http_status: int
    failure: str
    duration_ms: int
    def __init__(self, succeeded: _Optional[bool] = ..., http_status: _Optional[int] = ..., failure: _Optional[str] = ..., duration_ms: _Optional[int] = ...) -> None: ...

class RetryWebhookRequest(_message.Message):
    __slots__ = ("name", "drop_waiting", "skip_notification_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    DROP_WAITING_FIELD_NUMBER: _ClassVar[int]
    SKIP_NOTIFICATION_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    drop_waiting: bool
    skip_notification_id: str
    def __init__(self, name: _Optional[str] = ..., drop_waiting: _Optional[bool] = ..., skip_notification_id: _Optional[str] = ...) -> None: ...

class RetryWebhookResponse(_message.Message):
    __slots__ = ("webhook", "dropped_notifications", "skipped_notification")
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    DROPPED_NOTIFICATIONS_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_NOTIFICATION_FIELD_NUMBER: _ClassVar[int]
    webhook: Webhook
    dropped_notifications: int
    skipped_notification: Notification
    def __init__(self, webhook: _Optional[_Union[Webhook, _Mapping]] = ..., dropped_notifications: _Optional[int] = ..., skipped_notification: _Optional[_Union[Notification, _Mapping]] = ...) -> None: ...

class RotateWebhookSecretRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class RotateWebhookSecretResponse(_message.Message):
    __slots__ = ("webhook", "secret")
    WEBHOOK_FIELD_NUMBER: _ClassVar[int]
    SECRET_FIELD_NUMBER: _ClassVar[int]
    webhook: Webhook
    secret: str
    def __init__(self, webhook: _Optional[_Union[Webhook, _Mapping]] = ..., secret: _Optional[str] = ...) -> None: ...
