"""What a list may show, told by trying the names at which decisions change, and nothing between them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.tables import Table
from portico_server.platform.authorization import Filter, Part, below

NOTHING_SHOWN = Filter(everything=False)


def filter_of(tables: Sequence[Table], parent: str, circumstances: Circumstances) -> Filter:
    """Of what stands at or below `parent`, all that every table allows."""
    if not all(map(len, tables)):
        return NOTHING_SHOWN
    entries = {entry for table in tables for entry in table.entries()}
    return filter_where(entries, parent, lambda name: all(table.allows(name, circumstances) for table in tables))


def shows_anything(tables: Sequence[Table], parent: str, circumstances: Circumstances) -> bool:
    """Whether every table allows anything at or below `parent`: whether `filter_of` shows anything, at the first such
    name."""
    if not all(map(len, tables)):
        return False
    names = itertools.chain([parent], (entry for table in tables for entry in table.entries() if below(entry, parent)))
    return any(all(table.allows(name, circumstances) for table in tables) for name in names)


def filter_where(entries: Iterable[str], parent: str, shows: Callable[[str], bool]) -> Filter:
    """Of what stands at or below `parent`, all of which `shows` says so. How that is of any name, it is of the longest
    of the `entries` that covers it, or of the parent."""
    everything = shows(parent)
    changes = list(_changes(entries, parent, shows, everything))
    if not any(shown and hidden_above for _, shown, hidden_above in changes):
        allow = tuple(entry for entry, shown, _ in changes if shown)
        deny = tuple(entry for entry, shown, _ in changes if not shown)
        return Filter(everything, allow, deny)
    return _in_parts(parent, changes, everything)


_Change = tuple[str, bool, bool]
"""An entry, whether what stands there is shown, and whether something above it, below the parent, is hidden that stands
in what is shown."""


def _changes(entries: Iterable[str], parent: str, shows: Callable[[str], bool], everything: bool) -> Iterator[_Change]:
    """Where it differs from what stands above, each before what stands below it."""
    inside = {entry for entry in entries if entry != parent and below(entry, parent)}
    above = [(parent, everything, False)]
    for entry in sorted(inside, key=in_order):
        while len(above) > 1 and not below(entry, above[-1][0]):
            above.pop()
        _, was_shown, hidden = above[-1]
        shown = shows(entry)
        if shown != was_shown:
            hidden = hidden or was_shown
            yield entry, shown, hidden
            above.append((entry, shown, hidden))


def _in_parts(parent: str, changes: Sequence[_Change], everything: bool) -> Filter:
    """Each entry that is shown, without the hidden ones next below it."""
    without: dict[str, list[str]] = {parent: []} if everything else {}
    shown_above = [parent] if everything else []
    for entry, shown, _ in changes:
        while shown_above and not below(entry, shown_above[-1]):
            shown_above.pop()
        if shown:
            without[entry] = []
            shown_above.append(entry)
        else:
            without[shown_above[-1]].append(entry)
    return Filter(False, parts=tuple(Part(entry, tuple(hidden)) for entry, hidden in without.items()))


def in_order(entry: str) -> list[str]:
    """By segments: what stands below an entry comes right behind it."""
    return entry.split("/")
