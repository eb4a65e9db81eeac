"""Events that must be as durable as what they tell of: each is a statement for the batch of the change."""

from __future__ import annotations

import json

from portico_server.platform import call
from portico_server.platform.database import Statement
from portico_server.platform.outbox import AUDIT, emit

USAGE = "usage"


def audit(action: str, resource: str, now_us: int) -> Statement:
    """That the current caller did something to a resource: `objects.bucket.create`, say."""
    made_by = call.current.get(None)
    event = {
        "time_us": now_us,
        "action": action,
        "resource": resource,
        "principal": made_by.principal.name if made_by and made_by.principal else "",
        "ray_id": made_by.ray_id if made_by else "",
    }
    return emit(AUDIT, json.dumps(event).encode(), now_us)


def usage(bucket: str, objects: int, size_bytes: int, now_us: int) -> Statement:
    """By how much a bucket grew (or shrank) since the event before."""
    event = {"time_us": now_us, "resource": bucket, "objects": objects, "size_bytes": size_bytes}
    return emit(USAGE, json.dumps(event).encode(), now_us)
