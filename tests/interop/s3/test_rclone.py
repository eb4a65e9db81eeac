"""rclone, unchanged."""

from __future__ import annotations

from pathlib import Path

from tests.interop.s3.conftest import Clients, same


def test_it_syncs_and_finds_both_sides_the_same(clients: Clients, files: Path, tmp_path: Path) -> None:
    settings = {"RCLONE_RETRIES": "1", "RCLONE_S3_UPLOAD_CUTOFF": "5Mi"}
    clients.run("rclone", "mkdir", "portico:rclone", **settings)
    clients.run("rclone", "sync", files, "portico:rclone/x", **settings)
    clients.run("rclone", "check", files, "portico:rclone/x", **settings)
    clients.run("rclone", "check", files, "portico:rclone/x", "--download", **settings)
    (files / "one").unlink()
    clients.run("rclone", "sync", files, "portico:rclone/x", **settings)
    clients.run("rclone", "copy", "portico:rclone/x", tmp_path / "back", **settings)
    assert same(files, tmp_path / "back")
    clients.run("rclone", "moveto", "portico:rclone/x/empty", "portico:rclone/y", **settings)
    assert clients.run("rclone", "lsf", "portico:rclone", **settings).split() == ["x/", "y"]
    clients.run("rclone", "purge", "portico:rclone", **settings)
    assert "rclone" not in clients.run("rclone", "lsd", "portico:", **settings)
