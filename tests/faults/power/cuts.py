"""Where the power is cut, and what becomes of what was not synced."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from tests.faults.power.disk import Fate
from tests.faults.power.replay import Recording

_FATES = (
    Fate(keep=0.0, tear=0.0),  # nothing but what was synced
    Fate(keep=0.5, tear=0.5),
    Fate(keep=0.9, tear=0.2),
    Fate(keep=1.0, tear=1.0),  # all of it, torn
    Fate(keep=0.2, tear=0.0),
)


class Cut(NamedTuple):
    """A state of the disk, what the program had said by then (`acknowledged` marks for certain), and where it was."""

    at: int
    fate: Fate
    tree: dict[str, bytes | None]
    said: list[str]


def cuts(recording: Recording, count: int, seed: int) -> Iterator[Cut]:
    """`count` of them, each other one right behind something that the program said."""
    chance = random.Random(seed)
    for number in range(count):
        if number % 2 and recording.marks:
            at = chance.choice(recording.marks).at + 1
        else:
            at = chance.randrange(recording.end)
        fate = _FATES[number % len(_FATES)]
        yield cut(recording, at, fate, chance)


def cut(recording: Recording, at: int, fate: Fate, chance: random.Random) -> Cut:
    """The state after a cut at that place."""
    said = [mark.text for mark in recording.marks if mark.at < at]
    return Cut(at, fate, recording.disk.after_cut(at, fate, chance), said)
