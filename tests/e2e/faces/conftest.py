"""A platform whose S3 door is answered by the testing product's face (`tests.testing_product.faced`)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.faces.door import FACED
from tests.harness import RunningPlatform, running_platform


@pytest.fixture(scope="package")
def faced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("faced"), **FACED) as running:
        yield running
