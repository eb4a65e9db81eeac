"""The Node client: its own tests against a real platform, the example, and what would be published."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.harness import RunningPlatform
from tests.harness.platform import ROOT
from tests.languages.example import NODE_BUILD, assert_scenario, example, page
from tests.languages.node_package import node_package

TEST_SECONDS = 200


@pytest.fixture(scope="module")
def package() -> Path:
    return node_package()


def test_the_clients_own_tests_pass(platform: RunningPlatform, package: Path) -> None:
    tests = sorted(str(path) for path in (package / "build" / "test").glob("*.test.js"))
    environment = {**os.environ, "PORTICO_TEST_PROFILE": str(platform.profile), "NODE_OPTIONS": "--throw-deprecation"}
    # One file at a time: on two cores, beside other tests, several Nodes would only wait for one another.
    command = ["node", "--test", "--test-concurrency=1", "--test-reporter=spec", *tests]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=TEST_SECONDS, check=False, cwd=package
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]


@pytest.mark.usefixtures("package")
def test_the_scenario_is_one_trace_in_node(platform: RunningPlatform) -> None:
    assert_scenario("node", example("node", "node"), platform)


def test_only_what_users_need_is_published(package: Path) -> None:
    done = subprocess.run(
        ["npm", "pack", "--dry-run", "--json", "--ignore-scripts"],
        cwd=package, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    files = [item["path"] for item in _packed(json.loads(done.stdout))["files"]]
    others = [name for name in files if not name.startswith("build/src/")]
    assert sorted(others) == ["README.md", "package.json"]
    assert "build/src/index.js" in files
    assert "build/src/index.d.ts" in files


def test_the_package_is_built_as_its_page_says(package: Path) -> None:
    assert NODE_BUILD in page("node").commands
    assert {"generate", "build"} <= json.loads((package / "package.json").read_text())["scripts"].keys()


def test_the_lock_names_no_registry() -> None:
    lock = (ROOT / "clients" / "node" / "package-lock.json").read_text()
    assert "resolved" not in lock


def _packed(told: object) -> dict[str, list[dict[str, str]]]:
    """The one package; npm answers a list, newer ones an object by name."""
    packages = list(told.values()) if isinstance(told, dict) else told
    assert isinstance(packages, list)
    (only,) = packages
    assert isinstance(only, dict)
    return only
