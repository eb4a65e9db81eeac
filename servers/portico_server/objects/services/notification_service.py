"""NotificationService: contract in, a queue's call, contract out."""

from __future__ import annotations

from typing import Any

from portico.objects.v1 import notifications_pb2, notifications_pb2_grpc
from portico_server.objects.notifications.queues import Queues
from portico_server.objects.services import caller
from portico_server.objects.versions import listing
from portico_server.platform.paging import PageTokens


class NotificationService(notifications_pb2_grpc.NotificationServiceServicer):
    """Tells readers of queues what has happened to objects."""

    def __init__(self, queues: Queues, page_tokens: PageTokens) -> None:
        self._queues = queues
        self._page_tokens = page_tokens

    async def ListNotifications(
        self, request: notifications_pb2.ListNotificationsRequest, context: Any
    ) -> notifications_pb2.ListNotificationsResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        behind, limit = max(request.start_after_sequence, int(cursor or 0)), listing.page_size(request.page_size)
        page = await self._queues.read(request.parent, behind, limit, request.wait_seconds)
        next_cursor = str(page.found[-1][0]) if page.more else ""
        return notifications_pb2.ListNotificationsResponse(
            notifications=[_message(sequence, body) for sequence, body in page.found],
            next_page_token=self._page_tokens.seal(request, caller.principal(), next_cursor),
            acknowledged_sequence=page.queue.acknowledged,
            dropped_notifications=page.queue.dropped,
        )

    async def AcknowledgeNotifications(
        self, request: notifications_pb2.AcknowledgeNotificationsRequest, context: Any
    ) -> notifications_pb2.AcknowledgeNotificationsResponse:
        queue = await self._queues.acknowledge(request.parent, request.up_to_sequence)
        return notifications_pb2.AcknowledgeNotificationsResponse(acknowledged_sequence=queue.acknowledged)


def _message(sequence: int, body: bytes) -> notifications_pb2.Notification:
    message = notifications_pb2.Notification.FromString(body)
    message.sequence = sequence
    return message
