"""Reads the local files: one trace by an id, and the latest request events. Blocking: for a thread.

Files are read in blocks, and a block is taken apart only where it holds what is looked for.
"""

from __future__ import annotations

import heapq
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from portico_server.platform.telemetry.files import CLOCK_STEP_MS, Segment, segments
from portico_server.platform.telemetry.records import is_event, order_of, parse

BLOCK_BYTES = 256 * 1024

MAX_TRACE_RECORDS = 10_000
"""Of one trace; further ones are left out."""

WAIT_MS = 60_000
"""A segment may hold records that much older than itself: they waited to be written."""

MAX_LISTED_LINES = 20_000
"""How many events one page of a list looks at; then it is answered as it stands, with the token to go on."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of a trace: records as `records.event_line` and `records.span_line` wrote them."""

    events: list[dict[str, Any]]
    spans: list[dict[str, Any]]


def find_trace(folder: Path, account: str, trace_or_ray_id: str) -> Trace:
    """An account's records of a trace; empty if there are none. Events by arrival, spans by start.

    A ray id tells its own time, so files that ended before it are passed over.
    """
    records = list(_records_with(folder, account, trace_or_ray_id))
    trace_ids = {record["trace_id"] for record in records} - {trace_or_ray_id}
    if trace_ids:  # a ray id of a trace that the caller began: the rest bears the trace id only
        records = [record for trace_id in sorted(trace_ids) for record in _records_with(folder, account, trace_id)]
    events = [record for record in records if "end" in record]
    spans = [record for record in records if "end" not in record]
    return Trace(sorted(events, key=lambda event: event["arrival"]), sorted(spans, key=lambda span: span["start"]))


def latest_events(
    folder: Path, account: str, *, limit: int, before: str = "", failed_only: bool = False, method: str = ""
) -> tuple[list[dict[str, Any]], str]:
    """An account's request events, those that ended last first, and where to go on (`before`); empty at the end."""
    wanted = _event_filter(account, failed_only, method)
    events: list[dict[str, Any]] = []
    bound = before.encode()
    order = b""
    for looked_at, line in enumerate(_events_backwards(folder, bound)):
        if looked_at == MAX_LISTED_LINES:
            return events, order.decode()
        order = order_of(line)
        if wanted(line) and (event := parse(line)) is not None and event["account"] == account:
            events.append(event)
            if len(events) == limit:
                return events, order.decode()
    return events, ""


def _records_with(folder: Path, account: str, wanted_id: str) -> Iterator[dict[str, Any]]:
    needle = f'"{wanted_id}"'.encode()
    count = 0
    for segment in _segments_since(folder, wanted_id):
        for line in _lines_with(segment.path, needle):
            record = parse(line)
            if record is None or record.get("account") != account or not _is_about(record, wanted_id):
                continue
            yield record
            count += 1
            if count == MAX_TRACE_RECORDS:
                return


def _is_about(record: dict[str, Any], wanted_id: str) -> bool:
    """Whether the id is the record's own, and not some attribute that looks like it."""
    ray_id = record["ray_id"] if "end" in record else record["attributes"].get("portico.ray_id")
    return wanted_id in (record["trace_id"], ray_id)


def _segments_since(folder: Path, wanted_id: str) -> list[Segment]:
    """Those that may hold records of the id: all, unless its first 48 bits are a time within the files' span."""
    everything = segments(folder)
    asked_ms = int(wanted_id[:12], 16)
    if not everything or asked_ms < everything[0].start_ms or asked_ms > everything[-1].start_ms + 7 * 86_400_000:
        return everything  # a foreign trace id, random in all its bits
    return [segment for segment in everything if _ended_ms(segment) >= asked_ms - CLOCK_STEP_MS]


def _lines_with(path: Path, needle: bytes) -> Iterator[bytes]:
    rest = b""
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                head, separator, tail = (rest + block).rpartition(b"\n")
                rest = tail
                if separator and needle in head:
                    yield from (line for line in head.split(b"\n") if needle in line)
    except FileNotFoundError:
        return  # dropped meanwhile


def _events_backwards(folder: Path, before: bytes) -> Iterator[bytes]:
    """Events of all processes, those that ended last first, from behind `before` on."""
    latest_start_ms = _milliseconds(before) + WAIT_MS if before else sys.maxsize
    asked = [segment for segment in segments(folder) if segment.start_ms <= latest_start_ms]
    asked.sort(key=lambda segment: (segment.process, -segment.start_ms))
    streams = [
        _paths_backwards(paths)
        for _, own in groupby(asked, key=attrgetter("process"))
        for paths in _runs_backwards(own)
    ]
    for line in heapq.merge(*streams, key=order_of, reverse=True):
        if not before or order_of(line) < before:
            yield line


def _milliseconds(order: bytes) -> int:
    return int(order.partition(b"-")[0]) // 1_000_000


def _runs_backwards(own: Iterable[Segment]) -> list[list[Path]]:
    """A process's segments, the latest first, in runs in which time only goes back: where the clock was set back
    between two of them, another run begins."""
    runs: list[list[Path]] = []
    next_start_ms = 0
    for segment in own:
        if not runs or _ended_ms(segment) > next_start_ms + CLOCK_STEP_MS:
            runs.append([])
        runs[-1].append(segment.path)
        next_start_ms = segment.start_ms
    return runs


def _ended_ms(segment: Segment) -> int:
    """When it was written last; 0 where it was dropped meanwhile."""
    try:
        return segment.path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 0


def _paths_backwards(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from filter(is_event, _lines_backwards(path))


def _lines_backwards(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            position = file.seek(0, 2)
            rest = b""
            while position:
                length = min(BLOCK_BYTES, position)
                position -= length
                file.seek(position)
                first, *lines = (file.read(length) + rest).split(b"\n")
                yield from reversed(lines)
                rest = first
            yield rest
    except FileNotFoundError:
        return


def _event_filter(account: str, failed_only: bool, method: str) -> Callable[[bytes], bool]:
    """A look at the bytes that passes over most events that are not asked for; the rest is parsed."""
    needles = [f'"account":"{account}"'.encode()]
    if method:
        needles.append(f'"method":"{method}"'.encode())

    def wanted(line: bytes) -> bool:
        return all(needle in line for needle in needles) and not (failed_only and b',"code":0,"reason":"",' in line)

    return wanted
