"""What each writer of the objects' load does, step by step, and what its keys hold after each.

A writer does one thing after another to keys of its own. So after a cut they hold what they held after its last
acknowledged step, or after the one that it had begun then; never anything else.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

KEYS = 4  # a writer and bucket
SIZES = (0, 900, 16_384, 16_385, 21_000, 70_000)
"""Up to 16 KiB the bytes stand in the database, beyond in a file."""

PLAIN, KEPT = "plain", "kept"
"""The buckets: one without versions, one that keeps them."""

Held = dict[str, dict[str, list[bytes | None]]]
"""By bucket and key the versions, newest first; None: a delete marker."""


@dataclass(frozen=True)
class Step:
    """`kind` is put, put_parts (as `parts_of` cuts it), copy (of `source`), delete, delete_version (the version at
    `index`), or delete_many."""

    kind: str
    bucket: str
    keys: tuple[str, ...]
    data: bytes = b""
    source: str = ""
    index: int = 0


@dataclass
class Plan:
    """A writer's endless list of steps, drawn from a seed; `held` is what its keys hold after those taken."""

    seed: int
    writer: int
    held: Held = field(default_factory=lambda: {PLAIN: {}, KEPT: {}})

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

    def after(self, count: int) -> Held:
        """What is held after so many steps from here."""
        steps = self.steps()
        for _ in range(count):
            next(steps)
        return copy.deepcopy(self.held)

    def _drawn(self, chance: random.Random, number: int) -> Step | None:
        """A step; None where what was drawn makes no sense now."""
        bucket = chance.choice((PLAIN, KEPT))
        keys = [f"{self.writer}/{chance.randrange(KEYS)}" for _ in range(2)]
        kind = chance.choice(
            ("put", "put", "put_parts", "put_parts", "copy", "delete", "delete_version", "delete_many")
        )
        size, index = chance.choice(SIZES), chance.randrange(3)
        versions = self.held[bucket].get(keys[0], [])
        is_there = bool(versions) and versions[0] is not None
        match kind:
            case "put" | "put_parts":
                return Step(kind, bucket, (keys[0],), content(self.writer, number, size))
            case "copy" if is_there and keys[0] != keys[1]:
                return Step(kind, bucket, (keys[1],), source=keys[0])
            case "delete" if is_there:
                return Step(kind, bucket, (keys[0],))
            case "delete_version" if bucket == KEPT and index < len(versions):
                return Step(kind, bucket, (keys[0],), index=index)
            case "delete_many" if bucket == PLAIN and keys[0] != keys[1]:
                return Step(kind, bucket, tuple(keys))
        return None

    def _take(self, step: Step) -> None:
        held = self.held[step.bucket]
        for key in step.keys:
            versions = held.setdefault(key, [])
            if step.kind == "delete_version":
                del versions[step.index]
                continue
            if step.bucket == PLAIN:
                versions.clear()
            if step.kind in ("put", "put_parts", "copy"):
                versions.insert(0, held[step.source][0] if step.source else step.data)
            elif step.bucket == KEPT:
                versions.insert(0, None)
            if not versions:
                del held[key]
        for key in [key for key, versions in held.items() if not versions]:
            del held[key]


def content(writer: int, number: int, size: int) -> bytes:
    """Bytes that tell which step they are of."""
    line = f"{writer}.{number}\n".encode()
    return (line * (size // len(line) + 1))[:size]


def parts_of(data: bytes) -> list[bytes]:
    """The parts in which it is put: one in a file, if there is enough of it, and one inline."""
    return [data[:20_000], data[20_000:]]
