"""Every entry of the kept corpus is sent again: it is answered as it was found right, and the platform goes on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fuzz.corpus import Entry, entries, send, unexpected
from tests.harness import RunningPlatform, running_platform
from tests.harness.neighbours import neighbours
from tests.harness.platform import TESTING_PRODUCT

AT_ONCE = 16
"""Envoy takes a second to close a connection that it has refused something on."""


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("fuzzed"), **TESTING_PRODUCT) as running:
        yield running


@pytest.fixture(scope="module")
def outcomes(fuzzed: RunningPlatform) -> dict[str, str]:
    """How each entry was answered, by its name, while good callers went on."""
    before = fuzzed.front_pid
    with neighbours(fuzzed), ThreadPoolExecutor(AT_ONCE) as pool:
        every = entries()
        told = dict(
            zip([entry.name for entry in every], pool.map(lambda entry: send(fuzzed, entry), every), strict=True)
        )
    assert fuzzed.front_pid == before, "nothing has ended the process"
    return told


def test_nothing_of_it_was_unexpected_inside(fuzzed: RunningPlatform, outcomes: dict[str, str]) -> None:
    assert len(outcomes) >= 200
    assert list(unexpected(fuzzed)) == []


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_it_is_answered_as_before(fuzzed: RunningPlatform, outcomes: dict[str, str], entry: Entry) -> None:
    assert outcomes[entry.name] == entry.told(fuzzed.settings.host)
