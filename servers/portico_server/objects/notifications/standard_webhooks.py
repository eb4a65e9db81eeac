"""Standard Webhooks 1.0: secrets, signatures, and the bodies that are signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from portico.objects.v1 import buckets_pb2, notifications_pb2

SECRET_BYTES = 32
"""24 to 64 are allowed."""
_PREFIX = "whsec_"
PING = "ping"


def secret_text(secret: bytes) -> str:
    """As it is shown, and as libraries of receivers take it."""
    return _PREFIX + base64.b64encode(secret).decode()


def headers(secrets: Iterable[bytes], message_id: str, time_seconds: int, body: bytes) -> list[tuple[str, str]]:
    """Those of one try: a signature by each secret. `message_id` holds no full stop."""
    signed = f"{message_id}.{time_seconds}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in secrets)
    return [
        ("content-type", "application/json"),
        ("webhook-id", message_id),
        ("webhook-timestamp", str(time_seconds)),
        ("webhook-signature", " ".join(f"v1,{signature}" for signature in signatures)),
    ]


def event_body(notification: notifications_pb2.Notification) -> bytes:
    """Of a notification: the same at each try."""
    event = buckets_pb2.NotificationRule.Event.Name(notification.event)
    return _body(
        event.removeprefix("EVENT_").replace("_", ".").lower(),
        notification.event_time.ToJsonString(),
        json_format.MessageToDict(notification),
    )


def ping_body(webhook: str, now_us: int) -> bytes:
    time = Timestamp()
    time.FromMicroseconds(now_us)
    return _body(PING, time.ToJsonString(), {"webhook": webhook})


def _body(kind: str, time_text: str, data: dict[str, Any]) -> bytes:
    content = {"type": kind, "timestamp": time_text, "data": data}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
