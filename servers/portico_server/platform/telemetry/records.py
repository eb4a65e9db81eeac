"""The lines that request events and spans become in the local files: JSON, one record a line.

Written by hand, since this is done for every call: 2 us where `json.dumps` takes 5. A request event begins with its end
time and ray id at fixed places, so that readers order and skip events without parsing them.
"""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii as quoted
from typing import Any, NamedTuple

from portico_server.platform.call import Call
from portico_server.platform.telemetry.spans import Attribute, Span

EVENT = b'{"end":'
"""How a request event's line begins."""

_DIGITS = 19  # of nanoseconds since 1970, from the year 2001 to 2286
_END = slice(len(EVENT), len(EVENT) + _DIGITS)
_RAY = slice(_END.stop + len(',"ray_id":"'), _END.stop + len(',"ray_id":"') + 32)


class SpanRecord(NamedTuple):
    """A span as it is kept: ids in hexadecimal, times in nanoseconds (since 1970), `code` a `google.rpc.Code`."""

    trace_id: str
    span_id: str
    parent_span_id: str
    name: str
    scope: str
    start_ns: int
    duration_ns: int
    code: int
    attributes: dict[str, Attribute]


def event_line(call: Call, account: str, code: int, reason: str, end_ns: int, duration_ns: int) -> bytes:
    """A request event. `end_ns` since 1970 orders events; steps are (name, nanoseconds since arrival, nanoseconds)."""
    arrival_ns = call.arrival_ns
    steps = ""
    for name, start_ns, step_ns in call.steps:
        steps += f',["{name}",{start_ns - arrival_ns},{step_ns}]'
    principal = call.principal.name if call.principal else ""
    acting = f'"acting":{quoted(call.acting)},' if call.acting else ""
    face = f'"face":{quoted(call.face)},' if call.face else ""
    return (
        f'{{"end":{end_ns},"ray_id":"{call.ray_id}","trace_id":"{call.trace.trace_id}",'
        f'"account":{quoted(account)},"code":{code},"reason":{quoted(reason)},"method":{quoted(call.method.path)},'
        f'"principal":"{principal}",{acting}{face}"resource":{quoted(call.resource)},"arrival":{call.arrival_time_ns},'
        f'"duration":{duration_ns},"received":{call.received_bytes},"sent":{call.sent_bytes},"steps":[{steps[1:]}]}}\n'
    ).encode()


def span_line(account: str, span: SpanRecord) -> bytes:
    """A span of an account."""
    attributes = ",".join(
        [
            f"{quoted(key)}:{quoted(value) if isinstance(value, str) else int(value)}"
            for key, value in span.attributes.items()
        ]
    )
    return (
        f'{{"start":{span.start_ns},"account":{quoted(account)},"trace_id":"{span.trace_id}","span_id":"{span.span_id}",'
        f'"parent_span_id":"{span.parent_span_id}","name":{quoted(span.name)},"scope":{quoted(span.scope)},'
        f'"duration":{span.duration_ns},"code":{span.code},"attributes":{{{attributes}}}}}\n'
    ).encode()


def record_of(span: Span) -> SpanRecord:
    """A recorded span of a call, with the call's ray id among its attributes."""
    call = span.call
    return SpanRecord(
        call.trace.trace_id,
        span.span_id,
        span.parent_span_id,
        span.name,
        span.scope,
        call.arrival_time_ns + span.start_ns - call.arrival_ns,
        span.duration_ns,
        span.code,
        {"portico.ray_id": call.ray_id, **span.attributes},
    )


def parse(line: bytes) -> dict[str, Any] | None:
    """A line's record; None for one that a crash cut short."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def is_event(line: bytes) -> bool:
    return line.startswith(EVENT) and len(line) > _RAY.stop


def order_of(line: bytes) -> bytes:
    """What orders request events: end time, then ray id. Compares as bytes."""
    return line[_END] + b"-" + line[_RAY]
