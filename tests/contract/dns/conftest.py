"""Fixtures of the DNS product's contract suite: `stand` runs on both engines.

One product an engine is started for all tests, on one event loop, and emptied before each of them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from portico_server.platform.settings import Settings
from tests.contract.dns.stand import Stand, standing
from tests.harness.name_server import NameServer, name_server
from tests.harness.postgresql import fresh_database

MOST_ZONES, MOST_RECORDS = 5, 150
_HERE = "tests/contract/dns/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_HERE) and isinstance(item, pytest.Function) and "stand" in item.fixturenames:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def shared_names() -> Iterator[NameServer]:
    with name_server() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stand(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    engine: str,
    shared_names: NameServer,
) -> AsyncIterator[Stand]:
    settings = Settings(
        data=tmp_path_factory.mktemp("dns"),
        dns_resolvers=(shared_names.address,),
        dns_name_servers=("ns1.portico.example", "ns2.portico.example"),
        dns_zones=MOST_ZONES,
        dns_records=MOST_RECORDS,
    )
    if engine == "postgresql":
        settings = settings.replace(database=fresh_database(request.getfixturevalue("postgresql")))
    async with standing(settings) as running:
        yield running


@pytest.fixture
def names(shared_names: NameServer) -> NameServer:
    """What the product's resolver asks; it knows nothing at first."""
    shared_names.records.clear()
    shared_names.silent = False
    return shared_names


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared_stand: Stand) -> Stand:
    """A running product with a zone without records, `ZONE`, and nothing else."""
    await shared_stand.clear()
    await shared_stand.create_zone()
    return shared_stand
