"""The power is cut while a process writes: what was acknowledged is there, nothing is torn, and work goes on.

A process is recorded at its system calls; from the recording many states are made that a cut may leave (`disk.py`);
each is opened with the platform's own code and checked. That the checks would notice is shown by leaving out one kind
of sync after another.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from tests.faults.power import mutations
from tests.faults.power.cuts import Cut, cuts
from tests.faults.power.disk import write_tree
from tests.faults.power.loads import objects_check, private_check, records_check
from tests.faults.power.replay import Recording
from tests.faults.power.trace import Call, record

DATA = Path("some", "where", "data")
"""Below the root; nothing of it is there at first."""

ATTEMPTS = 60
"""Cuts within which a sync that was left out must show."""


@dataclass(frozen=True, eq=False)
class Load:
    """A process that writes (`python -m tests.faults.power.loads.NAME`), what must hold after a cut, and how long
    it writes and how often it is cut in the ordinary tests.

    `without_effect`: kinds of syncs that nothing rests on, and why.
    """

    name: str
    check: Callable[[Path, list[str], int], Awaitable[None]]
    steps: int
    cuts: int
    without_effect: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def recorded(self, root: Path, seed: int) -> list[Call]:
        root.mkdir()
        arguments = [str(root / DATA), str(seed), str(self.steps)]
        return record(f"tests.faults.power.loads.{self.name}", arguments, root)


_JOURNAL = "SQLite's, of a database that is empty: there is nothing to roll back to"
LOADS = (
    Load(
        "objects",
        objects_check.check,
        steps=24,
        cuts=10,
        without_effect={
            "some/where/data/databases/objects.sqlite-journal": _JOURNAL,
            "some/where/data/blobs/objects/.owner.*": "a folder whose owner is empty is claimed again",
            "some/where/data/blobs/objects/.folder.*": "by an empty id circles of stores are not told; nothing is lost",
        },
    ),
    Load(
        "records",
        records_check.check,
        steps=25,
        cuts=15,
        without_effect={
            "some/where/data/databases/records.sqlite-journal": _JOURNAL,
            "some/where/data/databases/records.sqlite.before-0002.unfinished-journal": "the copy is synced whole",
        },
    ),
    Load("private", private_check.check, steps=40, cuts=20),
)


async def check(load: Load, cut: Cut, folder: Path, seed: int) -> None:
    """Makes the state and looks at it. AssertionError, or what the platform's own code raises."""
    write_tree(cut.tree, folder)
    try:
        await load.check(folder / DATA, cut.said, seed)
    finally:
        shutil.rmtree(folder)


async def survive(load: Load, recording: Recording, folder: Path, seed: int, count: int) -> None:
    for number, cut in enumerate(cuts(recording, count, seed)):
        try:
            await check(load, cut, folder / f"cut-{seed}-{number}", seed)
        except Exception as error:
            error.add_note(f"{load}, seed {seed}: cut {number} at {cut.at} of {recording.end}, {cut.fate}")
            raise


@pytest.fixture
def states() -> Iterator[Path]:
    """A folder for states, in memory where there is such a place: to sync them once more proves nothing."""
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="portico-power-", dir=memory) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Load], tuple[Path, list[Call]]]:
    """A load's root and calls, recorded once."""

    @cache
    def of(load: Load) -> tuple[Path, list[Call]]:
        root = tmp_path_factory.mktemp("recorded") / "root"
        return root, load.recorded(root, seed=1)

    return of


@pytest.mark.parametrize("load", LOADS, ids=str)
async def test_a_loss_of_power_loses_and_tears_nothing(
    load: Load, recorded: Callable[[Load], tuple[Path, list[Call]]], states: Path
) -> None:
    root, calls = recorded(load)
    await survive(load, Recording(calls, root), states, seed=1, count=load.cuts)


@pytest.mark.parametrize("load", LOADS, ids=str)
async def test_no_kind_of_sync_can_be_left_out(
    load: Load, recorded: Callable[[Load], tuple[Path, list[Call]]], states: Path
) -> None:
    root, calls = recorded(load)
    kinds = mutations.kinds(Recording(calls, root))
    assert load.without_effect.keys() <= set(kinds), "a sync that is said to be without effect is not made any more"
    for kind in kinds:
        if kind in load.without_effect:
            continue
        mutated = Recording(calls, root, ignored=lambda path, kind=kind: mutations.kind(path) == kind)
        assert await is_noticed(load, mutated, states), f"nothing is lost where {kind} is not synced"


async def is_noticed(load: Load, mutated: Recording, folder: Path) -> bool:
    for cut in islice(mutations.revealing_cuts(mutated, seed=1), ATTEMPTS):
        try:
            await check(load, cut, folder / "cut", seed=1)
        except Exception:  # whatever it is: the state could not be had or was wrong
            return True
    return False


@pytest.mark.long
@pytest.mark.parametrize("load", LOADS, ids=str)
async def test_five_hundred_losses_of_power_lose_and_tear_nothing(load: Load, tmp_path: Path, states: Path) -> None:
    """168 cuts in 14 runs of each load."""
    for seed in range(100, 114):
        root = tmp_path / f"root-{seed}"
        await survive(load, Recording(load.recorded(root, seed), root), states, seed, count=12)
