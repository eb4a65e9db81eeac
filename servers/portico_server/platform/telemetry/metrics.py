"""Counters and latencies of calls, and values read at each scrape, as Prometheus reads them (text exposition format
0.0.4)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

import grpc

BUCKETS_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram."""

_BUCKETS_NS = tuple(int(bound * 1e9) for bound in BUCKETS_SECONDS)
_CODE_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


class _Series:
    """What is counted of one method."""

    __slots__ = ("buckets", "codes", "total_ns")

    def __init__(self) -> None:
        self.codes: dict[int, int] = {}
        self.buckets = [0] * (len(_BUCKETS_NS) + 1)
        self.total_ns = 0


class Metrics:
    """Counts finished calls by method and code, their latency by method, and reads other values when asked."""

    def __init__(self) -> None:
        self._series: dict[str, _Series] = {}
        self._read: dict[str, tuple[str, str, Callable[[], float]]] = {}  # type, description, how to read it

    def finished(self, method: str, code: int, duration_ns: int) -> None:
        """Counts a call. `method` is its path, `code` a `google.rpc.Code`."""
        series = self._series.get(method)
        if series is None:
            series = self._series[method] = _Series()
        series.codes[code] = series.codes.get(code, 0) + 1
        series.buckets[bisect_left(_BUCKETS_NS, duration_ns)] += 1
        series.total_ns += duration_ns

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Adds a value that goes up and down; `name` without the prefix `portico_`."""
        self._read[name] = ("gauge", description, read)

    def counter(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Adds a value that only grows; `name` ends in `_total` (Prometheus's naming)."""
        self._read[name] = ("counter", description, read)

    def render(self) -> str:
        """Everything, in the text exposition format."""
        lines = [*self._render_calls(), *self._render_durations()]
        for name, (kind, description, read) in sorted(self._read.items()):
            lines += [
                f"# HELP portico_{name} {description}",
                f"# TYPE portico_{name} {kind}",
                f"portico_{name} {read():.15g}",
            ]
        return "\n".join(lines) + "\n"

    def _render_calls(self) -> list[str]:
        lines = ["# HELP portico_calls_total Finished calls.", "# TYPE portico_calls_total counter"]
        for method, series in sorted(self._series.items()):
            for code, count in sorted(series.codes.items()):
                name = _CODE_NAMES.get(code, "UNKNOWN")
                lines.append(f'portico_calls_total{{method="{method}",code="{name}"}} {count}')
        return lines

    def _render_durations(self) -> list[str]:
        name = "portico_call_duration_seconds"
        lines = [f"# HELP {name} From a call's arrival to its end.", f"# TYPE {name} histogram"]
        for method, series in sorted(self._series.items()):
            count = 0
            for bound, in_bucket in zip((*map(str, BUCKETS_SECONDS), "+Inf"), series.buckets, strict=True):
                count += in_bucket
                lines.append(f'{name}_bucket{{method="{method}",le="{bound}"}} {count}')
            lines.append(f'{name}_sum{{method="{method}"}} {series.total_ns / 1e9:.9f}')
            lines.append(f'{name}_count{{method="{method}"}} {count}')
        return lines
