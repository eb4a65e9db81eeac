"""The TelemetryService: request events and spans, read back from the local files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import grpc

from portico.gateway.v1 import telemetry_pb2, telemetry_pb2_grpc
from portico_server.platform.call import current
from portico_server.platform.errors import ApiError
from portico_server.platform.names import account_of
from portico_server.platform.paging import PageTokens
from portico_server.platform.telemetry import Telemetry, lookup

DEFAULT_PAGE = 100
MAX_PAGE = 1000

_AT_ONCE = 10
"""Records made into messages before other calls get their turn: each takes some 40 us, and there may be 10,000."""


_Message = TypeVar("_Message")


class TelemetryService(telemetry_pb2_grpc.TelemetryServiceServicer):
    """Reads what all processes of this platform have written."""

    def __init__(self, telemetry: Telemetry, page_tokens: PageTokens) -> None:
        self._telemetry = telemetry
        self._page_tokens = page_tokens

    async def GetTrace(self, request: telemetry_pb2.GetTraceRequest, context: Any) -> telemetry_pb2.GetTraceResponse:
        await self._telemetry.flush()  # so that a call that has just ended is found
        wanted = request.name.rpartition("/")[2]
        trace = await asyncio.to_thread(lookup.find_trace, self._folder, account_of(request.name), wanted)
        if not trace.events and not trace.spans:
            raise ApiError(
                grpc.StatusCode.NOT_FOUND,
                "TRACE_NOT_FOUND",
                "nothing is known of this ray or trace id: it may be of another account, or too long ago",
                metadata={"resource": request.name},
            )
        return telemetry_pb2.GetTraceResponse(
            request_events=await _in_turns(event_message, trace.events),
            spans=await _in_turns(span_message, trace.spans),
        )

    async def ListRequestEvents(
        self, request: telemetry_pb2.ListRequestEventsRequest, context: Any
    ) -> telemetry_pb2.ListRequestEventsResponse:
        principal = current.get().principal
        assert principal is not None  # the gateway's authorize step has seen to it
        before = self._page_tokens.open(request, principal.name, request.page_token)
        await self._telemetry.flush()
        events, cursor = await asyncio.to_thread(
            lookup.latest_events,
            self._folder,
            account_of(request.parent),
            limit=min(request.page_size or DEFAULT_PAGE, MAX_PAGE),
            before=before,
            failed_only=request.failed_only,
            method=request.method,
        )
        return telemetry_pb2.ListRequestEventsResponse(
            request_events=await _in_turns(event_message, events),
            next_page_token=self._page_tokens.seal(request, principal.name, cursor),
        )

    @property
    def _folder(self) -> Any:
        return self._telemetry.files.folder


async def _in_turns(make: Callable[[dict[str, Any]], _Message], records: Sequence[dict[str, Any]]) -> list[_Message]:
    made = []
    for number, record in enumerate(records, 1):
        made.append(make(record))
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
    return made


def event_message(event: dict[str, Any]) -> telemetry_pb2.RequestEvent:
    """A request event's record as a message."""
    message = telemetry_pb2.RequestEvent(
        ray_id=event["ray_id"],
        trace_id=event["trace_id"],
        method=event["method"],
        principal=event["principal"],
        acting_service=event.get("acting", ""),
        face=event.get("face", ""),
        resource=event["resource"],
        code=event["code"],
        reason=event["reason"],
        duration_nanos=event["duration"],
        received_bytes=event["received"],
        sent_bytes=event["sent"],
        steps=[
            telemetry_pb2.StepTiming(step=step, start_nanos=start, duration_nanos=duration)
            for step, start, duration in event["steps"]
        ],
    )
    message.arrival_time.FromNanoseconds(event["arrival"])
    return message


def span_message(span: dict[str, Any]) -> telemetry_pb2.Span:
    """A span's record as a message."""
    message = telemetry_pb2.Span(
        trace_id=span["trace_id"],
        span_id=span["span_id"],
        parent_span_id=span["parent_span_id"],
        name=span["name"],
        scope=span["scope"],
        duration_nanos=span["duration"],
        code=span["code"],
        attributes={key: str(value) for key, value in span["attributes"].items()},
    )
    message.start_time.FromNanoseconds(span["start"])
    return message
