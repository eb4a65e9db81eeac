"""What clients did, saw, and were told: calls that concern one key each, lists, and notifications.

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


class Lock(NamedTuple):
    """What keeps a version from deletion: its retention (GOVERNANCE, COMPLIANCE or none, for long), a legal hold."""

    mode: str = ""
    hold: bool = False

    def keeps(self, bypass: bool) -> bool:
        return self.hold or self.mode == "COMPLIANCE" or (self.mode == "GOVERNANCE" and not bypass)


UNLOCKED = Lock()


class Seen(NamedTuple):
    """A version as a reader saw it: which write's it is, its ETag, its lock; empty what the answer did not tell."""

    write: str = ""
    etag: str = ""
    lock: Lock | None = None


class Put(NamedTuple):
    """The key's object becomes that of this write. `if_absent`, `if_match` (an ETag): on this condition. `lives`: it
    expires so long after it was put."""

    write: str
    if_absent: bool = False
    if_match: str = ""
    tag: str = ""
    lock: Lock = UNLOCKED
    lives: float = NEVER


class Refused(NamedTuple):
    """A condition did not hold."""

    if_absent: bool = False
    if_match: str = ""


class Delete(NamedTuple):
    """The object is gone; where versions are kept this write's marker stands in front."""

    write: str


class DeleteVersion(NamedTuple):
    """The version of this id is gone, if it was there. `bypass`: a retention in GOVERNANCE mode does not keep it."""

    version: str
    bypass: bool = False


class Hold(NamedTuple):
    """The version of this id is under legal hold, or no more."""

    version: str
    hold: bool


class Retain(NamedTuple):
    """The version of this id is kept in this mode, always until the same time; empty: no more. `bypass` as above."""

    version: str
    mode: str
    bypass: bool = False


class KeptByLock(NamedTuple):
    """This was refused, because the version's lock does not allow it."""

    refused: DeleteVersion | Retain


class Expire(NamedTuple):
    """The object that is there, and has this ETag, is removed because it has expired."""

    etag: str


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


Locking = DeleteVersion | Hold | Retain | KeptByLock
Looking = Read | ReadTag | ReadVersion | ReadVersions
Step = Put | Refused | Delete | Tag | Expire | Locking | Looking
READS = (Refused, KeptByLock, Read, ReadTag, ReadVersion, ReadVersions)


class Told(NamedTuple):
    """What a queue told of a key: that a version was `created`, `deleted`, `tagged` or has `expired`, with its id and
    ETag (empty: not told). `at`: when that was read."""

    event: str
    version: str
    etag: str
    is_marker: bool
    at: float


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
    writes; `versioned`: the buckets that keep versions; `told`: all that a queue told, key by key in its order (None:
    nobody listened); `wrong`: what was wrong by itself."""

    versioned: frozenset[str] = frozenset()
    calls: list[Call] = field(default_factory=list)
    listings: list[Listing] = field(default_factory=list)
    etags: dict[str, str | None] = field(default_factory=dict)
    ids: list[tuple[str, str]] = field(default_factory=list)
    told: dict[Key, list[Told]] | None = None
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
