"""Words that several processes share."""

from __future__ import annotations

import multiprocessing
import stat
import time
from pathlib import Path

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


def test_a_look_costs_less_than_a_microsecond(tmp_path: Path) -> None:
    shared = SharedWords(tmp_path / "words")
    best = min(_nanoseconds_a_look(shared) for _ in range(20))
    assert best < 1_000


def _nanoseconds_a_look(shared: SharedWords) -> float:
    start = time.perf_counter_ns()
    for _ in range(1_000):
        _ = shared.words[Word.POLICY] == 1
    return (time.perf_counter_ns() - start) / 1_000
