"""Fixtures of the contract suite: a database on each engine. A test that asks for `database` runs on both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from portico_server.platform.database import Database
from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.settings import Settings
from tests.harness import RunningPlatform, running_platform
from tests.harness.postgresql import PostgresqlServer, fresh_database, shared_server

THINGS = Path(__file__).parent / "things"
"""The migrations of a product of the tests' own."""


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    with shared_server() as server:
        yield server


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """Another platform, for its S3 door."""
    with running_platform(tmp_path_factory.mktemp("elsewhere")) as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty database of one engine, then of the other."""
    if request.param == "sqlite":
        return Settings(data=tmp_path)
    return Settings(data=tmp_path, database=fresh_database(request.getfixturevalue("postgresql")))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    databases = LocalDatabases(settings)
    yield await databases.open("things", THINGS)
    await databases.close()
