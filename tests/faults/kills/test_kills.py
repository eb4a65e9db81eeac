"""kill -9 at random moments while clients of S3 do a bit of everything: what they saw is checked as a whole.

Each key is linearizable, with its versions, markers, tags and locks; each page of a list was so at one time; all bytes
are of one write; nothing acknowledged is lost, nothing that was not begun is there; what expires is there till then and
no longer; a queue is told of each change once, in order, of nothing else; nothing is left behind.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from portico_server.platform.blobs.interface import Store, name_of
from tests.e2e.s3.conftest import door_of
from tests.faults.kills.surviving import hurried_platform, survive
from tests.harness.layouts import SPREADS_ITSELF, layout_settings
from tests.harness.stores import describe, store_in

pytestmark = SPREADS_ITSELF

_LAYOUTS = ("one", "workers")
"""One process on SQLite; three on PostgreSQL, of which one is killed at a time."""
_FEW = {"one": 4, "workers": 2}
_FEW_OF_STORES = 2
_MANY, _MANY_OF_STORES = 200, 100


@pytest.mark.parametrize("layout", _LAYOUTS)
def test_kills_under_load_lose_tear_and_reorder_nothing(tmp_path: Path, layout: str) -> None:
    with layout_settings(layout) as settings:
        survive(tmp_path, _FEW[layout], seed=1, **(settings or {"workers": 1}))


def survive_with_a_store(folder: Path, kills: int, seed: int) -> None:
    """The bytes are in another platform. Some of these kills are its processes'."""
    with hurried_platform(folder / "elsewhere", workers=1) as elsewhere:
        described = store_in(elsewhere, "bytes", Store("away", "weur"), "one/")
        describe(folder / "platform" / "data", described, default="away")
        left = survive(folder / "platform", kills, seed, elsewhere, workers=1)
        s3 = door_of(elsewhere).client()
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket="bytes")
        keys = {found["Key"] for page in pages for found in page.get("Contents", ())}
        assert keys == {"one/objects/owner", *(f"one/objects/blobs/{name_of(blob)}" for blob in left.blobs)}
        assert "Uploads" not in s3.list_multipart_uploads(Bucket="bytes")


def test_kills_of_a_platform_and_of_that_which_has_its_bytes(tmp_path: Path) -> None:
    survive_with_a_store(tmp_path, _FEW_OF_STORES, seed=4)


@pytest.mark.long
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_two_hundred_kills_under_load_lose_tear_and_reorder_nothing(tmp_path: Path, layout: str) -> None:
    with layout_settings(layout) as settings:
        survive(tmp_path, _MANY, seed=2, **(settings or {"workers": 1}))


@pytest.mark.long
def test_a_hundred_kills_of_a_platform_and_of_that_which_has_its_bytes(tmp_path: Path) -> None:
    survive_with_a_store(tmp_path, _MANY_OF_STORES, seed=5)
