"""What a key holds, and what each call makes of it: an object, or versions where its bucket keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tests.faults.histories.calls import (
    Call,
    Delete,
    DeleteVersion,
    Put,
    Read,
    ReadTag,
    ReadVersion,
    ReadVersions,
    Refused,
    Seen,
    Step,
    Tag,
)


class Version(NamedTuple):
    """A version, or a marker, as this write made it."""

    write: str
    is_marker: bool = False
    tag: str = ""


Held = tuple[Version, ...]
"""A key's versions, newest first."""
NOTHING: Held = ()


@dataclass(frozen=True)
class Register:
    """`ids` and `etags` of writes, as far as they were ever told; whose are not may be any that no other has."""

    is_versioned: bool
    ids: Mapping[str, str]
    etags: Mapping[str, str | None]
    taken: frozenset[str]
    """The ids that are some write's."""

    def after(self, step: Step, held: Held) -> Iterator[Held]:
        """What is held after a step; nothing is answered where it could not have happened so."""
        current = held[0] if held and not held[0].is_marker else None
        match step:
            case Put():
                if self._holds(current, step.if_absent, step.if_match):
                    yield (Version(step.write, tag=step.tag), *(held if self.is_versioned else ()))
            case Refused():
                if not self._holds(current, step.if_absent, step.if_match):
                    yield held
            case Delete():
                yield (Version(step.write, is_marker=True), *held) if self.is_versioned else NOTHING
            case DeleteVersion():
                yield from self._without(held, step.version)
            case Tag():
                if current is not None:
                    yield (current._replace(tag=step.tag), *held[1:])
            case ReadTag():
                if step.tag == (None if current is None else current.tag):
                    yield held
            case _:
                if self._shows(step, held, current):
                    yield held

    def _shows(self, step: Step, held: Held, current: Version | None) -> bool:
        match step:
            case Read(seen):
                return self._is(current, seen)
            case ReadVersion(version, None):
                return all(self.ids.get(one.write) != version for one in held)
            case ReadVersion(version, seen):
                return any(self._may_be(one, version) and self._is(one, seen) for one in held)
            case ReadVersions(versions):
                return len(versions) == len(held) and all(
                    self._may_be(one, version) and one.is_marker == (seen is None) and self._is(one, seen)
                    for one, (version, seen) in zip(held, versions, strict=True)
                )
        raise AssertionError(f"no step: {step}")

    def _holds(self, current: Version | None, if_absent: bool, if_match: str) -> bool:
        if if_absent and current is not None:
            return False
        return not if_match or (current is not None and self._has_etag(current, if_match))

    def _is(self, version: Version | None, seen: Seen | None) -> bool:
        if version is None or version.is_marker or seen is None:
            return seen is None and (version is None or version.is_marker)
        return seen.write in ("", version.write) and (not seen.etag or self._has_etag(version, seen.etag))

    def _has_etag(self, version: Version, etag: str) -> bool:
        return self.etags.get(version.write) in (None, etag)

    def _may_be(self, version: Version, id_: str) -> bool:
        known = self.ids.get(version.write)
        return known == id_ if known is not None else id_ not in self.taken

    def _without(self, held: Held, id_: str) -> Iterator[Held]:
        found = [place for place, one in enumerate(held) if self._may_be(one, id_)]
        for place in found:
            yield held[:place] + held[place + 1 :]
        if not found:
            yield held


def told_ids(calls: list[Call], told: Mapping[str, str], etags: Mapping[str, str | None]) -> dict[str, str]:
    """The ids of one key's writes: those that writers were told, and those that readers saw."""
    ids = {
        call.step.write: told[call.step.write]
        for call in calls
        if isinstance(call.step, (Put, Delete)) and call.step.write in told
    }
    writes = {etags.get(call.step.write): call.step.write for call in calls if isinstance(call.step, Put)}
    for call in calls:
        match call.step:
            case ReadVersions(versions):
                seen_ids = list(versions)
            case ReadVersion(version, seen):
                seen_ids = [(version, seen)]
            case _:
                continue
        for id_, seen in seen_ids:
            write = seen and (seen.write or writes.get(seen.etag))
            if write and write not in ids:
                ids[write] = id_
    return ids
