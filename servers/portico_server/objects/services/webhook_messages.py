"""What is answered of a webhook."""

from __future__ import annotations

from portico.objects.v1 import notifications_pb2
from portico_server.objects.notifications.webhooks import Told
from portico_server.objects.store.webhooks import Webhook

_State = notifications_pb2.Webhook.State


def webhook_message(told: Told) -> notifications_pb2.Webhook:
    webhook, secrets = told.webhook, told.secrets
    state = _state(webhook)
    message = notifications_pb2.Webhook(
        name=webhook.name,
        url=webhook.url,
        state=state,
        waiting_notifications=told.waiting.waiting,
        dropped_notifications=told.waiting.dropped,
        last_failure=webhook.last_failure,
        failed_attempts=min(webhook.failures, 2**31 - 1),
        signing_secrets=len(secrets),
        buckets=told.buckets,
    )
    times = {
        "create_time": webhook.created_at_us,
        "last_success_time": webhook.last_success_at_us,
        "last_failure_time": webhook.last_failure_at_us,
        "next_attempt_time": webhook.due_at_us if state == _State.STATE_FAILING else 0,
        "secret_create_time": secrets[0].created_at_us if secrets else 0,
    }
    if told.following is not None:
        message.next_notification_id = told.following.id
        message.next_notification_time.CopyFrom(told.following.event_time)
    for field, time_us in times.items():
        if time_us:
            getattr(message, field).FromMicroseconds(time_us)
    return message


def _state(webhook: Webhook) -> notifications_pb2.Webhook.State:
    if webhook.disabled:
        return _State.STATE_DISABLED
    return _State.STATE_FAILING if webhook.failures else _State.STATE_ACTIVE
