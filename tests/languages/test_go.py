"""The program in Go, built with what Debian packages."""

from __future__ import annotations

from tests.harness import RunningPlatform
from tests.languages.example import assert_scenario, example


def test_the_scenario_is_one_trace_in_go(platform: RunningPlatform) -> None:
    assert_scenario("go", example("go", "go"), platform)
