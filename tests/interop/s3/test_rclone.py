"""rclone, unchanged."""

from __future__ import annotations

from pathlib import Path

from tests.interop.s3.conftest import Clients, same


def test_it_syncs_and_finds_both_sides_the_same(clients: Clients, files: Path, tmp_path: Path) -> None:
    remote = {
        "RCLONE_CONFIG_P_TYPE": "s3",
        "RCLONE_CONFIG_P_PROVIDER": "Other",
        "RCLONE_CONFIG_P_ENV_AUTH": "true",
        "RCLONE_CONFIG_P_ENDPOINT": clients.door.endpoint,
        "RCLONE_CA_CERT": clients.door.authority,
        "RCLONE_RETRIES": "1",
        "RCLONE_S3_UPLOAD_CUTOFF": "5Mi",
    }
    clients.run("rclone", "mkdir", "p:rclone", **remote)
    clients.run("rclone", "sync", files, "p:rclone/x", **remote)
    clients.run("rclone", "check", files, "p:rclone/x", **remote)
    clients.run("rclone", "check", files, "p:rclone/x", "--download", **remote)
    (files / "one").unlink()
    clients.run("rclone", "sync", files, "p:rclone/x", **remote)
    clients.run("rclone", "copy", "p:rclone/x", tmp_path / "back", **remote)
    assert same(files, tmp_path / "back")
    clients.run("rclone", "moveto", "p:rclone/x/empty", "p:rclone/y", **remote)
    assert clients.run("rclone", "lsf", "p:rclone", **remote).split() == ["x/", "y"]
    clients.run("rclone", "purge", "p:rclone", **remote)
    assert "rclone" not in clients.run("rclone", "lsd", "p:", **remote)
