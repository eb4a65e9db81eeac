"""Queues of notifications, and webhooks: what has happened to objects."""

from __future__ import annotations

from portico._methods import method
from portico._names import name_of
from portico._paging import Paging
from portico._services import AsyncService, Service, SyncService, listing, operation
from portico._steps import Steps
from portico.objects.v1 import notifications_pb2
from portico.objects.v1.notifications_pb2 import (
    ListNotificationsResponse,
    ListWebhooksResponse,
    Notification,
    RetryWebhookResponse,
    TestWebhookResponse,
    Webhook,
)

_SERVICE = "/portico.objects.v1.NotificationService/"
_LIST = method(_SERVICE + "ListNotifications", notifications_pb2.ListNotificationsResponse)
_ACKNOWLEDGE = method(_SERVICE + "AcknowledgeNotifications", notifications_pb2.AcknowledgeNotificationsResponse)
_LIST_WEBHOOKS = method(_SERVICE + "ListWebhooks", notifications_pb2.ListWebhooksResponse)
_GET_WEBHOOK = method(_SERVICE + "GetWebhook", notifications_pb2.GetWebhookResponse)
_TEST_WEBHOOK = method(_SERVICE + "TestWebhook", notifications_pb2.TestWebhookResponse)
_RETRY_WEBHOOK = method(_SERVICE + "RetryWebhook", notifications_pb2.RetryWebhookResponse)
_ROTATE_SECRET = method(_SERVICE + "RotateWebhookSecret", notifications_pb2.RotateWebhookSecretResponse)


class _Notifications(Service):
    @operation
    def read(
        self, queue: str, *, limit: int = 0, start_after_sequence: int = 0, wait_seconds: int = 0
    ) -> Steps[ListNotificationsResponse]:
        """The oldest notifications of a queue that are not acknowledged, and how many were dropped unread.

        Raises NotFound where no rule names the queue, and nothing was ever told to it.

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

    @listing
    def webhooks(self, *, bucket: str = "", page_size: int = 0) -> Paging[Webhook, ListWebhooksResponse]:
        """The webhooks of the account with how they are, by name; with a `bucket` those that its rules name."""
        request = notifications_pb2.ListWebhooksRequest(
            parent=self.session.account,
            bucket=name_of(self.session.account, "buckets", bucket) if bucket else "",
            page_size=page_size,
        )
        return Paging(_LIST_WEBHOOKS, request, "webhooks")

    @operation
    def webhook(self, webhook: str) -> Steps[Webhook]:
        """One webhook. Raises NotFound (`WEBHOOK_NOT_FOUND`), as all that follows."""
        request = notifications_pb2.GetWebhookRequest(name=self._webhook(webhook))
        return (yield from self.session.call(_GET_WEBHOOK, request)).webhook

    @operation
    def test_webhook(self, webhook: str) -> Steps[TestWebhookResponse]:
        """Sends it a `ping` now, and answers what came of it."""
        request = notifications_pb2.TestWebhookRequest(name=self._webhook(webhook))
        return (yield from self.session.call(_TEST_WEBHOOK, request))

    @operation
    def retry_webhook(
        self, webhook: str, *, drop_waiting: bool = False, skip_notification_id: str = ""
    ) -> Steps[RetryWebhookResponse]:
        """Enables it again, and has what waits sent now. Answers how it is, and what was dropped.

        Args:
            drop_waiting: What waits is dropped instead.
            skip_notification_id: This one is dropped, which is its `next_notification_id`; those behind it are sent.
                Raises FailedPrecondition (`NOTIFICATION_NOT_NEXT`) if another one is next.
        """
        request = notifications_pb2.RetryWebhookRequest(
            name=self._webhook(webhook), drop_waiting=drop_waiting, skip_notification_id=skip_notification_id
        )
        return (yield from self.session.call(_RETRY_WEBHOOK, request))

    @operation
    def rotate_webhook_secret(self, webhook: str) -> Steps[str]:
        """A new secret for it, `whsec_…`, which is shown here and never again. One that was shown before goes on
        signing beside it for 24 hours."""
        request = notifications_pb2.RotateWebhookSecretRequest(name=self._webhook(webhook))
        return (yield from self.session.call(_ROTATE_SECRET, request)).secret

    def _webhook(self, webhook: str) -> str:
        return name_of(self.session.account, "webhooks", webhook)


class Notifications(_Notifications, SyncService):
    """Queues of notifications and webhooks, for threads."""


class AsyncNotifications(_Notifications, AsyncService):
    """Queues of notifications and webhooks, for asyncio."""
