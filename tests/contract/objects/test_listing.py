"""Lists of objects, against a model of a few lines: every key, filtered, grouped and cut into pages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico_server.objects import errors
from portico_server.objects.versions import listing
from portico_server.platform.authorization import Filter, Part
from portico_server.platform.errors import ApiError
from tests.contract.objects.conftest import Driven
from tests.contract.objects.stand import ACCOUNT, BUCKET, Caller, Stand, keys

ALPHABET = "ab/\x01\ud7ff\ue000\U0010ffff"
KEYS = st.text(ALPHABET, min_size=1, max_size=5)
SOME_TEXT = st.text(ALPHABET, max_size=3)
DELIMITERS = st.one_of(st.just("/"), st.just(""), st.text(ALPHABET, min_size=1, max_size=2))
ENTRIES = st.lists(
    st.one_of(st.just(ACCOUNT), st.just(BUCKET), KEYS.map(lambda tail: f"{BUCKET}/objects/{tail}")), max_size=3
)
PARTS = st.lists(
    st.builds(lambda entries, rest: Part(entries[0], tuple(rest)), ENTRIES.filter(bool), ENTRIES), max_size=3
)
FILTERS = st.one_of(
    st.builds(Filter, st.just(True), st.just(()), ENTRIES.map(tuple)),
    st.builds(Filter, st.just(False), ENTRIES.map(tuple), ENTRIES.map(tuple)),
    st.builds(Filter, st.just(False), st.just(()), ENTRIES.map(tuple), PARTS.map(tuple)),
)


def model(
    present: Sequence[str], prefix: str, delimiter: str, start_after: str, behind_prefix: bool, shown: Filter
) -> list[str]:
    """Keys, and common prefixes in brackets, in the order of their bytes."""
    listed: list[str] = []
    for key in sorted(present, key=str.encode):
        if (
            not key.startswith(prefix)
            or key.encode() <= start_after.encode()
            or not shown.shows(f"{BUCKET}/objects/{key}")
        ):
            continue
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = key if cut < 0 else f"[{key[: cut + len(delimiter)]}]"
        if behind_prefix and cut >= 0 and start_after.startswith(key[: cut + len(delimiter)]):
            continue
        if listed[-1:] != [entry]:
            listed.append(entry)
    return listed


async def pages(stand: Stand, page_size: int, **request: Any) -> list[list[str]]:
    """All pages; the entries of each in order."""
    found: list[list[str]] = []
    token = ""
    while True:
        page = await stand.list(page_size=page_size, page_token=token, **request)
        entries = [(key.encode(), key) for key in keys(page)]
        entries += [(prefix.encode(), f"[{prefix}]") for prefix in page.prefixes]
        found.append([entry for _, entry in sorted(entries)])
        token = page.next_page_token
        if not token:
            return found


@pytest.mark.parametrize("mostly_skipped", [8, 1], ids=["reads", "walks"])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_list_is_what_the_model_says(
    driven: Driven, monkeypatch: pytest.MonkeyPatch, mostly_skipped: int, data: st.DataObject
) -> None:
    compare_with_the_model(driven, monkeypatch, mostly_skipped, data)


@pytest.mark.long
@pytest.mark.parametrize("mostly_skipped", [8, 1], ids=["reads", "walks"])
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_many_lists_are_what_the_model_says(
    driven: Driven, monkeypatch: pytest.MonkeyPatch, mostly_skipped: int, data: st.DataObject
) -> None:
    compare_with_the_model(driven, monkeypatch, mostly_skipped, data)


def compare_with_the_model(
    driven: Driven, monkeypatch: pytest.MonkeyPatch, mostly_skipped: int, data: st.DataObject
) -> None:
    """Ten lists of a bucket with keys at random."""
    monkeypatch.setattr(listing, "MOSTLY_SKIPPED", mostly_skipped)
    present = data.draw(st.lists(KEYS, max_size=25, unique=True), label="keys")

    async def fill() -> None:
        await driven.stand.clear()
        driven.stand.caller = Caller()
        await driven.stand.create_bucket()
        await asyncio.gather(*(driven.stand.put(key, b"") for key in present))

    driven.run(fill())
    for _ in range(10):
        prefix, delimiter = data.draw(SOME_TEXT, label="prefix"), data.draw(DELIMITERS, label="delimiter")
        start_after, shown = data.draw(SOME_TEXT, label="start_after"), data.draw(FILTERS, label="filter")
        page_size = data.draw(st.integers(1, 6), label="page_size")
        driven.stand.caller = Caller(filter=shown)
        behind_prefix = data.draw(st.booleans(), label="behind_prefix")
        request: dict[str, Any] = {"prefix": prefix, "delimiter": delimiter, "start_after": start_after}
        request["start_behind_prefix"] = behind_prefix
        found = driven.run(pages(driven.stand, page_size, **request))
        assert [entry for page in found for entry in page] == model(
            present, prefix, delimiter, start_after, behind_prefix, shown
        )
        assert all(len(page) == page_size for page in found[:-1])
        assert len(found[-1]) <= page_size


async def test_keys_are_in_the_order_of_their_utf8_bytes(stand: Stand) -> None:
    ordered = ["A", "Z", "a", "a/b", "ab", "z", "é", "\ud7ff", "\ue000", "\uffff", "\U00010000", "\U0010ffff"]
    await asyncio.gather(*(stand.put(key, b"") for key in reversed(ordered)))
    assert keys(await stand.list()) == ordered


async def test_a_page_has_at_most_1000_entries_and_1000_unless_told_otherwise(stand: Stand) -> None:
    await asyncio.gather(*(stand.put(f"{number:04}", b"") for number in range(1001)))
    for page_size in (0, 1000, 5000):
        page = await stand.list(page_size=page_size)
        assert keys(page) == [f"{number:04}" for number in range(1000)]
        rest = await stand.list(page_size=page_size, page_token=page.next_page_token)
        assert (keys(rest), rest.next_page_token) == (["1000"], "")


async def test_a_full_page_that_is_the_last_has_no_token(stand: Stand) -> None:
    await asyncio.gather(*(stand.put(f"{number}/x", b"") for number in range(4)))
    assert (await stand.list(page_size=4)).next_page_token == ""
    assert (await stand.list(page_size=4, delimiter="/")).next_page_token == ""


async def test_prefixes_of_many_keys_are_stepped_over(stand: Stand) -> None:
    names = [f"{folder:02}/{number:02}" for folder in range(40) for number in range(60)] + ["plain", "zz/1"]
    await asyncio.gather(*(stand.put(name, b"") for name in names))
    found = await pages(stand, 15, delimiter="/")
    assert [len(page) for page in found] == [15, 15, 12]
    assert [entry for page in found for entry in page] == [f"[{folder:02}/]" for folder in range(40)] + [
        "plain",
        "[zz/]",
    ]


async def test_a_put_between_two_pages_is_seen_if_it_is_still_to_come(stand: Stand) -> None:
    for key in ("b", "d", "f"):
        await stand.put(key, b"")
    page = await stand.list(page_size=2)
    await stand.put("a", b"")
    await stand.put("e", b"")
    await stand.delete("f")
    assert keys(await stand.list(page_size=2, page_token=page.next_page_token)) == ["e"]


async def test_a_token_is_only_for_its_own_list(stand: Stand) -> None:
    for key in ("a", "b"):
        await stand.put(key, b"")
    token = (await stand.list(page_size=1)).next_page_token
    for other in ({"prefix": "a"}, {"delimiter": "/"}, {"start_after": "a"}, {"start_behind_prefix": True}):
        with pytest.raises(ApiError, match="not made for this list"):
            await stand.list(page_token=token, **other)
    with pytest.raises(ApiError, match="not made for this list"):
        await stand.list(page_token=token[:-2] + "AA")
    stand.caller.name = f"{ACCOUNT}/principals/another"
    with pytest.raises(ApiError, match="not made for this list"):
        await stand.list(page_token=token)


@pytest.mark.parametrize("allow", [(), (f"{ACCOUNT}/buckets/another",)])
async def test_who_may_see_nothing_of_a_bucket_does_not_learn_whether_it_is_there(
    stand: Stand, allow: tuple[str, ...]
) -> None:
    await stand.put("k")
    await stand.create_upload("k")
    stand.caller.filter = Filter(everything=False, allow=allow)
    for bucket in (BUCKET, f"{ACCOUNT}/buckets/absent"):
        assert keys(await stand.list(bucket)) == []
        assert keys(await stand.list_versions(bucket)) == []
        assert not (await stand.list_uploads(bucket)).uploads


async def test_who_may_see_a_part_of_a_bucket_is_told_that_it_is_not_there(stand: Stand) -> None:
    absent = f"{ACCOUNT}/buckets/absent"
    stand.caller.filter = Filter(everything=False, allow=(f"{absent}/objects/a/",))
    for lists in (stand.list, stand.list_versions, stand.list_uploads):
        with pytest.raises(errors.BucketNotFound):
            await lists(absent)


async def test_a_list_may_start_behind_a_whole_common_prefix(stand: Stand) -> None:
    for key in ("a", "b/1", "b/2", "c"):
        await stand.put(key, b"")
    for start_after in ("b/", "b/1"):
        plain = await stand.list(delimiter="/", start_after=start_after)
        assert (list(plain.prefixes), keys(plain)) == (["b/"], ["c"])
        behind = await stand.list(delimiter="/", start_after=start_after, start_behind_prefix=True)
        assert (list(behind.prefixes), keys(behind)) == ([], ["c"])
