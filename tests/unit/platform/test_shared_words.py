"""Words that several processes share."""

from __future__ import annotations

import multiprocessing
import stat
import threading
import time
from pathlib import Path

import pytest

from portico_server.platform.shared_words import SharedWords, Word

INCREASES = 500


def increase_often(path: Path) -> None:
    words = SharedWords(path)
    for _ in range(INCREASES):
        words.increase(Word.POLICY)


def test_what_one_raises_the_others_see(tmp_path: Path) -> None:
    first, second = SharedWords(tmp_path / "words"), SharedWords(tmp_path / "words")
    assert second.words[Word.REVOCATIONS] == 0
    assert first.increase(Word.REVOCATIONS) == 1
    assert second.words[Word.REVOCATIONS] == 1
    assert second.words[Word.POLICY] == 0


def test_no_increase_is_lost_between_processes(tmp_path: Path) -> None:
    path = tmp_path / "words"
    processes = [multiprocessing.get_context("spawn").Process(target=increase_often, args=(path,)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert SharedWords(path).words[Word.POLICY] == 3 * INCREASES


def test_the_file_is_its_owners_and_keeps_its_values(tmp_path: Path) -> None:
    SharedWords(tmp_path / "words").words[7] = 2**64 - 1
    assert stat.S_IMODE((tmp_path / "words").stat().st_mode) == 0o600
    assert SharedWords(tmp_path / "words").words[7] == 2**64 - 1


def test_threads_of_a_process_keep_one_another_out(tmp_path: Path) -> None:
    shared = SharedWords(tmp_path / "words")
    entered = threading.Event()

    def enter() -> None:
        with shared.locked():
            entered.set()

    other = threading.Thread(target=enter)
    with shared.locked():
        other.start()
        assert not entered.wait(0.05)
    other.join(60)
    assert entered.is_set()


def test_once_open_nothing_is_opened_any_more(tmp_path: Path) -> None:
    """The disk may have become read-only."""
    shared = SharedWords(tmp_path / "words")
    (tmp_path / "words").unlink()
    assert shared.increase(Word.POLICY) == 1


@pytest.mark.parametrize("before_bytes", [None, 4096 * 8])
def test_all_of_the_file_has_its_place_on_the_disk(tmp_path: Path, before_bytes: int | None) -> None:
    """Else a full disk would kill who writes to it."""
    path = tmp_path / "words"
    if before_bytes is not None:
        with path.open("wb") as file:
            file.truncate(before_bytes)
    SharedWords(path, 4096)
    assert path.stat().st_blocks * 512 >= path.stat().st_size == 4096 * 8


def test_a_look_costs_less_than_a_microsecond(tmp_path: Path) -> None:
    shared = SharedWords(tmp_path / "words")
    best = min(_nanoseconds_a_look(shared) for _ in range(20))
    assert best < 1_000


def _nanoseconds_a_look(shared: SharedWords) -> float:
    start = time.perf_counter_ns()
    for _ in range(1_000):
        _ = shared.words[Word.POLICY] == 1
    return (time.perf_counter_ns() - start) / 1_000
