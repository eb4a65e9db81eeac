"""From recorded system calls to what happened to a disk, and what the program said meanwhile."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.faults.power import trace
from tests.faults.power.disk import Disk, Inode, Write
from tests.faults.power.trace import UNSEEN, Call

_STANDARD_OUTPUT = 1
_REBUILT = "-shm"
"""SQLite's index of its log: shared memory in a file, thrown away when the first connection opens it."""


class Mark(NamedTuple):
    """A line that the program wrote to its standard output. It may have been seen from `at` on."""

    at: int
    text: str


class Sync(NamedTuple):
    """A sync that was done. `path` is below the root; a folder's ends in a slash."""

    at: int
    path: str


@dataclass
class _Open:
    inode: Inode
    path: str
    offset: int = 0
    appends: bool = False


class Recording:
    """A program's run. `ignored` says of a sync's path whether to take it for not done, as a mutation."""

    def __init__(self, calls: Sequence[Call], root: Path, ignored: Callable[[str], bool] = lambda path: False) -> None:
        self.disk = Disk()
        self.marks: list[Mark] = []
        self.syncs: list[Sync] = []
        self.end = max(call.returned for call in calls) + 1
        self._root = str(root)
        self._ignored = ignored
        self._open: dict[int, _Open] = {}
        for call in sorted(calls, key=_order):
            if call.result >= 0:
                self._replay(call)
            elif call.result != UNSEEN and call.name in ("fsync", "fdatasync"):
                self._sync_failed(call)

    def _replay(self, call: Call) -> None:
        match call.name:
            case "openat":
                self._opened(call)
            case "close":
                self._open.pop(call.number(0), None)
            case "dup" | "fcntl" if call.name == "dup" or "F_DUPFD" in call.word(1):
                if (opened := self._open.get(call.number(0))) is not None:
                    self._open[call.result] = opened
            case "fcntl":
                pass
            case trace.ENDED:
                self._open.clear()
            case "write":
                self._written(call, None)
            case "pwrite64":
                self._written(call, call.number(3))
            case "ftruncate":
                self._cut_off(call, call.number(0), call.number(1))
            case "fsync" | "fdatasync":
                self._synced(call)
            case "mkdir":
                self._named(call, self._place(call.path(0)), Inode(is_folder=True))
            case "mkdirat":
                self._named(call, self._place(call.path(1)), Inode(is_folder=True))
            case "unlink" | "rmdir":
                self._named(call, self._place(call.path(0)), None)
            case "unlinkat":
                self._named(call, self._place(call.path(1)), None)
            case "rename":
                self._renamed(call, call.path(0), call.path(1))
            case "link":
                self._linked(call, call.path(0), call.path(1))
            case "linkat":
                self._linked(call, call.path(1), call.path(3))
            case _:
                self._refuse(call)

    def _opened(self, call: Call) -> None:
        self._open.pop(call.result, None)
        place = self._place(call.path(1))
        if place is None:
            return
        folder, name = place
        flags = call.word(2)
        inode = folder.names.get(name) if name else folder
        if inode is None:
            assert "O_CREAT" in flags, f"{call.path(1)} was opened, and is not known"
            inode = Inode(is_folder=False)
            self.disk.name(call.entered, call.returned, (folder, name, inode))
        opened = _Open(inode, call.path(1).removeprefix(self._root).lstrip("/"), appends="O_APPEND" in flags)
        self._open[call.result] = opened
        if "O_TRUNC" in flags and inode.size:
            self._cut_off(call, call.result, 0)

    def _written(self, call: Call, offset: int | None) -> None:
        descriptor = call.number(0)
        data = call.data(1)[: call.result]
        opened = self._open.get(descriptor)
        if opened is None:
            if descriptor == _STANDARD_OUTPUT:
                self.marks += [Mark(call.entered, line) for line in data.decode().splitlines()]
            return
        if offset is None:
            offset = opened.inode.size if opened.appends else opened.offset
            opened.offset = offset + len(data)
        self._write(opened, Write(call.entered, call.returned, offset, data))
        opened.inode.size = max(opened.inode.size, offset + len(data))

    def _cut_off(self, call: Call, descriptor: int, size: int) -> None:
        if (opened := self._open.get(descriptor)) is not None:
            self._write(opened, Write(call.entered, call.returned, size, None))
            opened.inode.size = size

    def _write(self, opened: _Open, write: Write) -> None:
        if not opened.path.endswith(_REBUILT):
            opened.inode.writes.append(write)

    def _synced(self, call: Call) -> None:
        opened = self._open.get(call.number(0))
        if opened is None:
            return
        path = f"{opened.path}/" if opened.inode.is_folder else opened.path
        if not self._ignored(path):
            opened.inode.syncs.append((call.entered, call.returned))
            self.syncs.append(Sync(call.entered, path))

    def _sync_failed(self, call: Call) -> None:
        if (opened := self._open.get(call.number(0))) is not None:
            opened.inode.failures.append(call.entered)

    def _named(self, call: Call, place: tuple[Inode, str] | None, inode: Inode | None) -> None:
        if place is not None:
            self.disk.name(call.entered, call.returned, (*place, inode))

    def _renamed(self, call: Call, source: str, target: str) -> None:
        before, after = self._place(source), self._place(target)
        if before is None and after is None:
            return
        assert before is not None, f"{source} came from elsewhere"
        assert after is not None, f"{target} is elsewhere"
        inode = before[0].names[before[1]]
        if after[0].names.get(after[1]) is not inode:  # else rename does nothing
            self.disk.name(call.entered, call.returned, (*before, None), (*after, inode))

    def _linked(self, call: Call, source: str, target: str) -> None:
        before, after = self._place(source), self._place(target)
        if after is not None:
            assert before is not None, f"{source} came from elsewhere"
            self.disk.name(call.entered, call.returned, (*after, before[0].names[before[1]]))

    def _place(self, path: str) -> tuple[Inode, str] | None:
        """The folder and the name in it; the name is empty for the root itself. None for what is elsewhere."""
        if path == self._root:
            return self.disk.root, ""
        if not path.startswith(f"{self._root}/"):
            return None
        folder = self.disk.root
        *folders, name = posixpath.normpath(path)[len(self._root) + 1 :].split("/")
        for part in folders:
            folder = folder.names[part]
        return folder, name

    def _refuse(self, call: Call) -> None:
        """What this model does not know must not go by unseen."""
        descriptors = {argument for argument in call.arguments if isinstance(argument, str) and argument.isdigit()}
        paths = [argument for argument in call.arguments if isinstance(argument, bytes)]
        ours = any(int(number) in self._open for number in descriptors)
        if ours or any(self._root.encode() in path for path in paths):
            raise AssertionError(f"the model of the disk does not know {call.name}")


def _order(call: Call) -> int:
    """Calls take effect by their return, but a descriptor may be another thread's before its close has returned."""
    return call.entered if call.name == "close" else call.returned
