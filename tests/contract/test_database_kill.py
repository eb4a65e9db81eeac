"""A process is killed (SIGKILL) while it writes: what was acknowledged is there, and nothing is there by half.

This says nothing of a loss of power: the kernel's cache survives the process.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from portico_server.platform.database.opening import LocalDatabases
from portico_server.platform.settings import Settings
from tests.contract.conftest import THINGS

ROWS = 3
CHECKOUT = Path(__file__).parents[2]


def write_until_killed(settings: Settings, seconds: float) -> list[str]:
    """Runs the writing process for that long after its first batch; answers the batches that it said are durable."""
    command = [sys.executable, "-m", "tests.contract.writing_process", settings.to_json()]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        return (first + process.stdout.read()).decode().split()


async def kill_and_look(settings: Settings, kills: int) -> None:
    chance = random.Random(7)
    acknowledged: set[str] = set()
    for _ in range(kills):
        told = write_until_killed(settings, chance.uniform(0, 0.08))
        assert told, "the process wrote nothing"
        acknowledged.update(told)
        databases = LocalDatabases(settings)
        database = await databases.open("things", THINGS)
        rows = await database.scan("SELECT log, count(*) FROM entry GROUP BY log")
        await databases.close()
        assert {count for _, count in rows} == {ROWS}, "half of a batch"
        assert acknowledged <= {log for log, _ in rows}, "an acknowledged batch is lost"


async def test_a_killed_process_loses_nothing_acknowledged(settings: Settings) -> None:
    await kill_and_look(settings, kills=4)


@pytest.mark.long
async def test_a_process_killed_often_loses_nothing_acknowledged(settings: Settings) -> None:
    await kill_and_look(settings, kills=150)
