"""What the platform recorded of calls: traces and request events. They are there within a second after the call."""

from __future__ import annotations

from portico._methods import method
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps
from portico.gateway.v1 import telemetry_pb2
from portico.gateway.v1.telemetry_pb2 import GetTraceResponse, ListRequestEventsResponse, RequestEvent

_SERVICE = "/portico.gateway.v1.TelemetryService/"
_GET_TRACE = method(_SERVICE + "GetTrace", telemetry_pb2.GetTraceResponse)
_LIST_REQUEST_EVENTS = method(_SERVICE + "ListRequestEvents", telemetry_pb2.ListRequestEventsResponse)


class _Traces(Service):
    @operation
    def get(self, trace: str) -> Steps[GetTraceResponse]:
        """All that is known of a trace, by its id or by the ray id of one of its calls. Raises NotFound."""
        request = telemetry_pb2.GetTraceRequest(name=f"{self.session.account}/traces/{trace}")
        return (yield from self.session.call(_GET_TRACE, request))


class Traces(_Traces, SyncService):
    """Traces, for threads."""


class AsyncTraces(_Traces, AsyncService):
    """Traces, for asyncio."""


class _RequestEvents(Service):
    @listing
    def list(
        self, *, failed_only: bool = False, called: str = "", page_size: int = 0
    ) -> Paging[RequestEvent, ListRequestEventsResponse]:
        """Recent calls of the account, the newest first.

        Args:
            failed_only: only those that failed.
            called: only those of one method: `/portico.objects.v1.ObjectService/PutObject`.
        """
        request = telemetry_pb2.ListRequestEventsRequest(
            parent=self.session.account, page_size=page_size, failed_only=failed_only, method=called
        )
        return Paging(_LIST_REQUEST_EVENTS, request, "request_events")


class RequestEvents(_RequestEvents, SyncService):
    """Request events, for threads."""


class AsyncRequestEvents(_RequestEvents, AsyncService):
    """Request events, for asyncio."""
