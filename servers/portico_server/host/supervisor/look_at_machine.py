"""The doctor's looks at the machine: room for files and watches, and processes that a platform left behind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from portico_server.host.supervisor import inotify
from portico_server.host.supervisor.check import Check
from portico_server.host.supervisor.commands import status
from portico_server.platform.settings import PREFIX, Settings

LEAST_FREE_FILES = 100_000
"""Every object of more than 16 KiB is a file."""

_SETTINGS_FILE = f"{PREFIX}SETTINGS_FILE="


def inodes(settings: Settings) -> Iterator[Check]:
    """Whether the file system has room for files; some have no bound, and say 0 of 0."""
    folder = next(path for path in (settings.data, *settings.data.parents) if path.exists())
    found = os.statvfs(folder)
    if not found.f_files:
        return
    enough = found.f_favail >= LEAST_FREE_FILES
    remedy = "" if enough else f"Remove files from the file system of {folder}, or give another directory with --data."
    yield Check("inodes", enough, f"room for {found.f_favail} more files for {settings.data}", remedy)


def watches(settings: Settings) -> Iterator[Check]:
    """Whether another Envoy could watch its files."""
    if inotify.has_room():
        yield Check("watches", True, "room for what another Envoy watches")
    else:
        yield Check("watches", False, inotify.LACK, inotify.REMEDY)


def leftovers(settings: Settings) -> Iterator[Check]:
    """Processes that serve this data directory and that no supervisor of now watches: they hold its ports and files."""
    supervisor = status(settings).pid
    left = sorted(pid for pid in _serving(settings.run) if supervisor not in _ancestors(pid))
    if left:
        listed = " ".join(map(str, left))
        yield Check("processes", False, f"left behind by a platform that is gone: {listed}", f"End them: kill {listed}")
    else:
        yield Check("processes", True, "none is left behind")


def _serving(run: Path) -> Iterator[int]:
    """The processes of ours whose settings are those of this run folder; their paths are relative to where they run."""
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for variable in (folder / "environ").read_bytes().split(b"\0"):
                name = os.fsdecode(variable)
                if name.startswith(_SETTINGS_FILE):
                    file = Path(os.readlink(folder / "cwd"), name.removeprefix(_SETTINGS_FILE))
                    if file.is_relative_to(run.resolve()):
                        yield int(folder.name)


def _ancestors(pid: int) -> set[int]:
    """The processes above one, and itself."""
    found: set[int] = set()
    while pid > 1 and pid not in found:
        found.add(pid)
        try:
            pid = int(Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            break
    return found
