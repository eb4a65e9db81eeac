"""kill -9 of the processes that serve, at random moments, until there were enough of them."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from portico_server.host.supervisor.state import ProcessState
from tests.faults.kills.load import Load
from tests.faults.kills.recording import now
from tests.harness import RunningPlatform
from tests.harness.waiting import wait_until

_READY_SECONDS = 90.0
_LEAST_SECONDS, _MOST_SECONDS = 0.05, 1.5
_LEAST_WRITES = 6
"""Between two kills, however slow the machine is."""
_BEFORE_READY_SHARE = 0.1
"""How often one is killed while it starts."""


def kill_many(platform: RunningPlatform, load: Load, kills: int, store: RunningPlatform | None = None) -> None:
    """Kills one process after the other, and has the load go on to new keys each time. All are ready at the end.
    `store`: the platform where the bytes are; its processes are killed, too."""
    chance = random.Random(load.seed)
    platforms = [platform] if store is None else [platform, store]
    dead: set[int] = set()

    def processes() -> list[ProcessState]:
        return [process for one in platforms for process in one.state.processes]

    def are_started() -> bool:
        return not dead & {process.pid for process in processes()}

    def are_ready() -> bool:
        return are_started() and all(process.phase == "ready" for process in processes())

    for _ in range(kills):
        if chance.random() < _BEFORE_READY_SHARE:
            wait_until(are_started, "the processes are there again", _READY_SECONDS)
        else:
            wait_until(are_ready, "the processes are ready again", _READY_SECONDS)
            least = load.record.counts["acknowledged"] + _LEAST_WRITES
            wait_until(
                lambda least=least: load.record.counts["acknowledged"] >= least, "some is written", _READY_SECONDS
            )
        time.sleep(chance.uniform(_LEAST_SECONDS, _MOST_SECONDS))  # a moment at random, not a state to wait for
        victim = chance.choice(platforms)
        pid = chance.choice(victim.state.processes).pid
        os.kill(pid, signal.SIGKILL)
        dead.add(pid)
        wait_until(lambda pid=pid: not Path("/proc", str(pid)).exists(), "the killed process is gone", _READY_SECONDS)
        if victim is platform and len(platform.state.processes) == 1:
            load.record.fence(now())  # no other can do what it had begun
        load.generation += 1
    wait_until(are_ready, "the processes are ready again", _READY_SECONDS)
    load.charged.mark()
