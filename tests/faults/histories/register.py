"""What a key holds, and what each call makes of it: an object, or versions where its bucket keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.faults.histories.calls import (
    UNLOCKED,
    Call,
    Delete,
    DeleteVersion,
    Expire,
    Hold,
    KeptByLock,
    Lock,
    Put,
    Read,
    ReadTag,
    ReadVersion,
    ReadVersions,
    Refused,
    Retain,
    Seen,
    Tag,
)
from tests.faults.histories.search import NEVER


class Version(NamedTuple):
    """A version, or a marker, as this write made it. It expires at some time from `lives_until` to `gone_from`."""

    write: str
    is_marker: bool = False
    tag: str = ""
    lock: Lock = UNLOCKED
    lives_until: float = NEVER
    gone_from: float = NEVER


class Change(NamedTuple):
    """What whoever is told of changes is told of a step: that a version was `created`, `deleted` and so on."""

    event: str
    version: Version


Held = tuple[Version, ...]
"""A key's versions, newest first."""
NOTHING: Held = ()

After = Iterator[tuple[Held, Change | None]]
"""What may be held after a step, and what is told of it."""


@dataclass(frozen=True)
class Register:
    """`ids` and `etags` of writes, as far as they were ever told; whose are not may be any that no other has."""

    is_versioned: bool
    ids: Mapping[str, str]
    etags: Mapping[str, str | None]
    taken: frozenset[str]
    """The ids that are some write's."""

    def after(self, call: Call, held: Held) -> After:
        """What is held after a step; nothing is answered where it could not have happened so."""
        for current in self._currents(call, held):
            yield from self._after(call, held, current)

    def has_etag(self, version: Version, etag: str) -> bool:
        return self.etags.get(version.write) in (None, etag)

    def may_be(self, version: Version, id_: str) -> bool:
        """Whether a version may have this id."""
        known = self.ids.get(version.write)
        return known == id_ if known is not None else id_ not in self.taken

    def _currents(self, call: Call, held: Held) -> Iterator[Version | None]:
        """What may be the current object during a call: one that expires may be there and may be gone."""
        newest = held[0] if held and not held[0].is_marker else None
        if newest is None or call.begin <= newest.gone_from:
            yield newest
        if newest is not None and newest.lives_until < NEVER and call.end >= newest.lives_until:
            yield None

    def _after(self, call: Call, held: Held, current: Version | None) -> After:
        match call.step:
            case Put() as put:
                if self._holds(current, put.if_absent, put.if_match):
                    new = Version(put.write, False, put.tag, put.lock, call.begin + put.lives, call.end + put.lives)
                    yield (new, *(held if self.is_versioned else ())), Change("created", new)
            case Refused(if_absent, if_match):
                if not self._holds(current, if_absent, if_match):
                    yield held, None
            case Delete(write):
                yield self._deleted(write, held, current)
            case Expire(etag):
                if held and current is None and not held[0].is_marker and self.has_etag(held[0], etag):
                    yield NOTHING, Change("expired", held[0])
            case Tag(tag):
                if current is not None:
                    tagged = current._replace(tag=tag)
                    yield (tagged, *held[1:]), Change("tagged", tagged)
            case DeleteVersion() | Hold() | Retain() | KeptByLock():
                yield from self._of_version(call.step, held)
            case Read() | ReadTag() | ReadVersion() | ReadVersions():
                if self._shows(call.step, held, current):
                    yield held, None

    def _deleted(self, write: str, held: Held, current: Version | None) -> tuple[Held, Change | None]:
        if self.is_versioned:
            marker = Version(write, is_marker=True)
            return (marker, *held), Change("deleted", marker)
        if current is None:  # what has expired lies there until that is told
            return held, None
        return NOTHING, Change("deleted", current)

    def _of_version(self, step: DeleteVersion | Hold | Retain | KeptByLock, held: Held) -> After:
        version = step.refused.version if isinstance(step, KeptByLock) else step.version
        found = [place for place, one in enumerate(held) if self.may_be(one, version)]
        for place in found:
            one, before, behind = held[place], held[:place], held[place + 1 :]
            match step:
                case DeleteVersion(_, bypass):
                    if not one.lock.keeps(bypass):
                        yield before + behind, Change("deleted", one)
                case Hold(_, hold):
                    yield (*before, one._replace(lock=one.lock._replace(hold=hold)), *behind), None
                case Retain(_, mode, bypass):
                    if _may_become(one.lock, mode, bypass):
                        yield (*before, one._replace(lock=one.lock._replace(mode=mode)), *behind), None
                case KeptByLock(DeleteVersion(_, bypass)):
                    if one.lock.keeps(bypass):
                        yield held, None
                case KeptByLock(Retain(_, mode, bypass)):
                    if not _may_become(one.lock, mode, bypass):
                        yield held, None
        if not found and isinstance(step, DeleteVersion):
            yield held, None

    def _shows(self, step: Read | ReadTag | ReadVersion | ReadVersions, held: Held, current: Version | None) -> bool:
        match step:
            case Read(seen):
                return self._is(current, seen)
            case ReadTag(tag):
                return tag == (None if current is None else current.tag)
            case ReadVersion(version, None):
                return all(self.ids.get(one.write) != version for one in held)
            case ReadVersion(version, seen):
                return any(self.may_be(one, version) and self._is(one, seen) for one in held)
            case ReadVersions(versions):
                return len(versions) == len(held) and all(
                    self.may_be(one, version) and one.is_marker == (seen is None) and self._is(one, seen)
                    for one, (version, seen) in zip(held, versions, strict=True)
                )

    def _holds(self, current: Version | None, if_absent: bool, if_match: str) -> bool:
        if if_absent and current is not None:
            return False
        return not if_match or (current is not None and self.has_etag(current, if_match))

    def _is(self, version: Version | None, seen: Seen | None) -> bool:
        if version is None or version.is_marker or seen is None:
            return seen is None and (version is None or version.is_marker)
        if seen.lock is not None and seen.lock != version.lock:
            return False
        return seen.write in ("", version.write) and (not seen.etag or self.has_etag(version, seen.etag))


def _may_become(lock: Lock, mode: str, bypass: bool) -> bool:
    """Whether a retention may be replaced by one of this mode, which ends at the same time, or taken away."""
    return mode == lock.mode or not lock.mode or (lock.mode == "GOVERNANCE" and bypass)
