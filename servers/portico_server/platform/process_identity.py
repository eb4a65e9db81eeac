"""Names a process so that others can tell whether it has died, for sure or not at all.

It can be told of a process of the same machine, since its last boot, in the same namespace of process ids: there is
none of that id, or one that began at another time. Of all others nothing is known here."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_START_TIME = 19
"""Where it stands in `/proc/PID/stat` behind the name: field 22 of proc(5), the third being the first there."""


def own() -> str:
    """This process's: `host/boot/namespace/pid/start`. Without `/proc` one that nothing can be told of."""
    started = _started(os.getpid())
    return f"{_place()}/{os.getpid()}/{started}" if started is not None else f"{socket.gethostname()}/{os.getpid()}"


def is_dead(identity: str) -> bool:
    """Whether that process is known to have died. False: it lives, or nobody here can say."""
    parts = identity.rsplit("/", 2)
    if len(parts) < 3 or not parts[0] or parts[0] != _place() or not parts[1].isdecimal():
        return False
    _, pid, start = parts
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:  # another user's
        pass
    started = _started(int(pid))
    return started is not None and started != start


@cache
def _place() -> str:
    """Where process ids mean the same as here."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (_PROC / "self/ns/pid").stat().st_ino
    except OSError:
        return ""
    return f"{socket.gethostname()}/{boot}/{namespace}"


def _started(pid: int) -> str | None:
    """When it began, in ticks since boot; None where that cannot be read."""
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return fields[_START_TIME] if len(fields) > _START_TIME else None
