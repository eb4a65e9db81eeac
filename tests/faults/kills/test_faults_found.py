"""A platform with a fault, under the load of the kills, is found out by what its clients see."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.histories.checking import violations
from tests.faults.kills.faults import FAULT, FAULTS
from tests.faults.kills.keys import BRIEF_SECONDS
from tests.faults.kills.surviving import look_at_all, under_load
from tests.harness import running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

_SECONDS = 180.0
_SOME, _MANY = 100, 200
"""Writes, a tenth of them deletes."""


def find_out(folder: Path, fault: str, writes: int) -> None:
    settings: dict[str, Any] = {"environment": {FAULT: fault}, "workers": 1}
    with running_platform(folder, application="tests.faults.kills.faulty:app", **settings) as platform:
        load = under_load(platform, seed=3)
        load.start()
        try:
            wait_until(lambda: load.record.counts["acknowledged"] >= writes, "some was written", _SECONDS)
        finally:
            load.stop()
        gone_at = time.monotonic() + 1.5 * BRIEF_SECONDS
        wait_until(lambda: time.monotonic() > gone_at, "what expires has, of which a quick load sees little", _SECONDS)
        look_at_all(load)
    assert violations(load.record.history)


def test_a_platform_that_forgets_what_it_has_acknowledged_is_found_out(tmp_path: Path) -> None:
    find_out(tmp_path, "deletes are forgotten", _SOME)


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
def test_a_platform_with_a_fault_is_found_out(tmp_path: Path, fault: str) -> None:
    find_out(tmp_path, fault, _MANY)
