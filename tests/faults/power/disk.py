"""A disk as it is when the power is cut: what was synced is there, of the rest anything may be.

The rules are those of POSIX, harsher than any one file system: a file's bytes are durable once an fsync or fdatasync of
it was entered after their write had returned; a name (made, renamed, linked or removed) once its folder was synced
likewise, and never by a sync of the file. What was waiting when a sync failed is given up by the kernel: a later sync
says nothing of it. Of what is not durable any part may have reached the disk, in any order:
whole writes, some of a write's sectors, the new length without the bytes, a later rename without an earlier one. A
rename is atomic, and changes of one name keep their order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SECTOR_BYTES = 512


@dataclass(eq=False)
class Write:
    """Bytes written at an offset; or, where `data` is None, a file cut off or lengthened to `offset`."""

    entered: int
    returned: int
    offset: int
    data: bytes | None


@dataclass(eq=False)
class Inode:
    """A file or folder, whatever its names. `names` are a folder's, as the program sees them. `syncs` are when each was
    entered and returned, `failures` when one that failed was entered."""

    is_folder: bool
    size: int = 0
    writes: list[Write] = field(default_factory=list)
    syncs: list[tuple[int, int]] = field(default_factory=list)
    failures: list[int] = field(default_factory=list)
    names: dict[str, Inode] = field(default_factory=dict)

    def is_durable(self, returned: int, cut: int) -> bool:
        """Whether what was done to it, and returned then, is on the disk for certain at the cut."""
        given_up = min((failed for failed in self.failures if failed > returned), default=cut)
        return any(returned < entered < given_up and synced < cut for entered, synced in self.syncs)


@dataclass(eq=False)
class Naming:
    """An atomic change of names: each is (folder, name, what it names from now on). `needs`: earlier ones of the same
    names."""

    entered: int
    returned: int
    changes: list[tuple[Inode, str, Inode | None]]
    needs: list[Naming]

    def is_durable(self, cut: int) -> bool:
        folder, _, _ = self.changes[-1]
        return folder.is_durable(self.returned, cut)


class Fate(NamedTuple):
    """What becomes of what is not durable: the probability that a part of it is kept, and that a kept write is torn."""

    keep: float
    tear: float


class Disk:
    """All that happened to the files below a root."""

    def __init__(self) -> None:
        self.root = Inode(is_folder=True)
        self.namings: list[Naming] = []
        self._newest: dict[tuple[int, str], Naming] = {}

    def name(self, entered: int, returned: int, *changes: tuple[Inode, str, Inode | None]) -> None:
        """Changes names."""
        needs = [self._newest[id(folder), name] for folder, name, _ in changes if (id(folder), name) in self._newest]
        naming = Naming(entered, returned, list(changes), needs)
        self.namings.append(naming)
        for folder, name, target in changes:
            self._newest[id(folder), name] = naming
            if target is None:
                folder.names.pop(name, None)
            else:
                folder.names[name] = target

    def after_cut(self, cut: int, fate: Fate, chance: random.Random) -> dict[str, bytes | None]:
        """Files (their bytes) and folders (None), by their path below the root."""
        tree: dict[Inode, dict[str, Inode]] = {}
        for naming in self._kept_namings(cut, fate, chance):
            for folder, name, target in naming.changes:
                names = tree.setdefault(folder, {})
                if target is None:
                    names.pop(name, None)
                else:
                    names[name] = target
        found: dict[str, bytes | None] = {}
        contents: dict[Inode, bytes] = {}  # a file with two names has one content
        pending = [("", self.root)]
        while pending:
            path, inode = pending.pop()
            if inode.is_folder:
                found[path] = None
                pending += [(f"{path}/{name}".lstrip("/"), target) for name, target in tree.get(inode, {}).items()]
            else:
                if inode not in contents:
                    contents[inode] = _content(inode, cut, fate, chance)
                found[path] = contents[inode]
        return found

    def _kept_namings(self, cut: int, fate: Fate, chance: random.Random) -> list[Naming]:
        kept: set[Naming] = set()
        for naming in reversed(self.namings):
            if naming.entered < cut and (naming in kept or naming.is_durable(cut) or chance.random() < fate.keep):
                kept.add(naming)
                kept.update(naming.needs)
        return [naming for naming in self.namings if naming in kept]


def write_tree(tree: dict[str, bytes | None], folder: Path) -> None:
    """Makes these files and folders."""
    for path, content in sorted(tree.items()):
        if content is None:
            (folder / path).mkdir(mode=0o700, exist_ok=True)
        else:
            (folder / path).write_bytes(content)


def _content(inode: Inode, cut: int, fate: Fate, chance: random.Random) -> bytes:
    content = bytearray()
    for write in inode.writes:
        if write.entered >= cut:
            continue
        if inode.is_durable(write.returned, cut):
            _apply(write, content)
        elif chance.random() < fate.keep:
            if chance.random() < fate.tear:
                _tear(write, content, chance)
            else:
                _apply(write, content)
    return bytes(content)


def _apply(write: Write, content: bytearray) -> None:
    if write.data is None:
        _lengthen(content, write.offset)
        del content[write.offset :]
    else:
        _lengthen(content, write.offset)
        content[write.offset : write.offset + len(write.data)] = write.data


def _tear(write: Write, content: bytearray, chance: random.Random) -> None:
    """Some of its sectors; where the rest were beyond the end there are zeros. A new length is there or not."""
    if write.data is None:
        return
    end = write.offset + len(write.data)
    if chance.random() < 0.5:
        _lengthen(content, end)
    start = write.offset
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        if chance.random() < 0.5:
            _lengthen(content, start)
            content[start:stop] = write.data[start - write.offset : stop - write.offset]
        start = stop


def _lengthen(content: bytearray, size: int) -> None:
    content.extend(bytes(max(0, size - len(content))))
