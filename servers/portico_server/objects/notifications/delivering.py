"""What waits for webhooks is sent: by one process at a time, each webhook's in order, many webhooks at once.

A turn sends to one webhook, one message after another, until nothing waits, a try fails, or its time is up. So one that
is slow or dead holds up no other; and of one account only some have their turn at once.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from functools import partial

import structlog

from portico.objects.v1 import notifications_pb2
from portico_server.objects.names import account_of
from portico_server.objects.notifications import standard_webhooks
from portico_server.objects.notifications.queues import Queues
from portico_server.objects.notifications.sending import GONE, Outcome, Send, Sender
from portico_server.objects.store import notifications, webhooks
from portico_server.objects.store.webhooks import Figures, Webhook
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, DatabaseError
from portico_server.platform.product import Job

MOST_AT_ONCE = 32
MOST_OF_ACCOUNT = 8
"""So that one account's slow receivers leave room for those of others."""
_EVERY_SECONDS = 2.0
"""From one process's end until another one goes on, at most, once the lease is free: at once on the same machine."""
_PAUSE_SECONDS = 5.0
"""After what should not happen."""
_LOOK_SECONDS = 0.25
_IDLE_LOOK_SECONDS = 2.0
"""Where there are no webhooks."""
_LOOK_SHARE = 0.05
"""Of the time, at most, goes to looks; where there are many webhooks they come less often."""
_FIGURES_SECONDS = 5.0
_TURN_SECONDS = 10.0
_MESSAGES_READ_AT_ONCE = 50
_KEPT_SECONDS = 1.0
"""How often a turn writes down how far it is: so much is sent again after a crash."""
FIRST_DELAY_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 2 * 3600.0
_JITTER = 0.2

_log = structlog.get_logger(__name__)


class Health:
    """What this process knows of webhooks, for its metrics; only the one that sends knows anything."""

    def __init__(self) -> None:
        self._figures = Figures(0, 0, 0)
        self._seen_at = float("-inf")

    def note(self, figures: Figures) -> None:
        self._figures, self._seen_at = figures, time.monotonic()

    def disabled(self) -> int:
        return self._figures.disabled if self._is_new() else 0

    def behind(self) -> int:
        return self._figures.behind if self._is_new() else 0

    def _is_new(self) -> bool:
        return time.monotonic() - self._seen_at < 10 * _FIGURES_SECONDS


class Delivering:
    """Sends what waits for webhooks."""

    def __init__(self, database: Database, clock: Clock, queues: Queues, sender: Sender, chance: random.Random) -> None:
        self._database = database
        self._clock = clock
        self._queues = queues
        self._sender = sender
        self._chance = chance
        self._turns: dict[str, asyncio.Task[None]] = {}
        self.health = Health()

    def jobs(self) -> list[Job]:
        return [Job("objects.webhooks", _EVERY_SECONDS, self.run, self._database)]

    async def run(self) -> None:
        """Until it is cancelled."""
        figures_at = float("-inf")
        figures = Figures(0, 0, 0)
        try:
            while True:
                began = time.monotonic()
                if began - figures_at >= (_FIGURES_SECONDS if figures.webhooks else _IDLE_LOOK_SECONDS):
                    figures, figures_at = await webhooks.figures(self._database), began
                    self.health.note(figures)
                if figures.webhooks:
                    await self._begin_turns()
                took = time.monotonic() - began
                pause = _LOOK_SECONDS if figures.webhooks else _IDLE_LOOK_SECONDS
                await self._wait(max(pause, took / _LOOK_SHARE))
        finally:
            await self._end_turns()

    async def send_what_is_due(self) -> None:
        """One look, and the turns that it begins, to their end."""
        await self._begin_turns()
        await asyncio.gather(*self._turns.values())

    async def _begin_turns(self) -> None:
        accounts = Counter(account_of(name) for name in self._turns)
        for webhook in await webhooks.due(self._database, self._clock.now_us()):
            account = account_of(webhook.name)
            if len(self._turns) >= MOST_AT_ONCE:
                return
            if webhook.name not in self._turns and accounts[account] < MOST_OF_ACCOUNT:
                accounts[account] += 1
                turn = asyncio.create_task(self._turn(webhook), name=f"webhook {webhook.name}")
                self._turns[webhook.name] = turn
                turn.add_done_callback(partial(self._ended, webhook.name))

    def _ended(self, name: str, _: asyncio.Task[None]) -> None:
        self._turns.pop(name, None)

    async def _wait(self, seconds: float) -> None:
        """Or, where all places are taken, until one is free."""
        if len(self._turns) >= MOST_AT_ONCE:
            await asyncio.wait(self._turns.values(), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(seconds)

    async def _end_turns(self) -> None:
        turns = list(self._turns.values())
        for turn in turns:
            turn.cancel()
        await asyncio.gather(*turns, return_exceptions=True)

    async def _turn(self, webhook: Webhook) -> None:
        try:
            async with self._sender.to(webhook) as send:
                await self._send_all(webhook, send)
        except DatabaseError as error:
            _log.warning("webhook_waits", webhook=webhook.name, error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)
        except Exception:
            _log.exception("webhook_turn_failed", webhook=webhook.name)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _send_all(self, webhook: Webhook, send: Send) -> None:
        ends_at = time.monotonic() + _TURN_SECONDS
        while time.monotonic() < ends_at:
            page = await self._queues.read(webhook.name, 0, _MESSAGES_READ_AT_ONCE, 0)
            if not page.found or not await self._send_some(webhook, page.found, send):
                return

    async def _send_some(self, webhook: Webhook, found: list[tuple[int, bytes]], send: Send) -> bool:
        """Whether all were taken."""
        keep_at = time.monotonic() + _KEPT_SECONDS
        taken = kept = 0
        for sequence, stored in found:
            message = notifications_pb2.Notification.FromString(stored)
            message.sequence = sequence
            outcome = await send(message.id, standard_webhooks.event_body(message))
            if outcome.failure:
                if taken > kept:
                    await self._keep(webhook.name, taken)
                await self._fail(webhook.name, outcome)
                return False
            taken = sequence
            if time.monotonic() >= keep_at:
                await self._keep(webhook.name, taken)
                kept, keep_at = taken, time.monotonic() + _KEPT_SECONDS
        if taken > kept:
            await self._keep(webhook.name, taken)
        return True

    async def _keep(self, webhook: str, sequence: int) -> None:
        """That all was taken up to this one."""
        statements = [
            *notifications.acknowledge(webhook, sequence),
            webhooks.succeeded(webhook, self._clock.now_us()),
        ]
        await self._database.batch(Batch(statements, frees=True))

    async def _fail(self, name: str, outcome: Outcome) -> None:
        """Its failures are read anew: somebody may have had it tried again meanwhile."""
        webhook = await webhooks.get(self._database, name)
        failures = webhook.failures if webhook is not None else 0
        now_us, gone = self._clock.now_us(), outcome.http_status == GONE
        delay = max(self._delay_seconds(failures), outcome.retry_after_seconds)
        due_at_us = now_us + int(delay * 1e6)
        await self._database.batch(Batch([webhooks.failed(name, due_at_us, now_us, outcome.failure, disabled=gone)]))
        if gone:
            _log.info("webhook_disabled", webhook=name)

    def _delay_seconds(self, failures: int) -> float:
        """Until the next try, after so many failures before this one."""
        delay = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(failures, 30))
        return delay * self._chance.uniform(1 - _JITTER, 1 + _JITTER)
