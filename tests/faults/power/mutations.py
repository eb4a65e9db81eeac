"""A sync left out: the recording is replayed as if it had not been made, and a cut must show what is lost by it.

This is what makes the checks of a load believable: each kind of sync that the load makes is left out once, and is
missed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from tests.faults.power.cuts import Cut, cut
from tests.faults.power.disk import Fate
from tests.faults.power.replay import Recording

_CHANCE = re.compile(r"\d{20}|[0-9a-f]{32}|(?<=\.)[0-9a-z_]{8}(?:[0-9a-f]{8})?$|(?<=/)[0-9a-f]{2}(?=/)")
_REVEALING = (Fate(keep=0.0, tear=0.0), Fate(keep=0.5, tear=0.3), Fate(keep=0.85, tear=0.0))


def kind(path: str) -> str:
    """The kind of a sync: the path of what is synced, with `*` for what is random in it."""
    return _CHANCE.sub("*", path)


def kinds(recording: Recording) -> list[str]:
    """Those of a run, each once."""
    return sorted({kind(sync.path) for sync in recording.syncs})


def revealing_cuts(recording: Recording, seed: int) -> Iterator[Cut]:
    """Endless. First at the end and right behind what was acknowledged, where most is to be lost."""
    chance = random.Random(seed)
    number = 0
    while True:
        fate = _REVEALING[number % len(_REVEALING)]
        at = recording.end if number < len(_REVEALING) else chance.choice(recording.marks).at + 1
        if number % 4 == 3:
            at = chance.randrange(recording.marks[0].at, recording.end)
        yield cut(recording, at, fate, chance)
        number += 1
