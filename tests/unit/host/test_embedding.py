"""Python inside Envoy: what it needs, what it must not pass on, and what is said where it cannot be."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from portico_server.host import embedding
from portico_server.host.embedding import CannotEmbed, Embedding, find_embedding, leave_embedding

FOUND = Embedding(Path("/envoy"), Path("/pyvoy.so"), Path("/libpython.so"))


def test_this_python_can_be_embedded() -> None:
    found = find_embedding()
    assert found.envoy.exists()
    assert found.module.exists()
    assert found.libpython.exists()


def test_a_python_without_shared_library_is_told_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("find_libpython.candidate_paths", lambda: iter(["/nowhere/libpython3.so", "x.so"]))
    with pytest.raises(CannotEmbed) as error:
        find_embedding()
    assert "no shared libpython" in error.value.problem
    assert f"apt install libpython{sys.version_info.major}.{sys.version_info.minor}" in error.value.remedy


def test_another_c_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "confstr_names", {})
    with pytest.raises(CannotEmbed, match="glibc"):
        find_embedding()


def test_a_missing_module_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "find_spec", lambda name: None)
    with pytest.raises(CannotEmbed, match="pip install portico"):
        find_embedding()


def test_the_environment_finds_this_python_and_keeps_the_rest() -> None:
    made = FOUND.environment({"LANG": "C", "PYTHONPATH": "/first"})
    assert made["LANG"] == "C"
    assert made["LD_PRELOAD"] == "/libpython.so"
    assert made["PYTHONPATH"].split(os.pathsep)[0] == "/first"
    assert next(path for path in sys.path if path.endswith("site-packages")) in made["PYTHONPATH"]


def test_the_working_directory_is_no_place_to_import_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for first in ("", str(tmp_path)):
        monkeypatch.setattr(sys, "path", [first, "/library"])
        assert FOUND.environment({})["PYTHONPATH"] == "/library"


def test_leaving_takes_everything_away_that_embedding_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [".", "/library"])
    monkeypatch.setattr(sys, "executable", "/envoy")
    environ = {**FOUND.environment({"LANG": "C"}), "PORTICO_PYTHON": "/venv/bin/python"}
    leave_embedding(environ)
    assert environ == {"LANG": "C"}
    assert sys.path == ["/library"]
    assert sys.executable == "/venv/bin/python"
