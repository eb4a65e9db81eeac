"""What the code imports of others is declared by the project itself, not there by luck of another package's needs."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract import arrows

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("servers", "clients/python", "clients/cli")
OUR_OWN = {"portico", "portico_cli", "portico_server"}
DECLARED = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found[0]


def provided() -> frozenset[str]:
    """Every module of the declared distributions, by its full name."""
    files = (file for name in map(name_of, DECLARED) for file in importlib.metadata.files(name) or ())
    return frozenset(module for file in files if (module := _module(Path(file))))


def _module(file: Path) -> str:
    """What a file is imported as; empty where it is no module."""
    if file.suffix not in (".py", ".so") or file.is_absolute() or ".." in file.parts:
        return ""
    parts = [*file.parent.parts, file.name.partition(".")[0]]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def undeclared(sources: Path, modules: frozenset[str]) -> Iterator[str]:
    """Imports of others' modules that are not in `modules`. A folder that several distributions share, as `google`, is
    none of them."""
    for found in arrows.imports(sources):
        parts = found.imported.split(".")
        if parts[0] in sys.stdlib_module_names or parts[0] in OUR_OWN:
            continue
        if not any(".".join(parts[:count]) in modules for count in range(1, len(parts) + 1)):
            yield f"{found.path.relative_to(sources)}:{found.line} imports {found.imported}"


@pytest.mark.parametrize("sources", SOURCES)
def test_every_import_of_others_is_a_declared_dependency(sources: str) -> None:
    assert list(undeclared(ROOT / sources, provided())) == []


def test_what_envoy_imports_by_name_is_declared() -> None:
    """The event loop and the host that its configuration names."""
    assert {"uvloop", "pyvoy"} <= set(map(name_of, DECLARED))


def test_every_dependency_has_a_lower_bound() -> None:
    assert [requirement for requirement in DECLARED if ">=" not in requirement] == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import nobodys", ["x.py:1 imports nobodys"]),
        ("from google.cloud import storage", ["x.py:1 imports google.cloud.storage"]),
        ("def f():\n    import nobodys.part", ["x.py:2 imports nobodys.part"]),
        ("import json, grpc\nfrom google.rpc import status_pb2\nfrom google.protobuf.json_format import Parse", []),
    ],
)
def test_an_import_that_is_not_declared_is_found(tmp_path: Path, code: str, found: list[str]) -> None:
    (tmp_path / "x.py").write_text(code)
    assert list(undeclared(tmp_path, provided())) == found
