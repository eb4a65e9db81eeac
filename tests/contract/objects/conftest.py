"""Fixtures of the objects product's contract suite: `stand` runs on both engines.

One product an engine is started for all tests, on one event loop, and emptied before each of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import pytest_asyncio
import trustme

from portico_server.objects.uploads import composing
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import Caller, Stand, standing
from tests.harness.postgresql import fresh_database

T = TypeVar("T")


@dataclass
class Driven:
    """A stand, and the event loop that it lives on: for tests that are not coroutines, as Hypothesis wants them."""

    runner: asyncio.Runner
    stand: Stand

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


_HERE = "tests/contract/objects/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(_HERE) and isinstance(item, pytest.Function) and "stand" in item.fixturenames:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


def settings_of(engine: str, request: pytest.FixtureRequest, data: Path) -> Settings:
    """Settings with an empty database on an engine."""
    if engine == "sqlite":
        return Settings(data=data)
    return Settings(data=data, database=fresh_database(request.getfixturevalue("postgresql")))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def receivers() -> trustme.CA:
    """The authority of receivers of webhooks, which the stand believes."""
    return trustme.CA()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: str, receivers: trustme.CA
) -> AsyncIterator[Stand]:
    settings = settings_of(engine, request, tmp_path_factory.mktemp("objects"))
    authorities = tmp_path_factory.mktemp("receivers") / "ca.pem"
    receivers.cert_pem.write_to_path(str(authorities))
    webhooks = {"webhook_networks": ("127.0.0.0/8",), "webhook_authorities": str(authorities)}
    async with standing(settings.replace(**webhooks)) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def stand(shared_stand: Stand) -> Stand:
    """A running product with an empty bucket, `BUCKET`, and nothing else."""
    await shared_stand.clear()
    shared_stand.caller = Caller()
    await shared_stand.create_bucket()
    return shared_stand


@pytest.fixture
def driven(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> Iterator[Driven]:
    """An empty product of its own."""
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        stand = runner.run(stack.enter_async_context(standing(settings_of(engine, request, tmp_path))))
        yield Driven(runner, stand)
        runner.run(stack.aclose())


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts may have any size."""
    monkeypatch.setattr(composing, "MIN_PART_BYTES", 0)
