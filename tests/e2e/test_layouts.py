"""The end-to-end tests hold whatever the layout: run again on a platform that is spread over processes.

The ordinary tier runs those that tell most of it; `-m long` all."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.harness.layouts import LAYOUTS, SPREADS_ITSELF, VARIABLE
from tests.harness.platform import ROOT

pytestmark = SPREADS_ITSELF

TELLING = {
    "apart": ("test_trace.py", "test_rest_objects.py"),
    "workers": ("test_trace.py", "test_rest_objects.py"),
    "plain": ("web/test_connect.py", "web/test_explore.py"),  # the rest of it is told by test_plain_host
}
SUBSET_SECONDS, ALL_SECONDS = 240, 3000


@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_what_tells_most_holds_in_this_layout_too(layout: str) -> None:
    run_in(layout, TELLING[layout], SUBSET_SECONDS)


@pytest.mark.long
@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_everything_holds_in_this_layout_too(layout: str) -> None:
    run_in(layout, ("",), ALL_SECONDS)


def run_in(layout: str, files: tuple[str, ...], seconds: float) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [*command, *(f"tests/e2e/{file}" for file in files)],
        cwd=ROOT,
        env={**os.environ, VARIABLE: layout},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]
