"""Webhooks, as owners see them: listed, tried, enabled again, given new secrets; removed when no rule names them."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from portico.objects.v1.notifications_pb2 import Notification
from portico_server.objects import errors, events
from portico_server.objects.buckets.lifecycle import DAY_US
from portico_server.objects.notifications import standard_webhooks
from portico_server.objects.notifications.queues import Queues
from portico_server.objects.notifications.sending import Outcome, Sender
from portico_server.objects.notifications.webhook_rules import WebhookRules
from portico_server.objects.store import notifications
from portico_server.objects.store import webhooks as store
from portico_server.objects.store.webhooks import Secret, Waiting, Webhook
from portico_server.platform.authorization import Filter
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids
from portico_server.platform.product import Job

_FORMER_SIGNS_US = DAY_US
_BUCKETS_TOLD = 100
_TESTS_AT_ONCE = 8
"""In a process: each is a request to somewhere else."""
_FORGET_SECONDS = 600.0


class Told(NamedTuple):
    """A webhook with all that is told of it; `secrets` are those that sign, the current one first; `following` is sent
    next."""

    webhook: Webhook
    waiting: Waiting
    secrets: list[Secret]
    buckets: list[str]
    following: Notification | None


class Dropping(NamedTuple):
    """What is dropped of what waits: how many, by which statements, and the one that is skipped."""

    number: int = 0
    statements: tuple[Statement, ...] = ()
    skipped: Notification | None = None


class Tested(NamedTuple):
    outcome: Outcome
    duration_seconds: float


class Webhooks:
    """The webhooks of all accounts."""

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, queues: Queues, rules: WebhookRules, sender: Sender
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._queues = queues
        self._rules = rules
        self._sender = sender
        self._tests = 0

    def jobs(self) -> list[Job]:
        return [Job("objects.webhooks.forget", _FORGET_SECONDS, self.forget_unused, self._database)]

    async def get(self, name: str) -> Told:
        """Raises WebhookNotFound."""
        return await self._told(await self._found(name))

    async def list(self, parent: str, bucket: str, cursor: str, limit: int, shown: Filter) -> tuple[list[Told], str]:
        """Those of an account behind the cursor, by name, or those that a `bucket` names; the next cursor."""
        found = await store.visible_in(self._database, parent, cursor, shown, limit + 1, bucket)
        told = [await self._told(webhook) for webhook in found[:limit]]
        return told, found[limit - 1].name if len(found) > limit else ""

    async def test(self, name: str) -> Tested:
        """Sends a ping. Raises WebhookNotFound, TooManyTests."""
        webhook = await self._found(name)
        if self._tests >= _TESTS_AT_ONCE:
            message = f"{_TESTS_AT_ONCE} tests of webhooks are under way; try again in some seconds"
            raise errors.TooManyTests(message, resource=name)
        self._tests += 1
        try:
            message_id, now_us = self._ids.mint()
            await self._database.batch(Batch([events.audit("objects.webhook.test", name, now_us)]))
            began = time.monotonic()
            async with self._sender.to(webhook) as send:
                outcome = await send(message_id, standard_webhooks.ping_body(name, now_us))
        finally:
            self._tests -= 1
        return Tested(outcome, time.monotonic() - began)

    async def retry(self, name: str, drop_waiting: bool, skipped_id: str) -> tuple[Told, Dropping]:
        """Enables it, and has what waits sent now: but for the one that is skipped, or nothing of it where it is to be
        dropped. Raises WebhookNotFound, NotificationNotNext."""
        while True:
            await self._found(name)
            dropping = await self._skipping(name, skipped_id) if skipped_id else Dropping()
            if drop_waiting:
                dropping = await self._dropping_all(name, dropping.skipped)
            now_us = self._clock.now_us()
            audit = events.audit(
                "objects.webhook.retry", name, now_us, drop_waiting=drop_waiting, skipped=skipped_id or None
            )
            try:
                await self._database.batch(Batch([store.retry(name, now_us), audit, *dropping.statements]))
            except GuardFailed as failed:
                if failed.reason not in (store.NO_WEBHOOK, notifications.ACKNOWLEDGED_SINCE):
                    raise
                continue  # it is gone, or something was sent meanwhile
            return await self.get(name), dropping

    async def rotate_secret(self, name: str) -> tuple[Told, str]:
        """A new secret, as text; one that was shown signs beside it for a day. Raises WebhookNotFound."""
        while True:
            await self._found(name)
            now_us = self._clock.now_us()
            secrets = await store.secrets(self._database, name, now_us)
            former = next((secret for secret in secrets if not secret.ends_at_us), None)
            ends_at_us = now_us + _FORMER_SIGNS_US if former is not None and former.shown else now_us
            secret, sealed = self._rules.new_secret(name)
            rotation = store.rotate(name, former, sealed, now_us, ends_at_us)
            audit = events.audit("objects.webhook.rotate_secret", name, now_us)
            try:
                await self._database.batch(Batch([*rotation, audit], [notifications.lock(name)]))
            except GuardFailed as failed:
                if failed.reason not in (store.NO_WEBHOOK, store.SECRETS_CHANGED):
                    raise
                continue  # it is gone, or somebody was faster
            return await self.get(name), standard_webhooks.secret_text(secret)

    async def forget_unused(self) -> None:
        """Removes those that no rule names and for which nothing waits."""
        name = ""
        while names := await store.unused_behind(self._database, name):
            for name in names:
                await self._database.batch(Batch(store.remove_unused(name), [notifications.lock(name)], frees=True))

    async def _skipping(self, name: str, skipped_id: str) -> Dropping:
        """Raises NotificationNotNext."""
        page = await self._queues.first(name)
        message = Notification.FromString(page.found[0][1]) if page.found else Notification()
        if message.id != skipped_id:
            told = f"{message.id} is" if page.found else "nothing waits"
            raise errors.NotificationNotNext(
                f"{skipped_id} is not what {name} is sent next: {told}", resource=name, next=message.id
            )
        message.sequence = page.found[0][0]
        return Dropping(1, (notifications.drop_exactly(page.queue, message.sequence),), message)

    async def _dropping_all(self, name: str, skipped: Notification | None) -> Dropping:
        queue = await self._queues.numbered(name)
        if not (number := queue.last_sequence - queue.acknowledged):
            return Dropping()
        return Dropping(number, (notifications.drop_exactly(queue, queue.last_sequence),), skipped)

    async def _found(self, name: str) -> Webhook:
        webhook = await store.get(self._database, name)
        if webhook is None:
            raise _not_found(name)
        return webhook

    async def _told(self, webhook: Webhook) -> Told:
        waiting, following, secrets, buckets = await asyncio.gather(
            store.waiting(self._database, webhook.name),
            notifications.oldest(self._database, webhook.name),
            store.secrets(self._database, webhook.name, self._clock.now_us()),
            store.buckets_of(self._database, webhook.name, _BUCKETS_TOLD),
        )
        return Told(webhook, waiting, secrets, buckets, Notification.FromString(following) if following else None)


def _not_found(name: str) -> errors.WebhookNotFound:
    return errors.WebhookNotFound(f"there is no webhook {name}; a rule of a bucket makes one", resource=name)
