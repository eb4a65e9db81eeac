"""Fixtures of the access product's contract suite: `stand` runs on both engines.

One product an engine is started for all tests, on one event loop, and emptied before each of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from portico_server.platform.settings import Settings
from tests.contract.access.stand import Stand, standing
from tests.harness.postgresql import fresh_database

_HERE = "tests/contract/access/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_HERE) and isinstance(item, pytest.Function) and "stand" in item.fixturenames:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["sqlite", "postgresql"])
async def shared_stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stand]:
    data = tmp_path_factory.mktemp("access")
    if request.param == "sqlite":
        settings = Settings(data=data)
    else:
        settings = Settings(data=data, database=fresh_database(request.getfixturevalue("postgresql")))
    async with standing(settings) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared_stand: Stand) -> Stand:
    """A running product with the first account, its administrator, and nothing else."""
    await shared_stand.clear()
    return shared_stand
