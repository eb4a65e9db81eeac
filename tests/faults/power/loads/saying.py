"""How a load says what it does: lines of standard output, which the recording holds in order with its system calls."""

from __future__ import annotations

import os
from collections.abc import Sequence


def say(line: str) -> None:
    """At once and in one write."""
    os.write(1, f"{line}\n".encode())


def counted(said: Sequence[str], line: str) -> int:
    """How many lines are this one, or begin with it and go on behind a space."""
    return sum(one == line or one.startswith(f"{line} ") for one in said)


def numbered(said: Sequence[str], start: str) -> set[int]:
    """The numbers that follow this start of a line."""
    return {int(line.removeprefix(f"{start} ").split()[0]) for line in said if line.startswith(f"{start} ")}
