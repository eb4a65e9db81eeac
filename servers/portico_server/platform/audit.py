"""Audit events: that somebody changed something, as a statement for the batch of the change."""

from __future__ import annotations

import json
from typing import Any

from portico_server.platform import call
from portico_server.platform.database import Statement
from portico_server.platform.outbox import AUDIT, emit


def audit(action: str, resource: str, now_us: int, **details: Any) -> Statement:
    """That the current caller did something to a resource: `objects.bucket.create`, say. `details` are what JSON can
    hold: `before` and `after`, usually."""
    return emit(AUDIT, json.dumps(event_of(action, resource, now_us, **details)).encode(), now_us)


def event_of(action: str, resource: str, now_us: int, **details: Any) -> dict[str, Any]:
    """The event itself, with who did it and by which call."""
    made_by = call.current.get(None)
    return {
        "time_us": now_us,
        "action": action,
        "resource": resource,
        "principal": made_by.principal.name if made_by and made_by.principal else "",
        "ray_id": made_by.ray_id if made_by else "",
        **details,
    }
