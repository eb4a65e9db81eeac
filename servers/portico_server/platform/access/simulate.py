"""What a change would change for whom: two snapshots compared, before it is made.

Of any name a decision is that of the longest entry or exclusion that covers it. So it is enough to ask at those of both
snapshots, and what is told of a name counts for all below it down to the next name that is told of, or is as before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from portico_server.platform.access.account import CompiledAccount
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.filters import in_order
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.access.tables import NOTHING, Table
from portico_server.platform.authorization import below

Tables = tuple[Table, ...]

MAX_DIFFERENCES = 1000
MAX_LOOKS = 100_000
"""Pairs of principal and permission, and decisions: some tenths of a second in all."""
_LOOKS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Difference:
    """Of what stands at or below `resource` the principal would gain (or lose) the permission; with `token`, the name
    of an API token of his, whoever comes with that. Not at or below a name of `unchanged`, where it is as before, nor
    where another difference is told of a longer name."""

    principal: str
    permission: str
    resource: str
    gained: bool
    token: str = ""
    unchanged: tuple[str, ...] = ()


@dataclass(slots=True)
class _Told:
    """A difference for whoever decides by the same tables."""

    resource: str
    gained: bool
    unchanged: list[str] = field(default_factory=list)


class Comparison:
    """Compares what two snapshots decide by in one account: for all who are or would be members of it, or only for some
    `principals`, and for their API tokens (as within their time and networks); by name, for every known permission.
    `resources`: looks only there; each is then told by itself.

    Iterated once, it answers the differences of one principal, or token, after another; then `complete` tells whether
    these are all. `ended` is asked all the time, and ends it where it says so.
    """

    def __init__(
        self,
        before: Snapshot,
        after: Snapshot,
        account: str,
        circumstances: Circumstances,
        principals: Iterable[str] | None = None,
        resources: Sequence[str] = (),
        most: int = MAX_DIFFERENCES,
        most_looks: int = MAX_LOOKS,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ended = ended
        self._before, self._after = before.account_of(account), after.account_of(account)
        self._permissions = sorted(before.known_permissions | after.known_permissions)
        self._account = account
        self._circumstances = circumstances
        self._principals = self._members() if principals is None else frozenset(principals)
        self._resources = resources
        self._most, self._most_looks = most, most_looks
        self._compared: dict[tuple[Tables, Tables], list[_Told]] = {}
        self._looks = 0
        self.complete = True

    def __iter__(self) -> Iterator[list[Difference]]:
        found = 0
        for principal, token in self._subjects():
            part: list[Difference] = []
            for permission in self._permissions:
                if self._looks >= self._most_looks or self._ended():
                    self.complete = False
                    break
                part += self._of(principal, token, permission)
                if found + len(part) > self._most:
                    self.complete = False
                    del part[self._most - found :]
                    break
            found += len(part)
            yield part
            if not self.complete:
                return

    def _subjects(self) -> Iterator[tuple[str, str]]:
        """Each principal, and behind it its tokens, by name."""
        tokens: dict[str, set[str]] = {}
        for account in (self._before, self._after):
            for token in account.model.tokens.values() if account is not None else ():
                tokens.setdefault(token.principal, set()).add(token.name)
        for principal in sorted(self._principals):
            yield principal, ""
            for name in sorted(tokens.get(principal, ())):
                yield principal, name

    def _of(self, principal: str, token: str, permission: str) -> Iterator[Difference]:
        self._looks += 1
        old = _tables(self._before, principal, token, permission)
        new = _tables(self._after, principal, token, permission)
        if old == new:
            return
        found = self._compared.get((old, new))  # most principals share a few pairs of tables
        if found is None:
            found = self._compared[old, new] = self._differences(old, new)
        for told in found:
            yield Difference(principal, permission, told.resource, told.gained, token, tuple(told.unchanged))

    def _differences(self, old: Tables, new: Tables) -> list[_Told]:
        found: list[_Told] = []
        above: list[tuple[str, tuple[bool, bool], _Told | None]] = []
        for entry in self._resources or self._entries(old, new):
            self._looks += 1
            if self._looks % _LOOKS_AT_ONCE == 0 and self._ended():
                self.complete = False
                break
            while above and (self._resources or not below(entry, above[-1][0])):
                above.pop()
            decided = self._allow(old, entry), self._allow(new, entry)
            _, decided_above, told = above[-1] if above else ("", (False, False), None)
            if decided[0] == decided[1]:
                if told is not None:
                    told.unchanged.append(entry)
                told = None
            elif told is None or decided != decided_above:
                told = _Told(entry, decided[1])
                found.append(told)
            above.append((entry, decided, told))
        return found

    def _entries(self, old: Tables, new: Tables) -> list[str]:
        entries = frozenset((self._account,)).union(*(table.entries() for table in (*old, *new)))
        return sorted(entries, key=in_order)

    def _allow(self, tables: Tables, resource: str) -> bool:
        return all(table.allows(resource, self._circumstances) for table in tables)

    def _members(self) -> frozenset[str]:
        found = (one.model.principals for one in (self._before, self._after) if one is not None)
        return frozenset[str]().union(*found)


def _tables(account: CompiledAccount | None, principal: str, token: str, permission: str) -> Tables:
    """All of which must allow."""
    if account is None or (token and token not in account.model.tokens):
        return (NOTHING,)
    own = account.table(principal, permission)
    return (own, account.token_table(token, permission)) if token else (own,)
