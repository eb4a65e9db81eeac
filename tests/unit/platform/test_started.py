"""Which settings wait for the next start, because portico.toml has changed since the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from portico_server.platform.settings import SettingError, load, setting_names
from portico_server.platform.started import Origins, Waits, note, origins_of, waiting


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The portico.toml by which a platform was started, beside an option."""
    found = tmp_path / "portico.toml"
    found.write_text('max_streams = 50\nlisten = "127.0.0.1:0"\nworkers = 1\n')
    start(tmp_path, {"workers": 1})
    return found


def start(data: Path, flags: dict[str, int]) -> None:
    (data / "run").mkdir(exist_ok=True)
    file = data / "portico.toml"
    settings = load({"data": data, **flags}, {}, None)
    in_file = ("max_streams", "listen") if file.exists() else ()
    origins = {
        name: "option" if name in flags else str(file) if name in in_file else "default" for name in setting_names()
    }
    note(settings, Origins(file, origins))


def test_nothing_waits_where_nothing_has_changed(file: Path, tmp_path: Path) -> None:
    assert waiting(tmp_path / "run") == {}
    found = origins_of(tmp_path / "run")
    assert found is not None
    assert (found.file, found.of["workers"]) == (file, "option")


def test_what_is_changed_added_or_taken_out_waits(file: Path, tmp_path: Path) -> None:
    file.write_text('log_level = "debug"\nlisten = "127.0.0.1:0"\nworkers = 1\n')
    assert waiting(tmp_path / "run") == {"max_streams": Waits(50, 100), "log_level": Waits("info", "debug")}
    file.unlink()
    assert waiting(tmp_path / "run") == {
        "max_streams": Waits(50, 100),
        "listen": Waits("127.0.0.1:0", "127.0.0.1:8443"),
    }


def test_what_an_option_has_said_does_not_wait(file: Path, tmp_path: Path) -> None:
    file.write_text(file.read_text().replace("workers = 1", "workers = 3"))
    assert waiting(tmp_path / "run") == {}


def test_a_file_that_is_made_later_waits(tmp_path: Path) -> None:
    start(tmp_path, {})
    (tmp_path / "portico.toml").write_text("max_streams = 7\n")
    assert waiting(tmp_path / "run") == {"max_streams": Waits(100, 7)}


def test_a_file_that_cannot_be_used_is_told(file: Path, tmp_path: Path) -> None:
    file.write_text("max_streams = many")
    with pytest.raises(SettingError, match=r"portico\.toml is not TOML"):
        waiting(tmp_path / "run")


def test_of_a_platform_of_before_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert (waiting(tmp_path / "run"), origins_of(tmp_path / "run")) == ({}, None)
    note(load({"data": tmp_path}, {}, None), None)
    assert (waiting(tmp_path / "run"), origins_of(tmp_path / "run")) == ({}, None)
