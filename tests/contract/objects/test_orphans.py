"""Blobs that no row tells of: removed in the end, but never those of another database."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from portico_server.objects.upkeep.orphans import ASIDE_SECONDS, ORPHAN_SECONDS, Orphans
from portico_server.platform.settings import SettingError, Settings
from tests.contract.objects.stand import BUCKET, Stand, standing

LARGE = 20_000
DAY, WEEK = ORPHAN_SECONDS + 1, ASIDE_SECONDS + 1

Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Makes files so many seconds older, further ones each time."""
    real_time, passed = time.time, [0.0]

    def pass_seconds(seconds: float) -> None:
        passed[0] += seconds
        monkeypatch.setattr(time, "time", lambda: real_time() + passed[0])

    return pass_seconds


async def test_old_blobs_that_no_row_tells_of_are_set_aside_and_removed_after_a_week(
    stand: Stand, later: Later
) -> None:
    await stand.put("k", bytes(LARGE))
    unfinished = await stand.blobs.create()
    await unfinished.write(b"x")
    orphan = await stand.blobs.create()
    await orphan.commit()
    await stand.orphans.remove()
    assert len(stand.files()) == 3
    later(DAY)
    await stand.orphans.remove()
    assert [found async for found, _ in stand.blobs.all_aside()] == [orphan.blob_id]
    assert len(stand.files()) == 2
    await stand.orphans.remove()
    assert len(stand.files()) == 2
    later(WEEK)
    await stand.orphans.remove()
    assert len(stand.files()) == 1
    assert await stand.get("k") == bytes(LARGE)


async def test_of_many_blobs_those_in_use_stay(stand: Stand, later: Later) -> None:
    for number in range(120):
        await stand.put(f"k{number}", bytes(LARGE))
        await (await stand.blobs.create()).commit()
    later(DAY)
    await stand.orphans.remove()
    later(WEEK)
    await stand.orphans.remove()
    assert len(stand.files()) == 120


async def test_what_a_row_tells_of_is_brought_back(stand: Stand, later: Later) -> None:
    data = os.urandom(LARGE)
    await stand.put("k", data)
    ids = [found async for found, _ in stand.blobs.all_ids()]
    for bring_back in (stand.orphans.start, stand.orphans.remove):
        await stand.blobs.set_aside(ids[0])
        later(WEEK)
        await bring_back()
        assert await stand.get("k") == data


async def collect(stand: Stand, later: Later) -> None:
    """All that is collected in a month."""
    for _ in range(4):
        later(WEEK)
        await stand.orphans.remove()


def owner_file(stand: Stand) -> Path:
    return Path(stand.blobs.owner_place)


def replace_databases(data: Path, by: Path | None) -> None:
    shutil.rmtree(data / "databases")
    if by is not None:
        shutil.copytree(by, data / "databases")


async def test_the_blobs_of_a_foreign_database_survive(tmp_path: Path, later: Later) -> None:
    settings, kept, data = Settings(data=tmp_path / "data"), tmp_path / "kept", os.urandom(LARGE)
    async with standing(settings) as stand:
        await stand.create_bucket()
        await stand.put("k", data)
    shutil.copytree(settings.data / "databases", kept)
    replace_databases(settings.data, None)
    with capture_logs() as logged:
        async with standing(settings) as stand:
            await stand.create_bucket()
            await stand.put("of the other", data)
            told = [line for line in logged if "belong to another database" in line["event"]]
            await collect(stand, later)
            assert len(stand.files()) == 2
            assert await stand.get("of the other") == data
    assert str(settings.data / "blobs" / "objects" / "owner") in told[0]["remedy"]
    assert len([line for line in logged if line["log_level"] == "error"]) == len(told)
    replace_databases(settings.data, kept)
    async with standing(settings) as stand:
        await collect(stand, later)
        assert await stand.get("k") == data
        assert len(stand.files()) == 1


async def test_an_old_copy_of_the_database_costs_nothing_if_the_right_one_comes_back(
    tmp_path: Path, later: Later
) -> None:
    settings, data = Settings(data=tmp_path / "data"), os.urandom(LARGE)
    async with standing(settings) as stand:
        await stand.create_bucket()
    shutil.copytree(settings.data / "databases", tmp_path / "old")
    async with standing(settings) as stand:
        await stand.put("k", data)
    shutil.copytree(settings.data / "databases", tmp_path / "right")
    replace_databases(settings.data, tmp_path / "old")
    async with standing(settings) as stand:
        later(DAY)
        await stand.orphans.remove()
        later(WEEK - DAY - 100)
        await stand.orphans.remove()
        assert [path.parent.parent.name for path in stand.files()] == ["aside"]
    replace_databases(settings.data, tmp_path / "right")
    async with standing(settings) as stand:
        assert await stand.get("k") == data


async def test_blobs_of_a_lost_database_are_collected_once_the_operator_says_so(tmp_path: Path, later: Later) -> None:
    settings = Settings(data=tmp_path)
    async with standing(settings) as stand:
        await stand.create_bucket()
        await stand.put("k", bytes(LARGE))
    replace_databases(tmp_path, None)
    with capture_logs() as logged:
        async with standing(settings) as stand:
            identity = next(line["database"] for line in logged if "database" in line)
            assert identity in next(line["remedy"] for line in logged if "remedy" in line)
            owner_file(stand).write_text(identity)
            await collect(stand, later)
            assert stand.files() == []


@pytest.mark.parametrize("known", [True, False])
async def test_blobs_without_an_owner_are_claimed_only_by_a_database_that_knows_some(
    tmp_path: Path, later: Later, known: bool
) -> None:
    settings = Settings(data=tmp_path)
    async with standing(settings) as stand:
        await stand.create_bucket()
        await stand.put("k", bytes(LARGE))
        await (await stand.blobs.create()).commit()
    owner_file(stand).unlink()
    if not known:
        replace_databases(tmp_path, None)
    async with standing(settings) as stand:
        await collect(stand, later)
        assert len(stand.files()) == (1 if known else 2)


async def test_a_database_stays_who_it_is(stand: Stand) -> None:
    owner = await stand.blobs.owner()
    assert len(owner) == 32
    await Orphans(stand.database, stand.blobs, random.SystemRandom()).start()
    assert await stand.blobs.owner() == owner
    assert (await stand.get_bucket()).name == BUCKET


async def test_a_database_whose_blobs_are_elsewhere_claims_no_empty_folder(tmp_path: Path) -> None:
    """As of a second node that does not share the first one's folder."""
    here, elsewhere, data = Settings(data=tmp_path / "here"), Settings(data=tmp_path / "elsewhere"), os.urandom(LARGE)
    async with standing(here) as stand:
        await stand.create_bucket()
        await stand.put("k", data)
    shutil.copytree(here.data / "databases", elsewhere.data / "databases")
    with pytest.raises(SettingError) as refused:
        async with standing(elsewhere):
            pass
    told = str(refused.value)
    assert f"{here.data}/blobs/objects, and none of them in" in told
    identity, owner = told.split()[-3], Path(told.split()[-1])
    assert owner == elsewhere.data / "blobs" / "objects" / "owner"
    assert "owner" not in os.listdir(owner.parent)
    shutil.rmtree(elsewhere.data / "blobs")
    (elsewhere.data / "blobs").symlink_to(here.data / "blobs")
    async with standing(elsewhere) as stand:
        assert await stand.get("k") == data
        assert await stand.blobs.owner() == identity


async def test_it_does_where_the_operator_says_so(tmp_path: Path) -> None:
    here, elsewhere = Settings(data=tmp_path / "here"), Settings(data=tmp_path / "elsewhere")
    async with standing(here) as stand:
        await stand.create_bucket()
        identity = await stand.blobs.owner()
    shutil.copytree(here.data / "databases", elsewhere.data / "databases")
    (elsewhere.data / "blobs" / "objects").mkdir(parents=True)
    (elsewhere.data / "blobs" / "objects" / "owner").write_text(identity)
    for _ in range(2):  # from now on they are there
        async with standing(elsewhere) as stand:
            await stand.put("k", bytes(LARGE))
        owner_file(stand).unlink()
