"""Rounds: every candidate in turn, again and again, so that a machine that drifts drifts for all; then medians."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from bench import load
from bench.candidates import Endpoint
from bench.processes import cpu_seconds

Figures = Mapping[str, float]
"""One round's figures of one candidate, by name."""

MEBIBYTE = 1024 * 1024
CPU = "cpu_us"
"""Processor time of all of a candidate's processes, microseconds a call."""


@dataclass(frozen=True, slots=True)
class Rounds:
    """What was measured: for each candidate its rounds, in order."""

    figures: Mapping[str, list[Figures]]

    def median(self, candidate: str, figure: str) -> float:
        return statistics.median(round_[figure] for round_ in self.figures[candidate])

    def ratio(self, candidate: str, other: str, figure: str) -> float:
        """The median of the rounds' own quotients: what both had in common in a round cancels out."""
        pairs = zip(self.figures[candidate], self.figures[other], strict=True)
        return statistics.median(one[figure] / two[figure] for one, two in pairs)

    def difference(self, candidate: str, other: str, figure: str) -> float:
        """The median of the rounds' own differences."""
        pairs = zip(self.figures[candidate], self.figures[other], strict=True)
        return statistics.median(one[figure] - two[figure] for one, two in pairs)


def interleave(cells: Mapping[str, Callable[[], Figures]], rounds: int) -> Rounds:
    """Measures every cell once a round; backwards in every other one, so that none always follows the same other."""
    figures: dict[str, list[Figures]] = {name: [] for name in cells}
    for number in range(rounds):
        for name in list(cells) if number % 2 == 0 else reversed(list(cells)):
            figures[name].append(cells[name]())
    return Rounds(figures)


def under_load(endpoint: Endpoint, what: load.Load, seconds: float, warm_seconds: float = 0.3) -> Figures:
    """Sends the load for so long: rate, latency, bytes, and processor time a call, in all and by process."""
    with spent_by(endpoint.processes()) as spent:
        result = load.run(endpoint, what, seconds=seconds, warm_seconds=warm_seconds)
    return figures_of(result, spent)


@contextmanager
def spent_by(processes: Mapping[str, int]) -> Iterator[dict[str, float]]:
    """Yields what is filled at the end: the processor time, in seconds, that each process took meanwhile."""
    before = {name: cpu_seconds(pid) for name, pid in processes.items()}
    spent: dict[str, float] = {}
    yield spent
    spent |= {name: cpu_seconds(pid) - before[name] for name, pid in processes.items()}


def figures_of(result: load.Result, spent: Mapping[str, float]) -> Figures:
    """What a generator saw, and processor time a call, in all and by process."""
    per_call = 1e6 / max(result.all_calls, 1)
    return {
        "calls": result.calls,
        "calls_per_second": result.calls / result.seconds,
        "p50_us": result.p50_us,
        "p99_us": result.p99_us,
        "received_mib_per_second": result.received_bytes / MEBIBYTE / result.seconds,
        "sent_mib_per_second": result.sent_bytes / MEBIBYTE / result.seconds,
        "generator_share": result.cpu_seconds / result.seconds,
        CPU: sum(spent.values()) * per_call,
        **{f"{CPU} {name}": cpu * per_call for name, cpu in spent.items()},
    }
