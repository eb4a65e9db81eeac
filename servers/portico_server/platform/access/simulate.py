"""What a change would change for whom: two snapshots compared, before it is made.

Of any name a decision is that of the longest entry or exclusion that covers it. So it is enough to ask at those of both
snapshots, and what is told of a name counts for all below it down to the next name that is told of, or is as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.filters import in_order
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.access.tables import NOTHING, Table
from portico_server.platform.authorization import below

MAX_DIFFERENCES = 1000
MAX_LOOKS = 100_000
"""Pairs of principal and permission, and decisions: some tenths of a second in all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Of what stands at or below `resource` the principal would gain (or lose) the permission."""

    principal: str
    permission: str
    resource: str
    gained: bool


@dataclass(frozen=True, slots=True)
class Simulation:
    """`complete`: whether that is all; else a bound was reached, and who or what comes behind was not looked at."""

    differences: tuple[Difference, ...]
    complete: bool


def simulate(
    before: Snapshot,
    after: Snapshot,
    account: str,
    circumstances: Circumstances,
    principals: Iterable[str] | None = None,
    *,
    most: int = MAX_DIFFERENCES,
    most_looks: int = MAX_LOOKS,
) -> Simulation:
    """For all who are or would be members of the account, or only for some; by name, for every known permission, by the
    principals' own rights (API tokens never have more)."""
    found: list[Difference] = []
    comparison = _Comparison(before, after, account, circumstances)
    for principal in sorted(_members(before, after, account) if principals is None else set(principals)):
        for permission in sorted(before.known_permissions | after.known_permissions):
            if comparison.looks >= most_looks:
                return Simulation(tuple(found), complete=False)
            for resource, gained in comparison.of(principal, permission):
                if len(found) == most:
                    return Simulation(tuple(found), complete=False)
                found.append(Difference(principal, permission, resource, gained))
    return Simulation(tuple(found), complete=True)


class _Comparison:
    """Compares what two snapshots decide by in one account. Most principals share a few pairs of tables: each pair is
    compared once. `looks` counts the work."""

    def __init__(self, before: Snapshot, after: Snapshot, account: str, circumstances: Circumstances) -> None:
        self._before, self._after = before.account_of(account), after.account_of(account)
        self._account = account
        self._circumstances = circumstances
        self._compared: dict[tuple[Table, Table], tuple[tuple[str, bool], ...]] = {}
        self.looks = 0

    def of(self, principal: str, permission: str) -> tuple[tuple[str, bool], ...]:
        """Where it differs, and whether it would be gained there."""
        self.looks += 1
        old = NOTHING if self._before is None else self._before.table(principal, permission)
        new = NOTHING if self._after is None else self._after.table(principal, permission)
        if old is new:
            return ()
        found = self._compared.get((old, new))
        if found is None:
            found = self._compared[old, new] = tuple(self._differences(old, new))
        return found

    def _differences(self, old: Table, new: Table) -> Iterator[tuple[str, bool]]:
        above: list[tuple[str, tuple[bool, bool]]] = []
        for entry in sorted({self._account} | old.entries() | new.entries(), key=in_order):
            self.looks += 1
            while above and not below(entry, above[-1][0]):
                above.pop()
            decided = old.allows(entry, self._circumstances), new.allows(entry, self._circumstances)
            if decided[0] != decided[1] and (not above or above[-1][1] != decided):
                yield entry, decided[1]
            above.append((entry, decided))


def _members(before: Snapshot, after: Snapshot, account: str) -> frozenset[str]:
    found = (snapshot.account_of(account) for snapshot in (before, after))
    return frozenset[str]().union(*(one.model.principals for one in found if one is not None))
