"""Whether what several clients saw of one thing can have happened one after the other (it is linearizable).

The search of Wing and Gong, with memory: an operation may come next if none that must come is over before it began. One
whose outcome nobody knows may come at any time until its end, or never.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, TypeVar

State = TypeVar("State", bound=Hashable)

NEVER = math.inf
"""The end of an operation that may take effect at any time from its beginning on."""
MOST_NODES = 200_000


class Undecided(Exception):
    """There are more orders than can be tried."""


class Operation(NamedTuple, Generic[State]):
    """One call. `after` answers the states in which it may leave a state, none if it cannot have happened there.
    `is_certain`: it happened; else it may not have."""

    begin: float
    end: float
    after: Callable[[State], Iterable[State]]
    reads: bool
    is_certain: bool = True


def linearizable(
    operations: Iterable[Operation[State]],
    first: State,
    most_nodes: int = MOST_NODES,
    is_last: Callable[[State], bool] = lambda state: True,
) -> bool:
    """Whether there is an order of the operations, true to their times, that is possible, and ends in a state that may
    be the last. Raises Undecided."""
    return _Search(sorted(operations, key=lambda one: one.begin), is_last).succeeds(first, most_nodes)


class _Search(Generic[State]):
    """A node is the set of operations that are done (bits of a number) and the state in which they leave."""

    def __init__(self, operations: Sequence[Operation[State]], is_last: Callable[[State], bool]) -> None:
        self._operations = operations
        self._is_last = is_last
        self._certain = sum(1 << place for place, one in enumerate(operations) if one.is_certain)

    def succeeds(self, first: State, most_nodes: int) -> bool:
        seen: set[tuple[int, State]] = set()
        pending: list[tuple[int, State]] = [(0, first)]
        while pending:
            done, state = node = pending.pop()
            if done & self._certain == self._certain and self._is_last(state):
                return True
            if node in seen:
                continue
            seen.add(node)
            if len(seen) > most_nodes:
                raise Undecided(f"{len(self._operations)} operations on one key")
            pending += self._next(done, state)
        return False

    def _next(self, done: int, state: State) -> list[tuple[int, State]]:
        """The nodes behind one, the most promising last. A read that fits now need not come later: nothing is lost by
        taking it at once, unless that passes by something uncertain."""
        found: list[tuple[int, State]] = []
        candidates = list(self._candidates(done))
        earliest_doubtful = min((one.end for _, one in candidates if not one.is_certain), default=NEVER)
        for place, one in candidates:
            for after in one.after(state):
                if one.reads and one.is_certain and one.begin <= earliest_doubtful:
                    return [(done | 1 << place, after)]
                if one.is_certain:
                    found.append((done | 1 << place, after))
                else:
                    found.insert(0, (done | 1 << place, after))
        return found

    def _candidates(self, done: int) -> Iterator[tuple[int, Operation[State]]]:
        """Those that may come next."""
        latest_begin = self._operations[done.bit_length() - 1].begin if done else -NEVER
        first_end = NEVER
        for place, one in enumerate(self._operations):
            if one.begin > first_end:
                return
            if done >> place & 1:
                continue
            if one.is_certain:
                first_end = min(first_end, one.end)
            elif one.end < latest_begin:
                continue  # it is over, and did not happen
            yield place, one
