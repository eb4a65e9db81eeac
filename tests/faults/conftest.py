"""A platform on a small disk of its own, for the tests that fill it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disks import disk
from tests.harness import RunningPlatform, running_platform

DISK_BYTES = 64 << 20


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with disk(tmp_path_factory.mktemp("storage") / "disk", DISK_BYTES) as folder:
        yield folder


@pytest.fixture(scope="module")
def platform(small_disk: Path) -> Iterator[RunningPlatform]:
    with running_platform(small_disk, telemetry_bytes=1 << 20) as running:
        yield running
