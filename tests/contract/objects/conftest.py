"""Fixtures of the objects product's contract suite: `stand` runs on both engines.

One product an engine is started for all tests, on one event loop, and emptied before each of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from portico_server.platform.settings import Settings
from tests.contract.objects.stand import Caller, Stand, standing
from tests.harness.postgresql import fresh_database

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents and isinstance(item, pytest.Function) and "stand" in item.fixturenames:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def objects_settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    data = tmp_path_factory.mktemp("objects")
    if request.param == "sqlite":
        return Settings(data=data)
    return Settings(data=data, database=fresh_database(request.getfixturevalue("postgresql")))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stand(objects_settings: Settings) -> AsyncIterator[Stand]:
    async with standing(objects_settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared_stand: Stand) -> Stand:
    """A running product with an empty bucket, `BUCKET`, and nothing else."""
    await shared_stand.clear()
    shared_stand.caller = Caller()
    await shared_stand.create_bucket()
    return shared_stand
