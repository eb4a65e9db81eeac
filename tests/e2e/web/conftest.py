"""A platform whose web door lets pages of one origin call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT

ORIGIN = "https://app.example.com"


@pytest.fixture(scope="package")
def open_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("web"), web_origins=(ORIGIN,), **TESTING_PRODUCT) as running:
        yield running
