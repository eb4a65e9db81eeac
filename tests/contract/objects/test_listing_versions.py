"""Lists of versions, against a model of a few lines: every version, filtered, grouped and cut into pages."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico.objects.v1 import objects_pb2
from portico_server.objects.versions import listing
from portico_server.platform.authorization import Filter
from portico_server.platform.errors import ApiError
from tests.contract.objects.conftest import Driven
from tests.contract.objects.stand import BUCKET, ENABLED, Caller, Stand
from tests.contract.objects.test_listing import ALPHABET, DELIMITERS, FILTERS, SOME_TEXT

KEYS = st.text(ALPHABET, min_size=1, max_size=3)


class Entry(NamedTuple):
    key: str
    version_id: str
    delete_marker: bool
    latest: bool


def model(present: dict[str, list[tuple[str, bool]]], request: dict[str, Any], shown: Filter) -> list[Entry | str]:
    """Versions, and common prefixes, in the order of their bytes; `present` has each key's versions, newest first."""
    listed: list[Entry | str] = []
    prefix, delimiter, start = request["prefix"], request["delimiter"], request["start_after"]
    for key in sorted(present, key=str.encode):
        if not key.startswith(prefix) or not shown.shows(f"{BUCKET}/objects/{key}"):
            continue
        entries = [Entry(key, *one, number == 0) for number, one in enumerate(present[key])]
        if start and key == start and request["start_after_version_id"]:
            ids = [entry.version_id for entry in entries]
            entries = entries[ids.index(request["start_after_version_id"]) + 1 :]
        elif key.encode() <= start.encode():
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        if cut < 0:
            listed += entries
            continue
        common = key[: cut + len(delimiter)]
        seen = request["start_behind_prefix"] and start.startswith(common)
        if entries and not seen and listed[-1:] != [common]:
            listed.append(common)
    return listed


def entries(page: objects_pb2.ListObjectVersionsResponse) -> list[Entry | str]:
    """In the order of their bytes."""
    found: list[Entry | str] = [
        Entry(item.name.partition("/objects/")[2], item.version_id, item.delete_marker, item.latest)
        for item in page.objects
    ]
    return sorted([*found, *page.prefixes], key=lambda one: (one if isinstance(one, str) else one.key).encode())


async def pages(stand: Stand, page_size: int, **request: Any) -> list[list[Entry | str]]:
    found: list[list[Entry | str]] = []
    token = ""
    while True:
        page = await stand.list_versions(page_size=page_size, page_token=token, **request)
        found.append(entries(page))
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.parametrize("mostly_skipped", [8, 1], ids=["reads", "walks"])
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_list_of_versions_is_what_the_model_says(
    driven: Driven, monkeypatch: pytest.MonkeyPatch, mostly_skipped: int, data: st.DataObject
) -> None:
    monkeypatch.setattr(listing, "MOSTLY_SKIPPED", mostly_skipped)
    writes = data.draw(st.lists(st.tuples(KEYS, st.booleans()), max_size=25), label="writes")
    present: dict[str, list[tuple[str, bool]]] = {}

    async def fill() -> None:
        await driven.stand.clear()
        driven.stand.caller = Caller()
        await driven.stand.create_bucket(settings=None)
        await driven.stand.update_bucket(versioning=ENABLED)
        for key, deleted in writes:
            made = await (driven.stand.delete(key) if deleted else driven.stand.put(key, b""))
            present.setdefault(key, []).insert(0, (made.version_id, deleted))

    driven.run(fill())
    for _ in range(10):
        start = data.draw(st.one_of(SOME_TEXT, st.sampled_from(sorted(present) or [""])), label="start_after")
        ids = [version_id for version_id, _ in present.get(start, [])]
        request = {
            "prefix": data.draw(SOME_TEXT, label="prefix"),
            "delimiter": data.draw(DELIMITERS, label="delimiter"),
            "start_after": start,
            "start_after_version_id": data.draw(st.sampled_from(["", *ids]), label="start_after_version_id"),
            "start_behind_prefix": data.draw(st.booleans(), label="start_behind_prefix"),
        }
        shown, page_size = data.draw(FILTERS, label="filter"), data.draw(st.integers(1, 6), label="page_size")
        driven.stand.caller = Caller(filter=shown)
        found = driven.run(pages(driven.stand, page_size, **request))
        assert [entry for page in found for entry in page] == model(present, request, shown)
        assert all(len(page) == page_size for page in found[:-1])
        assert len(found[-1]) <= page_size


async def filled(stand: Stand, *keys: str, versions: int = 1) -> None:
    await stand.update_bucket(versioning=ENABLED)
    for _ in range(versions):
        await asyncio.gather(*(stand.put(key, b"") for key in keys))


async def test_a_list_goes_on_behind_a_version_that_was_deleted_meanwhile(stand: Stand) -> None:
    await filled(stand, "a", "b", versions=5)
    gone = 0
    key = version_id = ""
    while True:
        page = await stand.list_versions(page_size=3, start_after=key, start_after_version_id=version_id)
        found = [entry for entry in entries(page) if isinstance(entry, Entry)]
        await stand.delete_many([(entry.key, entry.version_id) for entry in found])
        gone += len(found)
        if not page.next_page_token:
            break
        key, version_id = found[-1].key, found[-1].version_id
    assert gone == 10
    assert not (await stand.list_versions()).objects


async def test_the_newest_of_what_is_left_is_the_latest_though_a_page_begins_there(stand: Stand) -> None:
    await filled(stand, "k", versions=3)
    first = await stand.list_versions(page_size=1)
    await stand.delete("k", version_id=first.objects[0].version_id)
    rest = await stand.list_versions(page_token=first.next_page_token, page_size=1)
    assert [entry.latest for entry in entries(rest) if isinstance(entry, Entry)] == [True]


async def test_the_null_version_is_a_start_as_any(stand: Stand) -> None:
    await stand.put("k", b"")
    await filled(stand, "k", "l", versions=2)
    behind = await stand.list_versions(start_after="k", start_after_version_id="null")
    assert [item.name.rpartition("/")[2] for item in behind.objects] == ["l", "l"]


async def test_prefixes_of_many_versions_are_stepped_over(stand: Stand) -> None:
    names = [f"{folder:02}/{number:02}" for folder in range(30) for number in range(20)]
    await filled(stand, *names, "05plain", "zz/1", versions=2)
    found = await pages(stand, 15, delimiter="/")
    assert [len(page) for page in found] == [15, 15, 3]
    flat = [entry if isinstance(entry, str) else entry.key for page in found for entry in page]
    folders = [f"{folder:02}/" for folder in range(30)]
    assert flat == [*folders[:6], "05plain", "05plain", *folders[6:], "zz/"]


async def test_a_token_is_only_for_its_own_list(stand: Stand) -> None:
    await filled(stand, "a", "b")
    token = (await stand.list_versions(page_size=1)).next_page_token
    for other in ({"delimiter": "/"}, {"start_after": "a"}, {"start_after_version_id": "a"}):
        with pytest.raises(ApiError, match="not made for this list"):
            await stand.list_versions(page_token=token, **other)
