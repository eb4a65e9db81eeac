"""Whether what several clients saw of one object can have happened one after the other (it is linearizable).

The search of Wing and Gong: an operation may come next if no other ended before it began.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import NamedTuple

Value = bytes | None


class Operation(NamedTuple):
    """One call, from `begin` to `end` on one counter. A write left `value` (None: nothing); a read saw it."""

    begin: int
    end: int
    writes: bool
    value: Value


def linearizable(history: Sequence[Operation]) -> bool:
    """Whether there is an order of the operations, true to their times, in which each read sees the last write."""

    @functools.cache
    def possible(left: frozenset[int], value: Value) -> bool:
        if not left:
            return True
        first_end = min(history[number].end for number in left)
        return any(
            possible(left - {number}, history[number].value)
            for number in left
            if history[number].begin <= first_end and (history[number].writes or history[number].value == value)
        )

    return possible(frozenset(range(len(history))), None)
