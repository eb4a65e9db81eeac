"""A process's presence in a schema of PostgreSQL: kept for as long as the process lives."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from portico_server.platform.clock import SystemClock
from portico_server.platform.database import Batch, Database, Done
from portico_server.platform.database.migrations import Migration
from portico_server.platform.database.postgresql import presence as module
from portico_server.platform.database.postgresql.presence import Presence


async def test_it_is_kept_though_a_renewal_fails_in_a_way_that_nobody_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a newer release would take away the tables that the process uses."""
    monkeypatch.setattr(module, "RENEWAL_SECONDS", 0.01)
    renewals, renewed = 0, asyncio.Event()

    class Failing:
        async def batch(self, batch: Batch) -> list[Done]:
            nonlocal renewals
            renewals += 1
            if renewals == 1:
                raise OSError("unexpected")
            renewed.set()
            return []

    async def migrate() -> list[Migration]:
        return []

    presence = Presence("host/1/a", 1, cast(Database, Failing()), SystemClock(), migrate, [])
    presence.start()
    await asyncio.wait_for(renewed.wait(), 30)
    await presence.stop()
