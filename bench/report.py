"""What a measure answers, and how it reads: as text on the terminal and as a section of README.md."""

from __future__ import annotations

import datetime
import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parent / "README.md"


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are text already, with the right number of digits."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass(frozen=True, slots=True)
class Goal:
    """What was wanted and what was reached. `met` is None where a figure is only reported."""

    measure: str
    wanted: str
    reached: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Section:
    """The figures of one measure. `note` says how they were taken."""

    note: str
    table: Table
    goals: Sequence[Goal]

    def markdown(self) -> str:
        parts = [self.note, self.table.markdown()]
        if self.goals:
            rows = [[goal.measure, goal.wanted, goal.reached, _verdict(goal.met)] for goal in self.goals]
            parts.append(Table(("goal", "wanted", "reached", ""), rows).markdown())
        return "\n\n".join(parts)


def _verdict(met: bool | None) -> str:
    return {True: "met", False: "**missed**", None: "reported"}[met]


def stamp() -> str:
    """The date, and the shape of the machine that this runs on."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    return f"{today}, {cores} cores ({_processor()}), {memory_gib:.0f} GiB, Linux, Python {platform.python_version()}"


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1].strip() if found else platform.machine()


def write(name: str, section: Section, conditions: str) -> None:
    """Puts the section between its marks in README.md. Raises ValueError if README.md has no place for it."""
    begin, end = f"<!-- figures of {name} -->", f"<!-- end of {name} -->"
    before, found, rest = README.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"{README} has no {begin} … {end}")
    body = f"{section.markdown()}\n\n*{stamp()}; {conditions}.*"
    README.write_text(f"{before}{begin}\n\n{body}\n\n{end}{after}")
