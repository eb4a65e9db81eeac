"""Room for what Envoy watches: the system gives a user so many inotify instances (128 usually), an Envoy takes one for
each watched file, and it aborts where it gets none."""

from __future__ import annotations

import contextlib
import ctypes
import os

PER_ENVOY = 5
LACK = (
    "the programs of this user hold all inotify instances that the system allows (fs.inotify.max_user_instances), or "
    f"all but a few, and Envoy needs {PER_ENVOY}"
)
REMEDY = "End some of them, or allow more: sudo sysctl fs.inotify.max_user_instances=1024"

_libc = ctypes.CDLL(None, use_errno=True)


def has_room(instances: int = PER_ENVOY) -> bool:
    """Whether this user may have so many more, if nobody else takes them first."""
    with contextlib.ExitStack() as stack:
        for _ in range(instances):
            descriptor = _libc.inotify_init1(os.O_CLOEXEC)
            if descriptor < 0:
                return False
            stack.callback(os.close, descriptor)
    return True


def lack() -> str:
    """What is missing and what to do, in a sentence; empty where there is room for another Envoy."""
    if has_room():
        return ""
    return f"{LACK}: {REMEDY[0].lower()}{REMEDY[1:]}"
