"""The buckets and keys that clients of the load share, and what is peculiar to some."""

from __future__ import annotations

import random

from tests.faults.histories.calls import Key
from tests.faults.histories.search import NEVER

PLAIN, KEPT = "plain", "kept"
"""A bucket without versions, one with, whose versions may be locked."""
BRIEF = "brief/"
"""What is below this in the bucket without versions expires."""
BRIEF_SECONDS = 2
NONCURRENT_KEPT = 2
"""How many versions that are not current stay when the others are deleted after a day (in the other bucket)."""

_KEYS = 5
_BRIEF_KEYS = 2
_COPIES = 2
_CLOCKS_RATE = 1e9  # that of a history, to the second


def drawn(chance: random.Random, bucket: str, generation: int) -> Key:
    return Key(bucket, f"{generation:04}/{chance.randrange(_KEYS)}")


def drawn_brief(chance: random.Random, generation: int) -> Key:
    return Key(PLAIN, f"{BRIEF}{generation:04}/{chance.randrange(_BRIEF_KEYS)}")


def drawn_copy(chance: random.Random, generation: int) -> Key:
    """Copies go to keys of their own, from which nothing is copied."""
    return Key(chance.choice((PLAIN, KEPT)), f"{generation:04}/copied/{chance.randrange(_COPIES)}")


def of_generation(key: Key, generation: int) -> Key:
    """The same key of another generation."""
    head = _head(key)
    return Key(key.bucket, f"{head}{generation:04}{key.name[len(head) + 4 :]}")


def prefix_of(key: Key) -> str:
    """That of all keys of the same generation."""
    return key.name[: len(_head(key)) + 5]


def lives_of(key: Key) -> float:
    """How long what is put there lives, by the clock of a history."""
    return BRIEF_SECONDS * _CLOCKS_RATE if _head(key) else NEVER


def may_be_locked(key: Key) -> bool:
    return key.bucket == KEPT


def _head(key: Key) -> str:
    return BRIEF if key.name.startswith(BRIEF) else ""
