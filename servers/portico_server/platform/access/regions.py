"""What a resource group covers: names at or below one of its entries, and at or below none of the excluded ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from portico_server.platform.access.model import DomainGroup, ResourceGroup
from portico_server.platform.access.prefixes import deeper, is_covered, keys_of_all


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """`excluded` holds only what lies below an entry; of both there are the keys, see `prefixes`."""

    entries: tuple[str, ...]
    keys: frozenset[str]
    excluded: tuple[str, ...] = ()
    excluded_keys: frozenset[str] = frozenset()


NOWHERE = Region((), frozenset())


def region_of(account: str, group: ResourceGroup, domain_groups: Mapping[str, DomainGroup], *, deny: bool) -> Region:
    """Nothing outside of `account` (`accounts/{account}`), whatever the group says.

    A domain group that does not exist adds no zone. One that should be excluded and does not exist leaves an allow with
    nothing, and a deny with everything: what cannot be told must not open anything.
    """
    if not deny and missing_exclusion(group, domain_groups):
        return NOWHERE
    named, excluded = named_by(account, group, domain_groups)
    if not excluded:
        return Region(named, keys_of_all(named))
    closed = keys_of_all(excluded)
    entries = tuple(entry for entry in named if not is_covered(entry, closed))
    keys = keys_of_all(entries)
    inside = tuple(entry for entry in excluded if is_covered(entry, keys))
    return Region(entries, keys, inside, keys_of_all(inside))


def named_by(
    account: str, group: ResourceGroup, domain_groups: Mapping[str, DomainGroup]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What of the account the group names, with all below it; and what it excludes, though some of that may be named by
    nothing."""
    excluded = dict.fromkeys((*group.excluded, *_zones(group.excluded_domain_groups, domain_groups)))
    within = deeper(account, group.scope)
    if within is None:
        return (), tuple(excluded)
    if group.everything:
        return (within,), tuple(excluded)
    named = (deeper(within, name) for name in (*group.objects, *_zones(group.domain_groups, domain_groups)))
    return tuple(dict.fromkeys(entry for entry in named if entry is not None)), tuple(excluded)


def missing_exclusion(group: ResourceGroup, domain_groups: Mapping[str, DomainGroup]) -> str:
    """A domain group that should be excluded and does not exist; empty if there is none."""
    return next((name for name in group.excluded_domain_groups if name not in domain_groups), "")


def _zones(names: Sequence[str], domain_groups: Mapping[str, DomainGroup]) -> Iterator[str]:
    for name in names:
        group = domain_groups.get(name)
        if group is not None:
            yield from group.zones
