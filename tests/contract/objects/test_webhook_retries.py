"""Webhooks whose owners step in: what waits is sent at once, dropped, or skipped."""

from __future__ import annotations

import asyncio

import pytest

from portico_server.objects import errors
from portico_server.objects.notifications import delivering
from tests.contract.objects.stand import BUCKET, Stand
from tests.contract.objects.test_webhooks import ACTIVE, HOUR, only, receiver, rule, send, until
from tests.harness.webhook_receiver import WebhookReceiver

__all__ = ["receiver"]


async def test_what_waits_can_be_dropped_and_is_counted(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    receiver.answers = [(400, {})]
    for key in "abc":
        await stand.put(key)
    await send(stand)
    retried = await stand.retry_webhook((await only(stand)).name, drop_waiting=True)
    now = retried.webhook
    assert (now.waiting_notifications, now.dropped_notifications, now.state) == (0, 3, ACTIVE)
    assert retried.dropped_notifications == 3
    await stand.put("d")
    await send(stand)
    assert [key for _, key in receiver.told()] == ["a", "d"]
    assert (await stand.retry_webhook(now.name, drop_waiting=True)).dropped_notifications == 0


async def test_one_that_is_never_taken_can_be_skipped_and_no_other(stand: Stand, receiver: WebhookReceiver) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    receiver.answers = [(400, {})]
    for key in "abc":
        await stand.put(key)
    await send(stand)
    failing = await only(stand)
    assert failing.next_notification_id == receiver.received[0].headers["webhook-id"]
    assert failing.next_notification_time.ToMicroseconds() > 0
    skip = {"skip_notification_id": failing.next_notification_id}
    retried = await stand.retry_webhook(failing.name, **skip)
    assert (retried.dropped_notifications, retried.skipped_notification.object) == (1, f"{BUCKET}/objects/a")
    assert (retried.webhook.state, retried.webhook.waiting_notifications) == (ACTIVE, 2)
    with pytest.raises(errors.NotificationNotNext, match=retried.webhook.next_notification_id):
        await stand.retry_webhook(failing.name, **skip)
    await send(stand)
    assert [key for _, key in receiver.told()] == ["a", "b", "c"]
    with pytest.raises(errors.NotificationNotNext, match="nothing waits"):
        await stand.retry_webhook(failing.name, **skip)
    assert (await only(stand)).dropped_notifications == 1


async def test_one_that_waits_behind_a_receiver_who_is_gone_can_be_skipped(
    stand: Stand, receiver: WebhookReceiver
) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    await stand.put("a")
    await stand.put("b")
    waiting = await only(stand)  # nothing of it is numbered yet
    retried = await stand.retry_webhook(waiting.name, skip_notification_id=waiting.next_notification_id)
    assert retried.skipped_notification.sequence == 1
    await send(stand)
    assert [key for _, key in receiver.told()] == ["b"]


async def test_a_try_that_fails_after_somebody_asked_for_another_does_not_put_it_off_for_long(
    stand: Stand, receiver: WebhookReceiver
) -> None:
    await stand.update_bucket(notification_rules=[rule(receiver.url)])
    receiver.answers = [(500, {})] * 8
    await stand.put("a")
    for _ in range(7):
        await send(stand)
        stand.clock.pass_seconds(3 * HOUR)
    name = (await only(stand)).name
    receiver.open.clear()
    sending = asyncio.create_task(send(stand))
    await until(lambda: len(receiver.received) == 8)
    await stand.retry_webhook(name)
    receiver.open.set()
    await sending
    failing = await only(stand)
    assert (failing.failed_attempts, len(receiver.received)) == (1, 8)
    due_seconds = failing.next_attempt_time.ToSeconds() - failing.last_failure_time.ToSeconds()
    assert due_seconds < 2 * delivering.FIRST_DELAY_SECONDS
