"""Events that must be as durable as what they tell of: each is a statement for the batch of the change."""

from __future__ import annotations

import json

from portico_server.platform.audit import audit
from portico_server.platform.database import Statement
from portico_server.platform.outbox import emit

__all__ = ["USAGE", "audit", "usage"]

USAGE = "usage"


def usage(bucket: str, objects: int, size_bytes: int, now_us: int) -> Statement:
    """By how much a bucket grew (or shrank) since the event before."""
    event = {"time_us": now_us, "resource": bucket, "objects": objects, "size_bytes": size_bytes}
    return emit(USAGE, json.dumps(event).encode(), now_us)
