"""What `pip install` puts on a machine: from a built wheel and editable, the same three names and nothing besides."""

from __future__ import annotations

import zipfile
from pathlib import Path

from tests.packaging.conftest import CHECKOUT
from tests.packaging.environments import run

NAMES = {"portico", "portico_cli", "portico_server"}


def test_a_wheel_brings_three_names_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == NAMES


def test_a_wheel_brings_the_files_that_are_not_code(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert "portico/descriptors.binpb" in names
    assert "portico/py.typed" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    migrations = {
        str(p.relative_to(CHECKOUT / "servers")) for p in CHECKOUT.glob("servers/portico_server/*/migrations/*.sql")
    }
    assert migrations
    assert migrations <= names


def test_the_sdk_contracts_and_server_import_from_where_they_were_installed(python: Path, tmp_path: Path) -> None:
    code = (
        "import portico, portico.objects.v1.objects_pb2_grpc, portico.options.v1.options_pb2\n"
        "import portico_cli, portico_server.registry, portico._buf.validate.validate_pb2\n"
        "for module in (portico, portico.objects.v1, portico_cli, portico_server): print(module.__file__)\n"
    )
    places = [Path(line) for line in run(python, "-I", "-c", code, cwd=tmp_path).splitlines()]
    home = python.parents[1] if "editable" not in str(python) else CHECKOUT
    assert all(place.is_relative_to(home) for place in places), places


def test_the_command_runs(python: Path, tmp_path: Path) -> None:
    assert "portico" in run(python.parent / "portico", "--help", cwd=tmp_path)
