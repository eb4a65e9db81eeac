"""How a process hands its listening sockets to the one that takes its place (Envoy's hot restart).

Both accept from the very same sockets, so nothing that waits in their queues is lost. Closing a socket of one's own
(SO_REUSEPORT) would have the kernel reset the connections that wait there.

Envoys find one another by Unix sockets in the platform's run folder, and by a number that the first one chooses. The
next one asks the one of before to hand over, to drain and, when its own successor starts, to end. It aborts when that
last word finds nobody; so from the end of the one of before to its own the supervisor listens in its place.
"""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path

BASE_ID_FILE = "base-id"
_SOCKETS_AT_ONCE = 3  # Envoy numbers its sockets by the epoch, modulo this
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Envoy makes it
_NEVER_SECONDS = 10 * 365 * 24 * 3600
"""When the next one asks the one of before to end by itself: the supervisor has seen to that long since."""


@dataclass(frozen=True, slots=True)
class Generation:
    """Which in a row of processes: they share `base_id`, empty until the first one has chosen it."""

    epoch: int = 0
    base_id: str = ""

    def arguments(self, name: str) -> list[str]:
        """Envoy's, for a process of that name in a folder beside its predecessor's."""
        common = {
            "--socket-path": f"../{name}.handover",
            "--socket-mode": "600",
            "--parent-shutdown-time-s": str(_NEVER_SECONDS),
        }
        chosen = {"--base-id": self.base_id, "--restart-epoch": str(self.epoch)}
        given = chosen if self.base_id else {"--base-id-path": BASE_ID_FILE}
        options = [part for option in {**common, **given}.items() for part in option]
        flags = ["--skip-hot-restart-parent-stats", *([] if self.base_id else ["--use-dynamic-base-id"])]
        return [*options, *flags]

    def next(self, folder: Path) -> Generation:
        """That of the process that takes the place of this one, which runs in that folder. Raises OSError."""
        return Generation(self.epoch + 1, self._base_id(folder))

    def socket_name(self, name: str, folder: Path) -> str:
        """Where Envoy, running in that folder, listens for what its successor says."""
        number = (_scaled(self._base_id(folder)) + self.epoch % _SOCKETS_AT_ONCE) % 2**64
        return f"{name}.handover_parent_{number}"

    def _base_id(self, folder: Path) -> str:
        return self.base_id or (folder / BASE_ID_FILE).read_text().strip()


def _scaled(base_id: str) -> int:
    """Ten times the number, in 32 bits with a sign, as Envoy makes it: above 2**31 it is negative."""
    scaled = int(base_id) * 10 % 2**32
    return scaled - 2**32 if scaled >= 2**31 else scaled


class Successor:
    """Listens, in the place of a process that has ended, for what the next one still has to say. It is not read."""

    def __init__(self, run: Path, name: str) -> None:
        path = run / name
        path.unlink(missing_ok=True)
        folder = os.open(run, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(f"/proc/self/fd/{folder}/{name}")  # a socket's path has 107 bytes at most
        finally:
            os.close(folder)
        path.chmod(0o600)

    def close(self) -> None:
        self._socket.close()


def forget(run: Path, name: str) -> None:
    """Removes what the Envoys of that name have left: their sockets, and a little shared memory of the same number."""
    for path in run.glob(f"{name}.handover_*"):
        path.unlink(missing_ok=True)
        with contextlib.suppress(OSError, ValueError):
            number = int(path.name.rpartition("_")[2]) % 2**32
            (_SHARED_MEMORY / f"envoy_shared_memory_{number}").unlink(missing_ok=True)
