"""What a program does to files, as the kernel saw it: its system calls, recorded by strace in one order.

Nothing of the program is replaced for this: SQLite's own writes, direct writes and renames are all there, with their
bytes. A call is known by where it was entered and where it returned; what returned before another call was entered
also happened before it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]

CHANGING = (
    *("open", "openat", "creat", "close", "dup", "dup2", "dup3", "fcntl"),
    *("write", "pwrite64", "writev", "pwritev", "pwritev2", "sendfile", "copy_file_range", "splice"),
    *("truncate", "ftruncate", "fallocate", "mkdir", "mkdirat", "rmdir", "symlink", "symlinkat"),
    *("rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat"),
    *("fsync", "fdatasync", "sync_file_range", "sync", "syncfs"),
)
"""All calls by which files are opened, changed and made durable."""

OPTIONS = ("-f", "--seccomp-bpf", "-qq", "-xx", "-s", str(1 << 25), "-e", "signal=none")
"""Of strace, for `parse`: all threads, every byte in hexadecimal."""

_RECORD_SECONDS = 120
_START = re.compile(rb"(\d+) +(\w+)\((.*)$", re.DOTALL)
_RESUMED = re.compile(rb"(\d+) +<\.\.\. (\w+) resumed>(.*)$", re.DOTALL)
_UNFINISHED, _DETACHED = b" <unfinished ...>", b" <detached ...>"
_UNSEEN = b" = -1000"
_RESULT = re.compile(rb"-?\d+")
_ARGUMENT = re.compile(rb'"([^"]*)"(?:\.\.\.)?|([^,"]+)')

UNSEEN = -1000
"""The result of a call that was entered and, as far as was recorded, did not return."""
ENDED = "ended"
"""The name of what is no call: a process ended, by which its descriptors are closed."""


class Call(NamedTuple):
    """A system call. `arguments` are bytes where they were strings, else text; `result` is negative for an error."""

    entered: int
    returned: int
    name: str
    arguments: tuple[bytes | str, ...]
    result: int

    def path(self, index: int) -> str:
        """The argument as a path."""
        value = self.arguments[index]
        assert isinstance(value, bytes)
        return os.fsdecode(value)

    def data(self, index: int) -> bytes:
        """The argument as the bytes that were handed over."""
        value = self.arguments[index]
        assert isinstance(value, bytes)
        return value

    def number(self, index: int) -> int:
        """The argument as a number."""
        value = self.arguments[index]
        assert isinstance(value, str)
        return int(value, 0)

    def word(self, index: int) -> str:
        """The argument as the constants that strace shows."""
        value = self.arguments[index]
        assert isinstance(value, str)
        return value


def record(module: str, arguments: Sequence[str], folder: Path, inject: str = "") -> list[Call]:
    """Runs `python -m module arguments` to its end under strace; answers its calls in the order of their return.

    `inject` makes calls fail instead of being made, as strace has it: `fdatasync:error=EIO:when=9`, the ninth of each
    thread.
    """
    file = folder / "trace"
    command = ["strace", *OPTIONS, "-e", f"trace={','.join(CHANGING)}", "-o", str(file)]
    command += ["-e", f"inject={inject}"] if inject else []
    program = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        [*command, *program], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=_RECORD_SECONDS
    )
    assert done.returncode == 0, done.stderr.decode()[-4000:]
    calls = parse(file)
    file.unlink()
    return calls


def one_behind_the_other(first: list[Call], second: list[Call]) -> list[Call]:
    """The calls of two processes, of which the second was started when the first had ended."""
    end = max(call.returned for call in first) + 1
    moved = [call._replace(entered=call.entered + end + 1, returned=call.returned + end + 1) for call in second]
    return [*first, Call(end, end, ENDED, (), 0), *moved]


def parse(file: Path) -> list[Call]:
    """The calls in a file of strace's (`-f -xx`), by their return; UNSEEN is the result where that was not seen."""
    calls: list[Call] = []
    number = 0
    begun: dict[bytes, tuple[int, bytes]] = {}
    with file.open("rb") as lines:
        for number, raw in enumerate(lines):
            line = raw.rstrip(b"\n")
            if resumed := _RESUMED.match(line):
                thread, _, rest = resumed.groups()
                entered, start = begun.pop(thread)
                calls += _call(entered, number, start + rest)
            elif line.endswith(_DETACHED):
                calls += _call(number, number, line.removesuffix(_DETACHED) + _UNSEEN)
            elif line.endswith(_UNFINISHED):
                thread = line.split(b" ", 1)[0]
                begun[thread] = (number, line.removesuffix(_UNFINISHED))
            else:
                calls += _call(number, number, line)
        for entered, start in begun.values():
            calls += _call(entered, number, start + _UNSEEN)
    return calls


def _call(entered: int, returned: int, line: bytes) -> Iterator[Call]:
    """The call on a line; nothing for other lines (exits)."""
    started = _START.match(line)
    if started is None:
        return
    _, name, rest = started.groups()
    arguments, _, result = rest.rpartition(b" = ")
    if (number := _RESULT.match(result)) is not None:
        plain = arguments.strip().removesuffix(b")")
        yield Call(entered, returned, name.decode(), _arguments(plain), int(number[0]))


def _arguments(text: bytes) -> tuple[bytes | str, ...]:
    found: list[bytes | str] = []
    for match in _ARGUMENT.finditer(text):
        quoted, plain = match.groups()
        if quoted is not None:
            found.append(bytes.fromhex(quoted.decode().replace("\\x", "")))
        elif plain.strip():
            found.append(plain.strip().decode())
    return tuple(found)
