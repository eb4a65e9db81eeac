"""Revocations over nodes that share a database, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from portico_server.gateway.revocation_log import RevocationLog
from portico_server.gateway.revocation_nodes import SharedRevocations
from portico_server.platform.database import Batch, Database, Statement
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.revocations import Kind, Revocation
from portico_server.platform.settings import Settings
from portico_server.platform.shared_words import SharedWords

NOW = 1_900_000_000
SECONDS = 30


@pytest.fixture
async def gateway_database(settings: Settings) -> AsyncIterator[Database]:
    databases = LocalDatabases(settings)
    yield await databases.open("gateway", resources.files("portico_server.gateway") / "migrations")
    await databases.close()


def node(folder: Path, database: Database) -> tuple[SharedRevocations, RevocationLog]:
    """A node with files of its own."""
    folder.mkdir()
    log = RevocationLog(folder / "revocations.jsonl", SharedWords(folder / "words"), lambda: NOW)
    return SharedRevocations(database, log), log


def token(subject: str, expires_at: int = NOW + 60) -> Revocation:
    return Revocation(Kind.TOKEN, "accounts/default", subject, NOW, expires_at)


async def test_what_one_node_revokes_the_others_learn_by_themselves(gateway_database: Database, tmp_path: Path) -> None:
    first, own = node(tmp_path / "a", gateway_database)
    second, others = node(tmp_path / "b", gateway_database)
    following = asyncio.create_task(second.follow())
    assert await first.add(token("t1")) == token("t1")
    assert set(own.tokens) == {"t1"}
    async with asyncio.timeout(SECONDS):
        while not others.tokens:  # noqa: ASYNC110  # what is waited for is done by a poll itself
            await asyncio.sleep(0.02)
    following.cancel()
    assert set(others.tokens) == {"t1"}


async def test_what_cannot_be_taken_in_does_not_end_the_reading(gateway_database: Database, tmp_path: Path) -> None:
    first, _ = node(tmp_path / "a", gateway_database)
    second, others = node(tmp_path / "b", gateway_database)
    nonsense = "INSERT INTO revocation (number, line, expires_at) VALUES ($1, $2, $3)"
    await gateway_database.batch(Batch([Statement(nonsense, (1, "no revocation", NOW + 60))]))
    with capture_logs() as logs:
        following = asyncio.create_task(second.follow())
        async with asyncio.timeout(SECONDS):
            while not logs:  # what is waited for is done by a poll itself
                assert not following.done(), "nobody reads any more"
                await asyncio.sleep(0.02)
    assert [(line["event"], line["log_level"]) for line in logs] == [("revocations_of_other_nodes_not_read", "error")]

    await first.add(token("t1"))
    await gateway_database.batch(Batch([Statement("DELETE FROM revocation WHERE number = $1", (1,))]))
    async with asyncio.timeout(SECONDS):
        while not others.tokens:  # what is waited for is done by a poll itself
            assert not following.done(), "nobody reads any more"
            await asyncio.sleep(0.02)
    following.cancel()
    assert set(others.tokens) == {"t1"}


async def test_nodes_that_revoke_at_once_lose_nothing(gateway_database: Database, tmp_path: Path) -> None:
    nodes = [node(tmp_path / name, gateway_database) for name in "abc"]
    await asyncio.gather(
        *(shared.add(token(f"{number}-{turn}")) for number, (shared, _) in enumerate(nodes) for turn in range(5))
    )
    for shared, log in nodes:
        await shared.read()
        assert len(log.tokens) == 15


async def test_a_node_that_was_away_reads_all_before_it_serves(gateway_database: Database, tmp_path: Path) -> None:
    first, _ = node(tmp_path / "a", gateway_database)
    for number in range(3):
        await first.add(token(str(number)))
    late, log = node(tmp_path / "b", gateway_database)
    await late.read()
    assert set(log.tokens) == {"0", "1", "2"}


async def test_no_number_is_given_twice_though_rows_expire(gateway_database: Database, tmp_path: Path) -> None:
    first, _ = node(tmp_path / "a", gateway_database)
    second, log = node(tmp_path / "b", gateway_database)
    await first.add(token("old", expires_at=1))
    await first.add(token("older", expires_at=1))
    await second.read()
    await first.prune()
    await first.add(token("new"))
    await second.read()
    assert "new" in log.tokens
