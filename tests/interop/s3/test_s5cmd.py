"""s5cmd, unchanged."""

from __future__ import annotations

from pathlib import Path

from tests.interop.s3.conftest import Clients, contents


def test_it_moves_many_files_at_once(clients: Clients, files: Path, tmp_path: Path) -> None:
    clients.run("s5cmd", "mb", "s3://s5cmd")
    clients.run("s5cmd", "cp", "--part-size", "5", f"{files}/", "s3://s5cmd/x/")
    assert "sub/a b ü" in clients.run("s5cmd", "ls", "s3://s5cmd/*")
    clients.run("s5cmd", "cp", "s3://s5cmd/x/*", f"{tmp_path}/back/")
    assert contents(files) == contents(tmp_path / "back")
    assert clients.run("s5cmd", "sync", f"{files}/", "s3://s5cmd/x/") == ""
    clients.run("s5cmd", "cp", "s3://s5cmd/x/one", "s3://s5cmd/two")
    clients.run("s5cmd", "rm", "s3://s5cmd/*")
    clients.run("s5cmd", "rb", "s3://s5cmd")
