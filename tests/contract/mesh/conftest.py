"""Every way that a call between products can go; the same tests run on each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from portico_server.gateway.gateway import POLICY_FILE
from portico_server.platform.private_files import make_private_folder, replace_file
from tests.contract.mesh.stand import POLICY, Stand, standing_elsewhere, standing_here
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT


@pytest.fixture(scope="session")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform with the testing product in a process of its own."""
    folder = tmp_path_factory.mktemp("mesh")
    make_private_folder(folder / "data")
    replace_file(folder / "data" / POLICY_FILE, POLICY.encode())
    with running_platform(folder, processes=("testing",), **TESTING_PRODUCT) as running:
        yield running


@pytest_asyncio.fixture(params=["in process", "serialized", "process", "node"], scope="session", loop_scope="session")
async def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stand]:
    """The testing product at the end of each way. The tests share it, and with it the event loop."""
    way = request.param
    if way in ("in process", "serialized"):
        opened = standing_here(tmp_path_factory.mktemp("here"), through_bytes=way == "serialized")
    else:
        opened = standing_elsewhere(request.getfixturevalue("apart"), by_node_door=way == "node")
    async with opened as stand:
        yield stand
