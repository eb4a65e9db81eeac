"""A platform that hosts the small application of these tests, shared by those that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT

APPLICATION = "tests.e2e.host.application:app"


@pytest.fixture(scope="package")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("host"), application=APPLICATION, **TESTING_PRODUCT) as platform:
        yield platform
