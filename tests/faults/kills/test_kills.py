"""kill -9 at random moments while clients of S3 do a bit of everything: what they saw is checked as a whole.

Each key is linearizable, with its versions, markers and tags; each page of a list was so at one time; all bytes are of
one write; nothing acknowledged is lost, nothing that was not begun is there; nothing is left behind.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import portico
from tests.e2e.s3.conftest import door_of
from tests.faults.histories.calls import History
from tests.faults.histories.checking import violations
from tests.faults.kills.afterwards import check_what_is_left
from tests.faults.kills.killing import kill_many
from tests.faults.kills.load import CLIENTS, KEPT, PLAIN, Load
from tests.faults.kills.looking import tell_order
from tests.faults.kills.recording import Recorder
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF, layout_settings
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

_LAYOUTS = ("one", "workers")
"""One process on SQLite; three on PostgreSQL, of which one is killed at a time."""
_FEW = {"one": 5, "workers": 3}
_MANY = 200
_SOME = 200
"""Writes, some twenty of them deletes."""


def under_load(platform: RunningPlatform, seed: int) -> Load:
    """Clients who have not begun yet."""
    return Load(client(platform), Recorder(History(versioned=frozenset({KEPT}))), seed)


def survive(folder: Path, kills: int, seed: int, **settings: Any) -> None:
    """A platform with these settings under load, killed so often."""
    with running_platform(
        folder, application="tests.faults.kills.hurried:app", supervisor="tests.faults.kills.supervisor", **settings
    ) as platform:
        load = under_load(platform, seed)
        load.start()
        try:
            kill_many(platform, load, kills)
        finally:
            load.stop()
        load.look_at_all()
        load.uploads.check_all(PLAIN, KEPT)
        check_bytes(platform)
    found = violations(load.record.history)
    told = dict(load.record.counts)
    print(f"{kills} kills, {len(load.record.history.calls)} steps of {told}, {len(found)} violations")
    assert not found, "\n".join(found[:5])
    assert told["acknowledged"] > 3 * kills, "hardly anything was written between the kills"
    assert told["unknown"] >= kills // 4, "hardly anything was under way when it was killed"
    assert asyncio.run(check_what_is_left(platform.settings, PLAIN, KEPT)) > kills // 2


def client(platform: RunningPlatform) -> Any:
    """A client of boto3 at the S3 door, for all threads; the buckets are there."""
    s3 = door_of(platform).client(max_pool_connections=CLIENTS)
    tell_order(s3)
    for bucket in (PLAIN, KEPT):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=KEPT, VersioningConfiguration={"Status": "Enabled"})
    return s3


def check_bytes(platform: RunningPlatform) -> None:
    """All that is stored has its digests."""
    with portico.connect(str(platform.profile)) as connected:
        for bucket in (PLAIN, KEPT):
            assert not connected.buckets.scrub(bucket).damaged_versions


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_kills_under_load_lose_tear_and_reorder_nothing(tmp_path: Path, layout: str) -> None:
    with layout_settings(layout) as settings:
        survive(tmp_path, _FEW[layout], seed=1, **(settings or {"workers": 1}))


def test_a_platform_that_forgets_what_it_has_acknowledged_is_found_out(tmp_path: Path) -> None:
    with running_platform(tmp_path, application="tests.faults.kills.forgetful:app", workers=1) as platform:
        load = under_load(platform, seed=3)
        load.start()
        try:
            wait_until(lambda: load.record.counts["acknowledged"] >= _SOME, "some was written")
        finally:
            load.stop()
        load.look_at_all()
    assert violations(load.record.history)


@pytest.mark.long
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_two_hundred_kills_under_load_lose_tear_and_reorder_nothing(tmp_path: Path, layout: str) -> None:
    with layout_settings(layout) as settings:
        survive(tmp_path, _MANY, seed=2, **(settings or {"workers": 1}))
