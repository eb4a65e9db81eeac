"""What the background jobs fold and free, and what they leave alone."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence

import pytest

from portico_server.objects.store.collecting import LedgerRow
from portico_server.objects.upkeep import collector
from portico_server.platform.blobs.backing import held
from portico_server.platform.database import Statement
from portico_server.platform.outbox import Outbox
from tests.contract.objects.stand import BUCKET, ENABLED, Stand

LARGE = 20_000


async def inline_rows(stand: Stand) -> int:
    return int((await stand.database.scan("SELECT count(*) FROM inline_bytes"))[0][0])


async def test_usage_is_what_the_bucket_holds_however_it_came_to_it(stand: Stand) -> None:
    await stand.put("a", bytes(10))
    await stand.put("a", bytes(LARGE))
    await stand.put("b", b"")
    await stand.put("c", bytes(5))
    await stand.delete("c")
    await stand.copy("a", "d")
    await stand.collector.fold()
    assert await stand.usage() == (3, 2 * LARGE)
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("a", bytes(7))
    await stand.delete("b")
    await stand.collector.fold()
    assert await stand.usage() == (4, 2 * LARGE + 7)


async def test_usage_of_more_writes_than_are_folded_at_once_is_exact(stand: Stand) -> None:
    await asyncio.gather(*(stand.put(f"k{number % 300}", bytes(number % 7)) for number in range(700)))
    await stand.collector.fold()
    listed = (await stand.list(page_size=1000)).objects
    assert await stand.usage() == (300, sum(item.size_bytes for item in listed))


async def test_usage_is_folded_exactly_while_others_write_and_fold(stand: Stand) -> None:
    async def write(writer: int) -> None:
        for number in range(20):
            await stand.put(f"k{writer % 3}", bytes(number))

    async def fold() -> None:
        for _ in range(15):
            await stand.collector.fold()

    await asyncio.gather(*(write(writer) for writer in range(10)), fold(), fold())
    await stand.collector.fold()
    listed = (await stand.list()).objects
    assert await stand.usage() == (3, sum(item.size_bytes for item in listed))


async def test_a_fold_ends_though_others_go_on_writing(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would fold a row at a time for as long as they do; what is left waits for the next one."""
    folding, folds = stand.collector._folding, 0

    def while_others_write(rows: Sequence[LedgerRow]) -> list[Statement]:
        nonlocal folds
        folds += 1
        assert folds < 10
        later = Statement(
            "INSERT INTO ledger (id, bucket, objects, size_bytes, freed, freed_file) VALUES ($1, $2, 0, 0, '', '')",
            (f"z{folds}", BUCKET),
        )
        return [*folding(rows), later]

    monkeypatch.setattr(stand.collector, "_folding", while_others_write)
    await stand.put("k", bytes(3))
    await stand.collector.fold()
    assert await stand.usage() == (1, 3)


async def test_usage_events_add_up_to_the_usage(stand: Stand) -> None:
    await asyncio.gather(*(stand.put(f"k{number}", bytes(3)) for number in range(250)))
    await stand.delete("k0")
    await stand.collector.fold()
    events = [json.loads(event.body) for event in await Outbox(stand.database).take(100) if event.dataset == "usage"]
    assert {event["resource"] for event in events} == {BUCKET}
    assert (sum(event["objects"] for event in events), sum(event["size_bytes"] for event in events)) == (249, 747)


async def test_bytes_of_replaced_and_deleted_small_objects_are_freed(stand: Stand) -> None:
    await stand.put("a", b"old")
    await stand.put("a", b"new")
    await stand.put("b", b"gone")
    await stand.delete("b")
    await stand.collector.fold()
    assert await inline_rows(stand) == 1
    assert await stand.get("a") == b"new"


async def test_a_replaced_file_is_removed_after_the_grace_and_not_before(stand: Stand) -> None:
    await stand.put("k", bytes(LARGE))
    await stand.put("k", b"small")
    await stand.collector.fold()
    await stand.collector.remove_retired_files()
    assert len(stand.files()) == 1
    stand.clock.pass_seconds(collector.GRACE_US / 1e6 + 1)
    await stand.collector.remove_retired_files()
    assert stand.files() == []


async def test_no_file_is_removed_while_a_backup_holds_them(stand: Stand) -> None:
    await stand.put("k", bytes(LARGE))
    await stand.delete("k")
    with held(stand.settings.data / "blobs" / "objects"):
        await stand.collect()
        assert len(stand.files()) == 1
    await stand.collect()
    assert stand.files() == []


async def test_files_in_use_are_not_removed(stand: Stand) -> None:
    await stand.update_bucket(versioning=ENABLED)
    await stand.put("k", bytes(LARGE))
    await stand.put("k", bytes(LARGE))
    await stand.delete("k")
    await stand.collect()
    assert len(stand.files()) == 2


async def test_a_get_finds_the_newer_object_when_the_file_was_collected_under_it(stand: Stand) -> None:
    """Between the read of the row and the opening of its file the object is replaced, and the file removed."""
    data = os.urandom(LARGE)
    await stand.put("k", bytes(LARGE))
    opened = stand.blobs.open

    async def replaced_meanwhile(blob_id: str) -> object:
        stand.blobs.open = opened  # type: ignore[method-assign]
        await asyncio.create_task(stand.put("k", data))  # a call of its own: what it sets is not the get's
        await stand.collect()
        return await opened(blob_id)

    stand.blobs.open = replaced_meanwhile  # type: ignore[method-assign, assignment]
    assert await stand.get("k") == data
