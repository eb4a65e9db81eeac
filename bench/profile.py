"""Where the time of a call goes: the front's threads, and its Python functions as py-spy samples them.

Only samples in which a thread holds the interpreter's lock count: waiting costs nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import load
from bench.context import Bench
from bench.measure import MEBIBYTE
from bench.measures.calls import echo, requests, responses
from bench.measures.objects import gets, puts
from bench.measures.streams import MESSAGES
from bench.processes import thread_cpu_seconds
from bench.report import Table

SAMPLES_A_SECOND = 500
SHOWN = 40
LOADS: Mapping[str, Callable[[Bench], load.Load]] = {
    "unary": lambda bench: echo(bench.scratch),
    "get": gets,
    "put": lambda bench: puts(bench, bench.portico()),
    "responses": lambda bench: responses(bench.scratch, MEBIBYTE, MESSAGES),
    "requests": lambda bench: requests(bench.scratch, MEBIBYTE, MESSAGES),
}
"""What can be looked into."""


class ProfileError(Exception):
    """py-spy is missing, or could not look into the process."""


def profile(bench: Bench, name: str, seconds: float) -> str:
    """Puts the front under one of `LOADS` for so long. Answers two tables: its threads, and its Python functions."""
    what = LOADS[name](bench)
    program = shutil.which("py-spy") or shutil.which("py-spy", path=str(Path(sys.executable).parent))
    if program is None:
        raise ProfileError("py-spy is not installed: pip install py-spy")
    endpoint = bench.portico()
    front = endpoint.processes()["front"]
    samples = bench.scratch / "profile.raw"
    before = thread_cpu_seconds(front)
    sampler = threading.Thread(target=_sample, args=(program, front, seconds, samples))
    sampler.start()
    result = load.run(endpoint, what, seconds=seconds, warm_seconds=0.3)
    threads = {name: cpu - before.get(name, 0.0) for name, cpu in thread_cpu_seconds(front).items()}
    sampler.join()
    if not samples.exists():
        raise ProfileError("py-spy took no samples; it needs the right to trace other processes")
    heading = f"{result.calls_per_second:,.0f} calls/s, p50 {result.p50_us:.0f} us"
    tables = [_threads(threads, result.all_calls), _functions(samples.read_text().splitlines())]
    return "\n\n".join([heading, *(table.markdown() for table in tables)])


def _sample(program: str, pid: int, seconds: float, output: Path) -> None:
    command = [program, "record", "--pid", str(pid), "--duration", str(max(1, int(seconds)))]
    options = ["--rate", str(SAMPLES_A_SECOND), "--gil", "--format", "raw", "--output", str(output)]
    subprocess.run([*command, *options], capture_output=True, check=False)


def _threads(cpu_seconds: Mapping[str, float], calls: int) -> Table:
    rows = sorted(cpu_seconds.items(), key=lambda row: -row[1])
    return Table(("thread", "CPU us a call"), [[name, f"{cpu / calls * 1e6:.1f}"] for name, cpu in rows if cpu >= 0.05])


def _functions(lines: list[str]) -> Table:
    """From lines `outer;inner;… count`: how often a function was on the stack, and how often at its top."""
    within: Counter[str] = Counter()
    itself: Counter[str] = Counter()
    total = 0
    for line in lines:
        stack, _, count = line.rpartition(" ")
        frames = [_function(frame) for frame in stack.split(";") if frame]
        total += int(count)
        if frames:
            itself[frames[-1]] += int(count)
        for name in set(frames):
            within[name] += int(count)
    rows = [[name, f"{count / total:.1%}", f"{itself[name] / total:.1%}"] for name, count in within.most_common(SHOWN)]
    return Table(("function", "on the stack", "itself"), rows)


def _function(frame: str) -> str:
    """`Name (path/file.py:12)` without the line."""
    name, _, place = frame.partition(" (")
    file = place.rstrip(")").rpartition(":")[0] or place.rstrip(")")
    return f"{name} ({'/'.join(Path(file).parts[-2:])})"
