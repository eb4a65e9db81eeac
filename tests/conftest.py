"""What all tests share: one running platform with the testing product, and its contract's generated modules."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

# Before grpc is imported: processes that tests start replace themselves at once, and grpc's handlers, which run between
# fork and that, would touch what other threads are just using.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "0"

# Hundreds of processes that tests start import the same modules: compiled once, whatever the habit of this machine.
os.environ["PYTHONDONTWRITEBYTECODE"] = ""

from tests.harness import RunningPlatform, layouts, order, running_platform
from tests.harness.platform import TESTING_GEN, TESTING_PRODUCT

# Of the modules and the thousands of tests nothing is garbage: the collector waits until they are there, and leaves
# them out after that. By looking through them again and again it took half of the time.
gc.disable()

sys.path.append(str(TESTING_GEN))
sys.dont_write_bytecode = False


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that all tests may call and none may change beyond what it can clean up."""
    with running_platform(tmp_path_factory.mktemp("platform"), **TESTING_PRODUCT) as running:
        yield running


def pytest_configure(config: pytest.Config) -> None:
    """Leaves out what is marked `long`, unless marks are chosen on the command line."""
    config.option.markexpr = config.option.markexpr or "not long"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts files that take long before the many short ones. The order within a file stays."""
    items.sort(key=lambda item: order.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Folders whose tests share a platform go out whole."""
    return order.scheduler(config, log) if config.option.dist == "loadfile" else None


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_runtest_setup(item: pytest.Item) -> None:
    layouts.skip_where_it_cannot_hold(item)


def pytest_unconfigure() -> None:
    layouts.close()
