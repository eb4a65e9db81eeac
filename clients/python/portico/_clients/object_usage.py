"""What an account uses of the object storage."""

from __future__ import annotations

from portico._methods import method
from portico._services import AsyncService, Service, SyncService, operation
from portico._steps import Steps
from portico.objects.v1 import usage_pb2
from portico.objects.v1.usage_pb2 import UsageReport

_GET_REPORT = method("/portico.objects.v1.UsageService/GetUsageReport", usage_pb2.GetUsageReportResponse)


class _ObjectUsage(Service):
    @operation
    def report(self, month: str = "", *, account: str = "") -> Steps[UsageReport]:
        """What was used in a month (`2026-11`, UTC; empty: this one), bucket by bucket, and what that costs."""
        parent = f"accounts/{account}" if account else self.session.account
        request = usage_pb2.GetUsageReportRequest(parent=parent, month=month)
        response = yield from self.session.call(_GET_REPORT, request)
        return response.report


class ObjectUsage(_ObjectUsage, SyncService):
    """Usage, for threads."""


class AsyncObjectUsage(_ObjectUsage, AsyncService):
    """Usage, for asyncio."""
