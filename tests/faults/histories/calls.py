"""What clients did and saw: calls that concern one key each, and lists.

A write is named by its client (`write`), which tells of it in the object's metadata. A call whose answer did not come
is uncertain: it may have taken effect at any time from its beginning to its end, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.faults.histories.search import NEVER


class Key(NamedTuple):
    bucket: str
    name: str


class Seen(NamedTuple):
    """A version as a reader saw it: which write's it is, and its ETag; empty what the answer did not tell."""

    write: str = ""
    etag: str = ""


class Put(NamedTuple):
    """The key's object becomes that of this write. `if_absent`, `if_match` (an ETag): on this condition."""

    write: str
    if_absent: bool = False
    if_match: str = ""
    tag: str = ""


class Refused(NamedTuple):
    """A condition did not hold."""

    if_absent: bool = False
    if_match: str = ""


class Delete(NamedTuple):
    """The object is gone; where versions are kept this write's marker stands in front."""

    write: str


class DeleteVersion(NamedTuple):
    """The version of this id is gone, if it was there."""

    version: str


class Tag(NamedTuple):
    """The tag of the current object is changed."""

    tag: str


class Read(NamedTuple):
    """The current object; None where there was none."""

    seen: Seen | None


class ReadTag(NamedTuple):
    """The tag of the current object; None where there was none."""

    tag: str | None


class ReadVersion(NamedTuple):
    """The version of this id; None where there was none."""

    version: str
    seen: Seen | None


class ReadVersions(NamedTuple):
    """All versions with their ids, newest first; None for a marker."""

    versions: tuple[tuple[str, Seen | None], ...]


Step = Put | Refused | Delete | DeleteVersion | Tag | Read | ReadTag | ReadVersion | ReadVersions
READS = (Refused, Read, ReadTag, ReadVersion, ReadVersions)


@dataclass
class Call:
    """What was done to one key, from `begin` to `end` (nanoseconds, or any one counter)."""

    key: Key
    begin: float
    end: float
    step: Step
    is_certain: bool = True


@dataclass
class Listing:
    """One page: all objects of a bucket with `prefix` that come after `after` and up to `last` (None: all that come).
    `found` are their ETags; names below a common prefix, which are not found one by one, are told by that."""

    bucket: str
    begin: float
    end: float
    prefix: str
    found: dict[str, str]
    after: str = ""
    last: str | None = None
    delimiter: str = ""
    prefixes: frozenset[str] = frozenset()

    def covers(self, name: str) -> bool:
        """Whether it would show the object of this name, if there is one."""
        return name.startswith(self.prefix) and name > self.after and (self.last is None or name <= self.last)

    def common_prefix(self, name: str) -> str:
        """The prefix below which this name is; empty if it is shown itself."""
        if not self.delimiter:
            return ""
        head, found, _ = name[len(self.prefix) :].partition(self.delimiter)
        return f"{self.prefix}{head}{found}" if found else ""


@dataclass
class History:
    """All that happened. `etags`: of each write, None where nobody was told; `ids`: version ids that were told for
    writes; `versioned`: the buckets that keep versions; `wrong`: what was wrong by itself."""

    versioned: frozenset[str] = frozenset()
    calls: list[Call] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    etags: dict[str, str | None] = field(default_factory=dict)
    ids: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def by_key(self) -> dict[Key, list[Call]]:
        found: dict[Key, list[Call]] = {}
        for call in self.calls:
            found.setdefault(call.key, []).append(call)
        return found

    def fence(self, calls: Iterable[Call], at: float) -> None:
        """Who could have done these was dead at that time: none of them took effect later."""
        for call in calls:
            if call.end == NEVER:
                call.end = at
