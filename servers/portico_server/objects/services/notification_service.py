"""NotificationService: contract in, a queue's or a webhook's call, contract out."""

from __future__ import annotations

from typing import Any

from portico.objects.v1 import notifications_pb2, notifications_pb2_grpc
from portico_server.objects.notifications.queues import Queues
from portico_server.objects.notifications.webhooks import Webhooks
from portico_server.objects.services import caller
from portico_server.objects.services.webhook_messages import webhook_message
from portico_server.objects.versions import listing
from portico_server.platform.paging import PageTokens

_MOST_WEBHOOKS = 100
"""Of a page."""


class NotificationService(notifications_pb2_grpc.NotificationServiceServicer):
    """Tells readers of queues what has happened to objects, and owners of webhooks how these are."""

    def __init__(self, queues: Queues, webhooks: Webhooks, page_tokens: PageTokens) -> None:
        self._queues = queues
        self._webhooks = webhooks
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

    async def ListWebhooks(
        self, request: notifications_pb2.ListWebhooksRequest, context: Any
    ) -> notifications_pb2.ListWebhooksResponse:
        cursor = self._page_tokens.open(request, caller.principal(), request.page_token)
        size = min(request.page_size or _MOST_WEBHOOKS, _MOST_WEBHOOKS)
        found, cursor = await self._webhooks.list(request.parent, request.bucket, cursor, size, caller.shown())
        return notifications_pb2.ListWebhooksResponse(
            webhooks=map(webhook_message, found),
            next_page_token=self._page_tokens.seal(request, caller.principal(), cursor),
        )

    async def GetWebhook(
        self, request: notifications_pb2.GetWebhookRequest, context: Any
    ) -> notifications_pb2.GetWebhookResponse:
        return notifications_pb2.GetWebhookResponse(webhook=webhook_message(await self._webhooks.get(request.name)))

    async def TestWebhook(
        self, request: notifications_pb2.TestWebhookRequest, context: Any
    ) -> notifications_pb2.TestWebhookResponse:
        tested = await self._webhooks.test(request.name)
        return notifications_pb2.TestWebhookResponse(
            succeeded=not tested.outcome.failure,
            http_status=tested.outcome.http_status,
            failure=tested.outcome.failure,
            duration_ms=int(tested.duration_seconds * 1000),
        )

    async def RetryWebhook(
        self, request: notifications_pb2.RetryWebhookRequest, context: Any
    ) -> notifications_pb2.RetryWebhookResponse:
        told, dropping = await self._webhooks.retry(request.name, request.drop_waiting, request.skip_notification_id)
        return notifications_pb2.RetryWebhookResponse(
            webhook=webhook_message(told),
            dropped_notifications=dropping.number,
            skipped_notification=dropping.skipped,
        )

    async def RotateWebhookSecret(
        self, request: notifications_pb2.RotateWebhookSecretRequest, context: Any
    ) -> notifications_pb2.RotateWebhookSecretResponse:
        told, secret = await self._webhooks.rotate_secret(request.name)
        return notifications_pb2.RotateWebhookSecretResponse(webhook=webhook_message(told), secret=secret)


def _message(sequence: int, body: bytes) -> notifications_pb2.Notification:
    message = notifications_pb2.Notification.FromString(body)
    message.sequence = sequence
    return message
