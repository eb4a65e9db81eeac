"""Every way that a call between products can go; the same tests run on each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.mesh.stand import Stand, standing


@pytest.fixture(params=["in process", "serialized", "socket"])
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    """The testing product at the end of each way."""
    async with standing(tmp_path, request.param) as stand:
        yield stand
