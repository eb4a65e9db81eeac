"""Events that must be as durable as what they tell of: each is a statement for the batch of the change."""

from __future__ import annotations

import base64
import json
from typing import Any

from google.protobuf.json_format import MessageToDict

from portico_server.platform.audit import event_of
from portico_server.platform.database import Statement
from portico_server.platform.outbox import AUDIT, emit

_PART_BYTES = 40 * 1024
"""Of an event that is too large for one row: it comes in parts, base64, which are put together in order."""


def audit(action: str, resource: str, before: Any, after: Any, revision: int, now_us: int) -> list[Statement]:
    """That the current caller has changed something: `before` and `after` are its messages, None where it was not, or
    is no more. No message holds a secret."""
    event = event_of(
        action,
        resource,
        now_us,
        revision=revision,
        before=MessageToDict(before) if before is not None else None,
        after=MessageToDict(after) if after is not None else None,
    )
    body = json.dumps(event).encode()
    if len(body) <= _PART_BYTES:
        return [emit(AUDIT, body, now_us)]
    parts = [body[start : start + _PART_BYTES] for start in range(0, len(body), _PART_BYTES)]
    head = {key: event[key] for key in ("time_us", "action", "resource", "principal", "ray_id", "revision")}
    return [
        emit(
            AUDIT,
            json.dumps(
                {**head, "part": number, "parts": len(parts), "content": base64.b64encode(part).decode()}
            ).encode(),
            now_us,
        )
        for number, part in enumerate(parts, 1)
    ]
