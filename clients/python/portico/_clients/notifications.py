"""Queues of notifications: what has happened to objects."""

from __future__ import annotations

from portico._methods import method
from portico._names import name_of
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps
from portico.objects.v1 import notifications_pb2
from portico.objects.v1.notifications_pb2 import ListNotificationsResponse, Notification

_SERVICE = "/portico.objects.v1.NotificationService/"
_LIST = method(_SERVICE + "ListNotifications", notifications_pb2.ListNotificationsResponse)
_ACKNOWLEDGE = method(_SERVICE + "AcknowledgeNotifications", notifications_pb2.AcknowledgeNotificationsResponse)


class _Notifications(Service):
    @operation
    def read(
        self, queue: str, *, limit: int = 0, start_after_sequence: int = 0, wait_seconds: int = 0
    ) -> Steps[ListNotificationsResponse]:
        """The oldest notifications of a queue that are not acknowledged, and how many were dropped unread.

        Args:
            limit: How many at most; 0: 1,000.
            start_after_sequence: Only those behind it.
            wait_seconds: For how long to wait for one, where there is none; 20 at most.
        """
        request = notifications_pb2.ListNotificationsRequest(
            parent=name_of(self.session.account, "queues", queue),
            page_size=limit,
            start_after_sequence=start_after_sequence,
            wait_seconds=wait_seconds,
        )
        return (yield from self.session.call(_LIST, request))

    @listing
    def list(
        self, queue: str, *, start_after_sequence: int = 0, page_size: int = 0
    ) -> Paging[Notification, ListNotificationsResponse]:
        """All notifications of a queue that are not acknowledged, the oldest first."""
        request = notifications_pb2.ListNotificationsRequest(
            parent=name_of(self.session.account, "queues", queue),
            page_size=page_size,
            start_after_sequence=start_after_sequence,
        )
        return Paging(_LIST, request, "notifications")

    @operation
    def acknowledge(self, queue: str, up_to_sequence: int) -> Steps[int]:
        """Says that those up to this one are dealt with: they are told no more. Answers up to which they are now.

        Raises FailedPrecondition (`NOTIFICATION_NOT_TOLD`) where there is no such one yet.
        """
        request = notifications_pb2.AcknowledgeNotificationsRequest(
            parent=name_of(self.session.account, "queues", queue), up_to_sequence=up_to_sequence
        )
        response = yield from self.session.call(_ACKNOWLEDGE, request)
        return response.acknowledged_sequence


class Notifications(_Notifications, SyncService):
    """Queues of notifications, for threads."""


class AsyncNotifications(_Notifications, AsyncService):
    """Queues of notifications, for asyncio."""
