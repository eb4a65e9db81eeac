"""The project as it is installed: a wheel built once, and environments made from it and from the checkout."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.environments import environment, run

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session", params=["wheel", "editable"])
def python(request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment in which the project is installed in one way or the other."""
    what = (wheel,) if request.param == "wheel" else ("--editable", CHECKOUT)
    return environment(tmp_path_factory.mktemp(request.param) / "venv", *what)
