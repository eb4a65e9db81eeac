"""Grants compiled into one dictionary, so that a decision is a few look-ups however many of them there are.

A decision walks the resource from its end to the root and looks each step up. The dictionary says of each key (see
`prefixes`) what ends there, as bits. Only where a bit says that it depends (on conditions, on exclusions) are those
looked at, and only those that were met on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.conditions import Condition
from portico_server.platform.access.prefixes import is_covered
from portico_server.platform.access.regions import Region

_ALLOW = 1
_DENY = 2
_PERHAPS_DENY = 4
_PERHAPS_ALLOW = 8


@dataclass(frozen=True, slots=True, eq=False)
class Grant:
    """What policies of the same content allow or deny, whatever the permission."""

    deny: bool
    regions: tuple[Region, ...]
    condition: Condition | None


@dataclass(frozen=True, slots=True)
class _Term:
    """What counts only sometimes."""

    deny: bool
    excluded_keys: frozenset[str]
    condition: Condition | None

    def counts(self, resource: str, circumstances: Circumstances) -> bool:
        """A condition of which nothing can be told counts in a deny and not in an allow."""
        if self.excluded_keys and is_covered(resource, self.excluded_keys):
            return False
        if self.condition is None:
            return True
        holds = self.condition.holds(circumstances)
        return self.deny if holds is None else holds


class Table:
    """What some grants decide together. Never changes."""

    __slots__ = ("_effects", "_entries", "_grants", "_longest", "_shortest", "_terms")

    def __init__(self, grants: frozenset[Grant]) -> None:
        self._grants = grants
        self._entries: frozenset[str] | None = None
        effects: dict[str, int] = {}
        terms: dict[str, dict[_Term, None]] = {}
        for grant in grants:
            for region in grant.regions:
                if grant.condition is None and not region.excluded:
                    effect, term = _DENY if grant.deny else _ALLOW, None
                else:
                    effect = _PERHAPS_DENY if grant.deny else _PERHAPS_ALLOW
                    term = _Term(grant.deny, region.excluded_keys, grant.condition)
                for key in region.keys:
                    effects[key] = effects.get(key, 0) | effect
                    if term is not None:
                        terms.setdefault(key, {})[term] = None
        self._effects = effects
        self._terms = {key: tuple(found) for key, found in terms.items()}
        # Nothing shorter or longer is looked up: most walks end after a step or two, and a resource of 2,048 characters
        # costs no more than an ordinary one.
        self._longest = max(map(len, effects), default=0)
        self._shortest = min(map(len, effects), default=0) - 1

    def __len__(self) -> int:
        """How many keys are looked up in."""
        return len(self._effects)

    def allows(self, resource: str, circumstances: Circumstances) -> bool:
        get = self._effects.get
        longest, shortest = self._longest, self._shortest
        found = get(resource, 0) if len(resource) <= longest else 0
        slash = resource.rfind("/", 0, longest)
        while slash >= shortest >= 0:
            found |= get(resource[: slash + 1], 0)
            slash = resource.rfind("/", 0, slash)
        if found <= _ALLOW:
            return found == _ALLOW
        return not found & _DENY and self._judge(resource, circumstances, found)

    def denies(self, resource: str, circumstances: Circumstances) -> bool:
        """Whether something denies it, which is more than that nothing allows it."""
        found = 0
        for key in _steps(resource):
            found |= self._effects.get(key, 0)
        if found & _DENY:
            return True
        return bool(found & _PERHAPS_DENY) and any(
            term.deny and term.counts(resource, circumstances) for term in self._met(resource)
        )

    def entries(self) -> frozenset[str]:
        """Every name at which a decision can change: how it is of any other name, it is of the longest of these that
        covers it."""
        if self._entries is None:
            regions = [region for grant in self._grants for region in grant.regions]
            self._entries = frozenset(entry for region in regions for entry in (*region.entries, *region.excluded))
        return self._entries

    def _judge(self, resource: str, circumstances: Circumstances, found: int) -> bool:
        if found == _ALLOW | _PERHAPS_ALLOW:
            return True
        met = list(self._met(resource))
        if found & _PERHAPS_DENY and any(term.deny and term.counts(resource, circumstances) for term in met):
            return False
        if found & _ALLOW:
            return True
        return any(not term.deny and term.counts(resource, circumstances) for term in met)

    def _met(self, resource: str) -> Iterable[_Term]:
        for key in _steps(resource):
            yield from self._terms.get(key, ())


def _steps(resource: str) -> Iterator[str]:
    yield resource
    slash = resource.rfind("/")
    while slash >= 0:
        yield resource[: slash + 1]
        slash = resource.rfind("/", 0, slash)


NOTHING = Table(frozenset())
