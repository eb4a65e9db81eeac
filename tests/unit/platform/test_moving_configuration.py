"""The setting `database` in a portico.toml, after state has gone elsewhere."""

from __future__ import annotations

import tomllib
from pathlib import Path

from portico_server.platform.moving.configuration import settle

BEFORE = """# mine
database = "postgresql://old/place"
listen = "127.0.0.1:1"
data = "/old/data"
databases_of_mine = 5
"""


def test_the_database_is_named_and_all_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "portico.toml"
    path.write_text(BEFORE)
    settle(path, 'postgresql://new/"place"')
    assert tomllib.loads(path.read_text()) == {
        **tomllib.loads(BEFORE),
        "database": 'postgresql://new/"place"',
    }
    assert "# mine" in path.read_text()
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_moved_says_nothing_of_the_old_data_directory(tmp_path: Path) -> None:
    path = tmp_path / "portico.toml"
    path.write_text(BEFORE)
    settle(path, "sqlite", moved=True)
    found = tomllib.loads(path.read_text())
    assert found["database"] == "sqlite"
    assert "data" not in found
    assert found["databases_of_mine"] == 5


def test_a_file_is_made_only_where_it_has_something_to_say(tmp_path: Path) -> None:
    settle(tmp_path / "portico.toml", "sqlite")
    assert not (tmp_path / "portico.toml").exists()
    settle(tmp_path / "new" / "portico.toml", "postgresql://x/y")
    assert tomllib.loads((tmp_path / "new" / "portico.toml").read_text()) == {"database": "postgresql://x/y"}
