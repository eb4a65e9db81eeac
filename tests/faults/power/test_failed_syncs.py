"""The disk refuses a sync, and the power is cut later: nothing that was acknowledged rests on what was refused.

After a failed sync the kernel takes what it could not write for written: a later sync succeeds and says nothing of it
("fsyncgate"). strace makes the syncs of a real process fail; the model of the disk (`disk.py`) then gives up what was
waiting.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.faults.power.cuts import Cut, cut, cuts
from tests.faults.power.disk import Fate, write_tree
from tests.faults.power.loads import records_check
from tests.faults.power.loads.saying import counted
from tests.faults.power.replay import Recording
from tests.faults.power.trace import Call, one_behind_the_other, record

STEPS = 30
"""So many that the committing thread syncs more often than FIRST, and the migrating one does not."""
DATA = "data"


def recorded(root: Path, begin: int, *flags: str, inject: str = "") -> list[Call]:
    """A process that writes a few batches and is killed."""
    arguments = [str(root / DATA), "1", str(STEPS), str(begin), *flags]
    return record("tests.faults.power.loads.records", arguments, root, inject)


def outcomes(recording: Recording) -> list[str]:
    return [mark.text.split()[-1] for mark in recording.marks if mark.text.startswith("failed")]


async def check(states: Iterable[Cut], folder: Path) -> None:
    for number, one in enumerate(states):
        state = folder / f"cut-{number}"
        write_tree(one.tree, state)
        await records_check.check(state / DATA, one.said, 1)


def while_opened_again(recording: Recording) -> Iterator[Cut]:
    """Cuts while the second process takes in what it found."""
    chance = random.Random(1)
    _, opened = (mark.at for mark in recording.marks if mark.text == "open")
    started = max(mark.at for mark in recording.marks if mark.at < opened)
    for _ in range(6):
        yield cut(recording, chance.randrange(started, opened), Fate(keep=0.5, tear=0.3), chance)


@pytest.mark.parametrize(("when", "flags"), [("20+7", []), ("21+", ["until-failed"])])
async def test_what_is_acknowledged_after_a_failed_sync_survives_a_restart_and_a_loss_of_power(
    tmp_path: Path, when: str, flags: list[str]
) -> None:
    """The second process finds the log as the page cache has it, and goes on behind what is in it."""
    root = tmp_path / "root"
    root.mkdir()
    first = recorded(root, 0, *flags, inject=f"fdatasync:error=EIO:when={when}")
    both = one_behind_the_other(first, recorded(root, STEPS))
    recording = Recording(both, root)
    assert set(outcomes(recording)) <= {"OutcomeUnknown", "StorageFailed"}
    assert any(call.name == "fdatasync" and call.result == -1 for call in first)
    assert counted([mark.text for mark in recording.marks], "open") == 2
    await check(cuts(recording, 5, seed=1), tmp_path)
    await check(while_opened_again(recording), tmp_path)


async def test_while_every_sync_fails_nothing_is_acknowledged(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    recording = Recording(recorded(root, 0, inject="fdatasync:error=EIO:when=20+"), root)
    said = [mark.text for mark in recording.marks]
    refused = next(number for number, line in enumerate(said) if line.startswith("failed"))
    assert not any(line.startswith("done") for line in said[refused:])
    assert set(outcomes(recording)) == {"OutcomeUnknown", "StorageFailed"}
    await check(cuts(recording, 4, seed=1), tmp_path)
