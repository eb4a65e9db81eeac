"""An hour of everything at once: no call is lost, and memory stays flat.

    SOAK_SECONDS=3600 ./portico test -m long -n0 -s tests/soak

Each minute the keys and certificates are read anew (SIGHUP). With several workers all are replaced one after the other
six times, too. Memory is what the serving processes hold of their own (anonymous pages): how much of a library counts
as theirs changes with the other processes that map it. From the second sixth of the time, when caches are full, to the
last it may grow by `MAX_GROWTH_MIB` a process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from pathlib import Path

import pytest

from portico_server.host.supervisor.commands import restart
from tests.e2e.calls import Objects
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import layout_settings
from tests.harness.platform import TESTING_PRODUCT
from tests.soak.mix import Mix

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
PARTS = 6
RELOAD_SECONDS = 60.0
LOOK_SECONDS = 2.0
MAX_GROWTH_MIB = 16.0


def memory_mib(platform: RunningPlatform) -> float:
    """Of all serving processes."""
    return sum(map(_anonymous_mib, [process.pid for process in platform.state.processes]))


def _anonymous_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):  # replaced meanwhile
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) / 1024


async def part_of_soak(platform: RunningPlatform, mix: Mix, traffic: asyncio.Task[None]) -> float:
    """Lets the traffic go on for one part of the time; the median of what was held in its second half."""
    looks: list[float] = []
    end, reload_at = time.monotonic() + SECONDS / PARTS, time.monotonic() + RELOAD_SECONDS
    while (now := time.monotonic()) < end and not traffic.done():
        await asyncio.sleep(min(LOOK_SECONDS, end - now))
        looks.append(memory_mib(platform))
        if now > reload_at:
            os.kill(platform.process.pid, signal.SIGHUP)
            reload_at = now + RELOAD_SECONDS
    held = statistics.median(looks[len(looks) // 2 :])
    print(f"{held:.1f} MiB, {dict(mix.tally.done)}, {len(mix.tally.lost)} lost: {mix.tally.lost[:3]}", flush=True)
    return held


async def soak(platform: RunningPlatform, mix: Mix, *, restarts: bool) -> list[float]:
    """Runs the mix for so long; what was held in each part."""
    traffic = asyncio.create_task(mix.run())
    held: list[float] = []
    for _ in range(PARTS):
        held.append(await part_of_soak(platform, mix, traffic))
        if restarts:
            assert await asyncio.to_thread(restart, platform.settings)
    mix.stop.set()
    await traffic
    return held


@pytest.mark.long
@pytest.mark.parametrize("layout", ["one", "workers"])
def test_no_call_is_lost_and_memory_is_flat(tmp_path: Path, layout: str) -> None:
    with (
        layout_settings(layout) as settings,
        running_platform(tmp_path, **TESTING_PRODUCT, **settings, drain_seconds=15.0) as platform,
    ):
        with platform.channel() as channel:
            bucket = Objects(channel).make_bucket()
        before = platform.state.processes
        mix = Mix(platform, bucket, seed=1)
        held = asyncio.run(soak(platform, mix, restarts=layout == "workers"))
        after = platform.state.processes
    assert mix.tally.lost == []
    assert [process.restarts for process in after] == [0] * len(before), "a process died"
    assert held[-1] - held[1] < MAX_GROWTH_MIB * len(before)
