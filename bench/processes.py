"""What a process costs, read from /proc: processor time and memory."""

from __future__ import annotations

import os
from pathlib import Path

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of the process and its threads since it began; 0 if it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return 0.0
    fields = stat.rpartition(")")[2].split()  # the name in parentheses may hold spaces
    return (int(fields[11]) + int(fields[12])) * TICK_SECONDS  # utime, stime: proc(5)


def pss_bytes(pid: int) -> int:
    """Proportional set size: private memory and the process's share of what it shares with others."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {pid} has no PSS")


def descendants(pid: int) -> dict[str, int]:
    """The process and all below it, by name; a second one of a name gets its pid behind it."""
    found: dict[str, int] = {}
    waiting = [pid]
    while waiting:
        at = waiting.pop()
        try:
            name = Path(f"/proc/{at}/comm").read_text().strip()
            children = [
                int(child)
                for thread in Path(f"/proc/{at}/task").iterdir()
                for child in (thread / "children").read_text().split()
            ]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found[name if name not in found else f"{name}-{at}"] = at
        waiting.extend(children)
    return found


def thread_cpu_seconds(pid: int) -> dict[str, float]:
    """User and system time of each thread, by name and id."""
    found = {}
    for thread in Path(f"/proc/{pid}/task").iterdir():
        name, _, rest = (thread / "stat").read_text().partition("(")[2].rpartition(")")
        fields = rest.split()
        found[f"{name} {thread.name}"] = (int(fields[11]) + int(fields[12])) * TICK_SECONDS
    return found
