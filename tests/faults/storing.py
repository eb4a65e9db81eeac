"""What is put on a disk that has no room, and what a platform is like that went on by itself."""

from __future__ import annotations

from pathlib import Path

from tests.harness import RunningPlatform

LARGE = bytes(300_000)  # in a file of its own
SMALL = bytes(range(256)) * 60  # in the database


def unfinished(platform: RunningPlatform) -> list[Path]:
    """Files of which nothing tells yet."""
    return list((platform.data / "blobs").rglob("*.part"))


def check_is_the_same(platform: RunningPlatform, front: int) -> None:
    """Its front is the process `front` still, and nothing half done was left."""
    assert unfinished(platform) == []
    assert (platform.front_pid, platform.state.processes[0].restarts) == (front, 0)
