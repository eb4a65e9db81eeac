"""How much may be kept compiled, over all accounts: whoever first compiled something forgets first."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakSet

MAX_KEPT = 400_000
"""Keys of tables, rules of roles, pairs of role and permission. A key with its text takes some 200 bytes."""


class Forgetful(Protocol):
    """What keeps compiled things that can be made again."""

    name: str

    def forget(self) -> None:
        """Drops all that can be made again."""
        ...


class Budget:
    """Counts what is kept, by name: all of one name share what they keep, and forget together."""

    def __init__(self, most: int = MAX_KEPT) -> None:
        self._most = most
        self._costs: dict[str, int] = {}
        self._keepers: dict[str, WeakSet[Forgetful]] = {}
        self.kept = 0

    def join(self, keeper: Forgetful) -> None:
        """Has one more forget with those of the same name."""
        self._keepers.setdefault(keeper.name, WeakSet()).add(keeper)

    def spend(self, name: str, cost: int) -> None:
        """Notes what was just compiled, and has the first forget if it is too much; at last who spends it."""
        self._costs[name] = self._costs.get(name, 0) + cost
        self.kept += cost
        while self.kept > self._most and self._costs:
            first = next(iter(self._costs))
            self.kept -= self._costs.pop(first)
            for keeper in tuple(self._keepers.get(first, ())):
                keeper.forget()
