"""An installed project serves: outside of the checkout, with Python inside Envoy from where it was installed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.packaging.conftest import CHECKOUT

TIMEOUT_SECONDS = 60

WITNESS = """
import json, pathlib
import portico, portico.objects.v1, portico_server
from portico_server.platform.product import Product, Running
from contextlib import asynccontextmanager

places = [*portico.objects.v1.__path__, *portico_server.__path__]
pathlib.Path(__file__).with_name("places").write_text(json.dumps(places))

@asynccontextmanager
async def run(platform):
    yield Running(servicers=[])

PRODUCT = Product(name="witness", contracts=[], run=run)
"""
"""A product that writes down where Python inside Envoy finds the project."""

Portico = Callable[..., bytes]


@pytest.fixture
def portico(python: Path, tmp_path: Path) -> Iterator[Portico]:
    """Runs the installed command in an empty home, with a platform of its own."""
    (tmp_path / "witness.py").write_text(WITNESS)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PORTICO_", "OTEL_", "PY"))}
    environment = {
        **inherited,
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "configuration"),
        "XDG_DATA_HOME": str(tmp_path / "share"),
        "PYTHONPATH": str(tmp_path),
        "PORTICO_LISTEN": "127.0.0.1:0",
        "PORTICO_WEB_LISTEN": "127.0.0.1:0",
        "PORTICO_S3_LISTEN": "127.0.0.1:0",
        "PORTICO_EXTRA_PRODUCTS": "witness",
    }

    def run(*arguments: str, given: bytes = b"") -> bytes:
        command = [str(python.parent / "portico"), *arguments]
        done = subprocess.run(
            command, input=given, capture_output=True, cwd=tmp_path, env=environment, timeout=TIMEOUT_SECONDS
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    run("up", "--detach")
    try:
        yield run
    finally:
        run("down")


def test_what_was_installed_serves_a_put_and_a_get(portico: Portico, python: Path, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    portico("objects", "mb", "portico://installed")
    portico("objects", "cp", "-", "portico://installed/a", given=content)
    assert portico("objects", "cat", "portico://installed/a") == content

    installed = CHECKOUT if "editable" in str(python) else python.parents[1]
    places = [Path(place) for place in json.loads((tmp_path / "places").read_text())]
    assert len(places) == 2
    assert all(place.is_relative_to(installed) for place in places), places
