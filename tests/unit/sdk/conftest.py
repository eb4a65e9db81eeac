"""A platform in this process, and both clients of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import portico
from tests.unit.sdk.fake_platform import FakePlatform, fake_platform


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePlatform]:
    """A platform whose profile is the one in force; retries do not wait."""
    monkeypatch.setattr("portico._retries.FIRST_PAUSE_SECONDS", 0.001)
    for name in ("PORTICO_PROFILE", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with fake_platform(tmp_path) as platform:
        monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))
        yield platform


@pytest.fixture
def client(fake: FakePlatform) -> Iterator[portico.Client]:
    with portico.connect() as client:
        yield client


@pytest_asyncio.fixture
async def async_client(fake: FakePlatform) -> AsyncIterator[portico.AsyncClient]:
    async with portico.connect_async() as client:
        yield client
