"""An encrypted backup's databases are looked at, and nobody can read them meanwhile or afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from portico_server.platform.backup import snapshots


@pytest.fixture
def database(tmp_path: Path) -> bytes:
    path = tmp_path / "made.sqlite"
    connection = apsw.Connection(str(path))
    connection.execute(
        "CREATE TABLE platform_migration (component TEXT, number INTEGER, name TEXT, applied_at_us INTEGER)"
    )
    connection.execute("CREATE TABLE secret (text TEXT); CREATE INDEX secrets ON secret (text)")
    with connection:  # one transaction, else each row would be synced
        connection.executemany("INSERT INTO secret VALUES (?)", [(f"{number:0500}",) for number in range(2000)])
    connection.close()
    content = path.read_bytes()
    path.unlink()
    return content


def in_pieces(content: bytes, seen: list[list[str]], folder: Path) -> Iterator[bytes]:
    for start in range(0, len(content), 1 << 18):
        seen.append(sorted(path.name for path in folder.iterdir()))
        yield content[start : start + (1 << 18)]


def test_a_whole_database_is_whole_and_has_no_name_while_it_is_looked_at(
    database: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    folder = tmp_path / "data"
    folder.mkdir()
    seen: list[list[str]] = []
    assert snapshots.problem_of_content(in_pieces(database, seen, folder), folder) == (len(database), "")
    assert len(seen) > 2
    assert not any(seen)
    assert not any(folder.iterdir())
    assert not any(elsewhere.iterdir())


def test_one_that_is_damaged_is_told_so(database: bytes, tmp_path: Path) -> None:
    middle = len(database) // 2
    harmed = database[:middle] + bytes(20_000) + database[middle + 20_000 :]
    size_bytes, problem = snapshots.problem_of_content(iter([harmed]), tmp_path)
    assert size_bytes == len(database)
    assert problem


def test_one_that_is_no_database_is_told_so(tmp_path: Path) -> None:
    assert snapshots.problem_of_content(iter([b"no database, " * 1000]), tmp_path)[1]
    assert snapshots.problem_of_content(iter([]), tmp_path)[1]


def test_what_the_decryption_raises_leaves_nothing_behind(tmp_path: Path, database: bytes) -> None:
    def cut() -> Iterator[bytes]:
        yield database[:100_000]
        raise ValueError("cut")

    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ValueError, match="cut"):
        snapshots.problem_of_content(cut(), tmp_path)
    assert not any(tmp_path.iterdir())
    assert len(os.listdir("/proc/self/fd")) == before
