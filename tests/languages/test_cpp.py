"""The program in C++, built with what Debian packages."""

from __future__ import annotations

from tests.harness import RunningPlatform
from tests.languages.example import assert_scenario, example


def test_the_scenario_is_one_trace_in_cpp(platform: RunningPlatform) -> None:
    assert_scenario("cpp", example("cpp", "grpc_cpp_plugin"), platform)
