"""An hour of everything at once: no call is lost, and memory stays flat.

    SOAK_SECONDS=3600 ./portico test -m long -n0 -s tests/soak

Each minute the keys and certificates are read anew (SIGHUP). Memory is what the front holds of its own (anonymous
pages): how much of a library counts as its changes with the other processes that map it. What it holds after the first
fifth of the time, in which caches fill, may grow by `MAX_GROWTH_MIB`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from pathlib import Path

import pytest

from tests.e2e.calls import Objects
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import TESTING_PRODUCT
from tests.soak.mix import Mix

SECONDS = float(os.environ.get("SOAK_SECONDS", "3600"))
RELOAD_SECONDS = 60.0
LOOK_SECONDS = 5.0
MAX_GROWTH_MIB = 16.0


def memory_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"process {pid} has no memory")


async def soak(platform: RunningPlatform, mix: Mix) -> list[float]:
    """Runs the mix for so long; the memory of the front, look by look."""
    looks: list[float] = []
    traffic = asyncio.create_task(mix.run())
    end = time.monotonic() + SECONDS
    reload_at = time.monotonic() + RELOAD_SECONDS
    while (now := time.monotonic()) < end and not traffic.done():
        await asyncio.sleep(min(LOOK_SECONDS, end - now))
        looks.append(memory_mib(platform.front_pid))
        if now > reload_at:
            os.kill(platform.process.pid, signal.SIGHUP)
            reload_at = now + RELOAD_SECONDS
            print(f"{len(looks)}. look: {looks[-1]:.1f} MiB, {dict(mix.tally.done)}, {mix.tally.lost[:3]}", flush=True)
    mix.stop.set()
    await traffic
    return looks


@pytest.mark.long
def test_no_call_is_lost_and_memory_is_flat(tmp_path: Path) -> None:
    with running_platform(tmp_path, **TESTING_PRODUCT) as platform:
        with platform.channel() as channel:
            bucket = Objects(channel).make_bucket()
        front = platform.front_pid
        mix = Mix(platform, bucket, seed=1)
        looks = asyncio.run(soak(platform, mix))
        assert platform.front_pid == front, "the front was started again"
    fifth = max(1, len(looks) // 5)
    early, late = statistics.median(looks[fifth : 2 * fifth]), statistics.median(looks[-fifth:])
    print(f"{SECONDS:.0f} s: {dict(mix.tally.done)}; memory {looks[0]:.1f}, {early:.1f}, {late:.1f} MiB")
    assert mix.tally.lost == []
    assert late - early < MAX_GROWTH_MIB
