"""The local files of request events and spans: bounded, private, shared by processes."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from portico_server.platform.call import Call, Trace
from portico_server.platform.telemetry import files as files_module
from portico_server.platform.telemetry.files import MAX_PENDING_BYTES, TelemetryFiles, segments
from portico_server.platform.telemetry.lookup import find_trace, latest_events
from portico_server.platform.telemetry.records import EVENT, event_line, order_of, span_line
from tests.unit.gateway.fakes import ADMIN, new_call

MEGABYTE = 1024 * 1024


BEGIN_NS = 1_700_000_000_000_000_000
DAY_NS = 86_400 * 1_000_000_000


def event(ray_id: str, end: int, **more: str) -> bytes:
    """An event that ended `end` nanoseconds after the tests' beginning of time."""
    end_ns = BEGIN_NS + end
    call: Call = new_call(principal=ADMIN)
    call.ray_id, call.trace = ray_id, Trace(more.get("trace_id", ray_id), ray_id[16:])
    call.arrival_time_ns = end_ns
    return event_line(call, more.get("account", "default"), 0, "", end_ns, 5)


def ends(found: list[dict[str, Any]]) -> list[int]:
    return [record["end"] - BEGIN_NS for record in found]


def ray_id(milliseconds: int, number: int = 0) -> str:
    return f"{milliseconds:012x}{number:020x}"


async def filled(folder: Path, lines: list[bytes], limit_bytes: int = MEGABYTE) -> TelemetryFiles:
    files = TelemetryFiles(folder, limit_bytes)
    for line in lines:
        files.append(line)
    await files.close()
    return files


def test_an_events_order_is_read_without_parsing_it() -> None:
    line = event(ray_id(7), 123)

    assert line.startswith(EVENT)
    assert order_of(line) == b"1700000000000000123-" + ray_id(7).encode()


async def test_what_is_appended_is_in_a_private_file_after_a_flush(tmp_path: Path) -> None:
    files = TelemetryFiles(tmp_path / "telemetry", MEGABYTE)
    files.append(b"one\n")
    await files.flush()
    files.append(b"two\n")
    await files.close()

    (segment,) = segments(tmp_path / "telemetry")
    assert segment.path.read_bytes() == b"one\ntwo\n"
    assert segment.process == os.getpid()
    assert os.stat(segment.path).st_mode & 0o777 == 0o600
    assert os.stat(tmp_path / "telemetry").st_mode & 0o777 == 0o700


async def test_the_oldest_go_when_the_limit_is_reached(tmp_path: Path) -> None:
    limit = 16 * 4096
    files = TelemetryFiles(tmp_path, limit)
    for number in range(200):
        files.append(b"%04d" % number + b"x" * 1019 + b"\n")
        await files.flush()
        assert sum(segment.path.stat().st_size for segment in segments(tmp_path)) <= limit + 2048
    await files.close()

    kept = b"".join(segment.path.read_bytes() for segment in segments(tmp_path)).splitlines()
    assert [int(line[:4]) for line in kept] == list(range(200 - len(kept), 200))
    assert len(kept) >= 40


async def test_the_limit_is_for_all_processes_together(tmp_path: Path) -> None:
    (tmp_path / "0000000000001-77.jsonl").write_bytes(b"x" * 60_000)
    (tmp_path / "0000000000002-78.jsonl").write_bytes(b"x" * 2_000)

    await filled(tmp_path, [b"mine\n"], limit_bytes=16 * 4096)

    assert [segment.process for segment in segments(tmp_path)] == [78, os.getpid()]


class SetClock:
    """A clock that is set; the files' times follow, as the system's would."""

    def __init__(self, folder: Path) -> None:
        self.now_ns = BEGIN_NS
        self._folder = folder

    def __call__(self) -> int:
        return self.now_ns

    def stamp(self) -> None:
        """The files that were written last bear the time that it is."""
        for path in self._folder.iterdir():
            if path.stat().st_mtime_ns > BEGIN_NS + 10 * DAY_NS:
                os.utime(path, ns=(self.now_ns, self.now_ns))


async def test_what_was_written_first_goes_first_though_the_clock_be_set_back(tmp_path: Path) -> None:
    limit = 16 * 4096
    clock = SetClock(tmp_path)
    files = TelemetryFiles(tmp_path, limit, clock)
    for number in range(300):
        if number in (100, 200):
            clock.now_ns -= DAY_NS
        clock.now_ns += 1_000_000_000
        files.append(b"%04d" % number + b"x" * 1019 + b"\n")
        await files.flush()
        if number in (20, 120, 220, 299):
            kept = b"".join(segment.path.read_bytes() for segment in segments(tmp_path)).splitlines()
            assert [int(line[:4]) for line in kept] == list(range(number + 1 - len(kept), number + 1))
            assert len(kept) >= min(number, 40)
    await files.close()


async def test_records_of_before_and_after_the_clock_was_set_back_are_found_and_listed_in_pages(tmp_path: Path) -> None:
    clock = SetClock(tmp_path)
    files = TelemetryFiles(tmp_path, MEGABYTE, clock)
    rays = []
    for number, step_seconds in enumerate((1, 1, -3600, 1, 1, 7200, 1)):
        clock.now_ns += step_seconds * 1_000_000_000
        rays.append(ray_id(clock.now_ns // 1_000_000, number))
        files.append(event(rays[-1], clock.now_ns - BEGIN_NS))
        await files.flush()
        clock.stamp()
    await files.close()

    assert len(segments(tmp_path)) == 2
    for ray in rays:
        assert len(find_trace(tmp_path, "default", ray).events) == 1
    listed: list[str] = []
    before = ""
    while True:
        page, before = latest_events(tmp_path, "default", limit=2, before=before)
        listed += [record["ray_id"] for record in page]
        if not before:
            break
    assert listed == sorted(rays, reverse=True)


async def test_a_writer_whose_file_was_dropped_begins_a_new_one(tmp_path: Path) -> None:
    files = TelemetryFiles(tmp_path, MEGABYTE)
    files.append(b"one\n")
    await files.flush()
    segments(tmp_path)[0].path.unlink()

    files.append(b"two\n")
    await files.close()

    assert [segment.path.read_bytes() for segment in segments(tmp_path)] == [b"two\n"]


async def test_a_disk_that_fails_loses_records_and_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = TelemetryFiles(tmp_path, MEGABYTE)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files_module.os, "write", full)
    with capture_logs() as logs:
        for _ in range(3):
            files.append(b"lost\n")
            await files.flush()
    monkeypatch.undo()
    files.append(b"kept\n")
    await files.close()

    assert files.dropped == 3
    assert [line["event"] for line in logs] == ["telemetry_not_written"]
    assert segments(tmp_path)[0].path.read_bytes() == b"kept\n"


async def test_what_waits_is_bounded(tmp_path: Path) -> None:
    files = TelemetryFiles(tmp_path, MEGABYTE)
    for _ in range(20):
        files.append(b"x" * MEGABYTE)

    assert files.dropped == 20 - MAX_PENDING_BYTES // MEGABYTE - 1


async def test_a_record_that_a_crash_cut_short_is_passed_over(tmp_path: Path) -> None:
    whole, cut = event(ray_id(1), 10), event(ray_id(2), 20)
    await filled(tmp_path, [whole, cut[:-30]])

    assert [found["ray_id"] for found in latest_events(tmp_path, "default", limit=10)[0]] == [ray_id(1)]
    assert not find_trace(tmp_path, "default", ray_id(2)).events
    assert len(find_trace(tmp_path, "default", ray_id(1)).events) == 1


async def test_processes_events_are_listed_in_one_order(tmp_path: Path) -> None:
    for process, numbers in ((1, (1, 4, 5)), (2, (2, 3, 6))):
        lines = b"".join(event(ray_id(1, number), number) for number in numbers)
        (tmp_path / f"{process:013d}-{process}.jsonl").write_bytes(lines)

    first, cursor = latest_events(tmp_path, "default", limit=4)
    second, end = latest_events(tmp_path, "default", limit=4, before=cursor)

    assert ends(first + second) == [6, 5, 4, 3, 2, 1]
    assert end == ""


async def test_a_list_goes_on_where_it_stood_though_new_events_came(tmp_path: Path) -> None:
    path = tmp_path / "0000000000001-1.jsonl"
    path.write_bytes(b"".join(event(ray_id(1, number), number) for number in range(1, 6)))
    first, cursor = latest_events(tmp_path, "default", limit=2)
    with path.open("ab") as file:
        file.write(event(ray_id(1, 6), 6))

    second, _ = latest_events(tmp_path, "default", limit=2, before=cursor)

    assert ends(first + second) == [5, 4, 3, 2]


async def test_lines_are_whole_whatever_blocks_they_are_read_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portico_server.platform.telemetry.lookup.BLOCK_BYTES", 37)
    await filled(tmp_path, [event(ray_id(1, number), number) for number in range(1, 9)])

    assert len(latest_events(tmp_path, "default", limit=100)[0]) == 8
    assert len(find_trace(tmp_path, "default", ray_id(1, 3)).events) == 1


async def test_a_ray_id_passes_over_files_that_ended_before_it(tmp_path: Path) -> None:
    old, new = tmp_path / "0000000001000-1.jsonl", tmp_path / "0000000900000-1.jsonl"
    old.write_bytes(event(ray_id(1500), 1))
    os.utime(old, (2, 2))
    new.write_bytes(event(ray_id(800_000), 2))
    old_bytes_unread = event(ray_id(800_000), 3)
    with old.open("ab") as file:  # would be found if the file were read
        file.write(old_bytes_unread)
    os.utime(old, (2, 2))

    assert ends(find_trace(tmp_path, "default", ray_id(800_000)).events) == [2]
    assert ends(find_trace(tmp_path, "default", ray_id(1500)).events) == [1]


async def test_an_id_in_an_attribute_is_not_the_records_own(tmp_path: Path) -> None:
    from portico_server.platform.telemetry.records import SpanRecord

    foreign = SpanRecord("b" * 32, "1" * 16, "", "x", "cli", 1, 1, 0, {"note": ray_id(5)})
    await filled(tmp_path, [span_line("default", foreign)])

    assert not find_trace(tmp_path, "default", ray_id(5)).spans
    assert len(find_trace(tmp_path, "default", "b" * 32).spans) == 1


def test_files_of_others_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    for name in ("notes.txt", "a-b.jsonl", "12.jsonl"):
        (tmp_path / name).write_text("x")

    assert segments(tmp_path) == []
    assert latest_events(tmp_path, "default", limit=1) == ([], "")


async def test_a_flush_that_is_cancelled_leaves_no_writer_beside_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that goes away cancels the flush that it asked for; two writers would close one another's file."""
    files = TelemetryFiles(tmp_path, MEGABYTE)
    write, began, may_end, writers = files._write, asyncio.Event(), threading.Event(), [0, 0]
    loop = asyncio.get_running_loop()

    def slow_write(lines: list[bytes]) -> None:
        writers[0] += 1
        writers[1] = max(writers)
        loop.call_soon_threadsafe(began.set)
        assert may_end.wait(30)
        write(lines)
        writers[0] -= 1

    monkeypatch.setattr(files, "_write", slow_write)
    files.append(b"one\n")
    first = asyncio.create_task(files.flush())
    await began.wait()
    first.cancel()
    files.append(b"two\n")
    second = asyncio.create_task(files.close())
    await asyncio.sleep(0.1)
    may_end.set()
    await asyncio.gather(first, second, return_exceptions=True)

    assert writers[1] == 1, "two threads wrote at once"
    assert first.cancelled()
    assert b"".join(segment.path.read_bytes() for segment in segments(tmp_path)) == b"one\ntwo\n"
