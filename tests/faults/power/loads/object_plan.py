"""What each writer of the objects' load does, step by step, and what its keys hold after each.

A writer does one thing after another to keys of its own. So after a cut they hold what they held after its last
acknowledged step, or after the one that it had begun then; never anything else.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

KEYS = 4  # a writer and bucket
SIZES = (0, 900, 16_384, 16_385, 21_000, 70_000)
"""Up to 16 KiB the bytes stand in the database, beyond in a file."""

_KINDS = (
    *("put", "put", "put_parts", "put_parts", "copy", "tag", "hold", "upload", "upload", "upload"),
    *("delete", "delete_version", "delete_many"),
)
_TAGGED_SHARE = 0.3
_PARTS = 2  # of an upload, before it ends

PLAIN, KEPT = "plain", "kept"
"""The buckets: one without versions, one that keeps them, and has an object lock."""


class Version(NamedTuple):
    """A version's bytes and its tag, and whether it is under legal hold; without bytes it is a delete marker."""

    data: bytes | None
    tag: str = ""
    hold: bool = False


MARKER = Version(None)


class Told(NamedTuple):
    """What a queue is told of a change: of a version of that size, or of a marker."""

    event: str
    size_bytes: int = 0
    is_marker: bool = False


Held = dict[str, dict[str, list[Version]]]
"""By bucket and key the versions, newest first."""
Uploads = dict[str, dict[int, bytes]]
"""By `BUCKET/KEY` the upload that is underway, its parts by number."""


@dataclass(frozen=True)
class Step:
    """`kind` is put (with `tag`), put_parts (as `parts_of` cuts it), copy (of `source`), tag (the current version),
    hold (the version at `index` is held, or no more), delete, delete_version (the version at `index`), or delete_many;
    and of an upload that lasts for several steps begin, add_part (the number is `index`), complete (with `tag`, which
    it began with) and abort."""

    kind: str
    bucket: str
    keys: tuple[str, ...]
    data: bytes = b""
    source: str = ""
    index: int = 0
    tag: str = ""


@dataclass
class Plan:
    """A writer's endless list of steps, drawn from a seed; `held` is what its keys hold after those taken, `uploads`
    what is underway (one at most in each bucket), `told` what a queue is told of each `BUCKET/KEY` until then."""

    seed: int
    writer: int
    held: Held = field(default_factory=lambda: {PLAIN: {}, KEPT: {}})
    uploads: Uploads = field(default_factory=dict)
    told: dict[str, list[Told]] = field(default_factory=dict)

    def steps(self) -> Iterator[Step]:
        """The next step; `held` is that after it."""
        chance = random.Random(f"{self.seed}/{self.writer}")
        number = 0
        while True:
            step = self._drawn(chance, number)
            number += 1
            if step is not None:
                self._take(step)
                yield step

    def after(self, count: int) -> tuple[Held, Uploads, dict[str, list[Told]]]:
        """What is held, underway, and told, after so many steps from here."""
        steps = self.steps()
        for _ in range(count):
            next(steps)
        return copy.deepcopy((self.held, self.uploads, self.told))

    def _drawn(self, chance: random.Random, number: int) -> Step | None:
        """A step; None where what was drawn makes no sense now."""
        bucket = chance.choice((PLAIN, KEPT))
        keys = [f"{self.writer}/{chance.randrange(KEYS)}" for _ in range(2)]
        kind = chance.choice(_KINDS)
        size, index = chance.choice(SIZES), chance.randrange(3)
        versions = self.held[bucket].get(keys[0], [])
        is_there = bool(versions) and versions[0].data is not None
        data, tag = content(self.writer, number, size), f"t{number}" if chance.random() < _TAGGED_SHARE else ""
        match kind:
            case "put":
                return Step(kind, bucket, (keys[0],), data, tag=tag)
            case "put_parts":
                return Step(kind, bucket, (keys[0],), data)
            case "upload":
                return self._upload_step(chance, bucket, data, index)
            case "tag" if is_there:
                return Step(kind, bucket, (keys[0],), tag=f"t{number}")
            case "copy" if is_there and keys[0] != keys[1]:
                return Step(kind, bucket, (keys[1],), source=keys[0])
            case "delete" if is_there:
                return Step(kind, bucket, (keys[0],))
            case "hold" if bucket == KEPT and index < len(versions) and versions[index].data is not None:
                return Step(kind, bucket, (keys[0],), index=index)
            case "delete_version" if bucket == KEPT and index < len(versions) and not versions[index].hold:
                return Step(kind, bucket, (keys[0],), index=index)
            case "delete_many" if bucket == PLAIN and keys[0] != keys[1]:
                return Step(kind, bucket, tuple(keys))
        return None

    def _upload_step(self, chance: random.Random, bucket: str, data: bytes, index: int) -> Step:
        """The next one of the bucket's upload: parts come and are replaced, until it ends."""
        key = f"{self.writer}/upload"
        parts = self.uploads.get(f"{bucket}/{key}")
        if parts is None:
            return Step("begin", bucket, (key,))
        if len(parts) < _PARTS:
            return Step("add_part", bucket, (key,), data, index=index + 1)
        return Step(chance.choice(("complete", "complete", "abort")), bucket, (key,))

    def _take(self, step: Step) -> None:
        """Has taken it."""
        name = f"{step.bucket}/{step.keys[0]}"
        match step.kind:
            case "begin":
                self.uploads[name] = {}
            case "add_part":
                self.uploads[name][step.index] = step.data
            case "abort":
                del self.uploads[name]
            case "complete":
                parts = self.uploads.pop(name)
                self._change(replace(step, data=b"".join(data for _, data in sorted(parts.items()))))
            case _:
                self._change(step)

    def _change(self, step: Step) -> None:
        held = self.held[step.bucket]
        for key in step.keys:
            told = self._changed(step, held.setdefault(key, []), held)
            if told is not None:
                self.told.setdefault(f"{step.bucket}/{key}", []).append(told)
        for key in [key for key, versions in held.items() if not versions]:
            del held[key]

    def _changed(self, step: Step, versions: list[Version], held: dict[str, list[Version]]) -> Told | None:
        """Changes one key's versions; answers what is told of that."""
        match step.kind:
            case "delete_version":
                return _told("deleted", versions.pop(step.index))
            case "tag":
                versions[0] = versions[0]._replace(tag=step.tag)
                return _told("tagged", versions[0])
            case "hold":
                versions[step.index] = versions[step.index]._replace(hold=not versions[step.index].hold)
                return None
            case "delete" | "delete_many" if step.bucket == PLAIN:
                return _told("deleted", versions.pop()) if versions else None
            case "delete":
                versions.insert(0, MARKER)
                return _told("deleted", MARKER)
        new = held[step.source][0]._replace(hold=False) if step.source else Version(step.data, step.tag)
        if step.bucket == PLAIN:
            versions.clear()
        versions.insert(0, new)
        return _told("created", new)


def _told(event: str, version: Version) -> Told:
    return Told(event, len(version.data or b""), version.data is None)


def content(writer: int, number: int, size: int) -> bytes:
    """Bytes that tell which step they are of."""
    line = f"{writer}.{number}\n".encode()
    return (line * (size // len(line) + 1))[:size]


def parts_of(data: bytes) -> list[bytes]:
    """The parts in which it is put: one in a file, if there is enough of it, and one inline."""
    return [data[:20_000], data[20_000:]]
