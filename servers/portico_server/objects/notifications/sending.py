"""Messages sent to webhooks, one try each: signed, and only to where webhooks may lead."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from portico_server.objects.notifications import standard_webhooks
from portico_server.objects.notifications.webhook_rules import WebhookRules
from portico_server.objects.store import webhooks as store
from portico_server.objects.store.webhooks import Webhook
from portico_server.platform.clock import Clock
from portico_server.platform.database import Database
from portico_server.platform.keyring.sealing import SealBroken
from portico_server.platform.outgoing.connecting import Connector, MakeTls, Unreachable, tls_context
from portico_server.platform.outgoing.destinations import DestinationRules, UrlRefused
from portico_server.platform.outgoing.posting import Conversation, NotAnswered
from portico_server.platform.settings import SettingError

GONE = 410
_USER_AGENT = ("user-agent", "Portico")


def believed_receivers(authorities_file: str) -> MakeTls:
    """Those with certificates of the system's authorities, and of the setting's, whose file is read now. Raises
    SettingError."""
    if not authorities_file:
        return tls_context
    try:
        context = tls_context(authorities_file)
    except (OSError, ValueError) as error:
        raise SettingError(f"webhook_authorities: {error}; give a file of certificates, or leave it out") from None
    return lambda: context


class Outcome(NamedTuple):
    """What came of a try: the answer's status, 0 where there was none, and why it failed, empty where it did not."""

    http_status: int = 0
    failure: str = ""
    retry_after_seconds: float = 0.0


Send = Callable[[str, bytes], Awaitable[Outcome]]
"""Sends a message: its id, its body."""


class Sender:
    """Sends to webhooks."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        connector: Connector,
        destinations: DestinationRules,
        rules: WebhookRules,
    ) -> None:
        self._database = database
        self._clock = clock
        self._connector = connector
        self._destinations = destinations
        self._rules = rules

    @asynccontextmanager
    async def to(self, webhook: Webhook) -> AsyncIterator[Send]:
        """For messages one after another, over one connection where its receiver keeps it open."""
        try:
            destination = self._destinations.destination(webhook.url)
            secrets = await self._secrets(webhook.name)
        except UrlRefused as refused:
            yield _failing(f"its URL {refused}")
            return
        except SealBroken:
            yield _failing("its secret was sealed under another key; rotate it")
            return
        async with Conversation(self._connector, destination) as conversation:

            async def send(message_id: str, body: bytes) -> Outcome:
                time_seconds = self._clock.now_us() // 1_000_000
                headers = standard_webhooks.headers(secrets, message_id, time_seconds, body)
                try:
                    answer = await conversation.post([_USER_AGENT, *headers], body)
                except (Unreachable, NotAnswered) as failed:
                    return Outcome(failure=str(failed))
                if 200 <= answer.status < 300:
                    return Outcome(answer.status)
                return Outcome(answer.status, f"answered {answer.status}", answer.retry_after_seconds)

            yield send

    async def _secrets(self, webhook: str) -> list[bytes]:
        kept = await store.secrets(self._database, webhook, self._clock.now_us())
        return [self._rules.opened(webhook, secret.sealed) for secret in kept]


def _failing(why: str) -> Send:
    async def send(_id: str, _body: bytes) -> Outcome:
        return Outcome(failure=why)

    return send
