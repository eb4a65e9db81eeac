"""What processes leave behind that were killed: nothing that no row tells of; all that a row tells of.

The product is opened on what the platform left, and its background work done as it would be in the weeks that follow.
"""

from __future__ import annotations

import itertools
import re
import time
from typing import NamedTuple
from unittest import mock

from portico_server.objects.upkeep import orphans
from portico_server.platform.blobs.interface import LOCAL, store_of
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import ACCOUNT, Stand, standing
from tests.faults.kills.keys import NONCURRENT_KEPT

_BLOB = re.compile("[0-9a-f]{32}")
_MONTH_SECONDS = 30 * 24 * 3600.0


class _Version(NamedTuple):
    key: str
    id: str
    size_bytes: int = 0
    is_marker: bool = False
    is_locked: bool = False


class Left(NamedTuple):
    """How many versions there were, how many requests were counted of their buckets; the ids of the blobs there are."""

    versions: int
    charged: int
    blobs: set[str]


async def check_what_is_left(settings: Settings, *buckets: str) -> Left:
    """AssertionError where a file is left or missing, or usage is wrong, or other versions expire than should."""
    async with standing(settings) as stand:
        charged = await _charged(stand, *buckets)
        stand.clock.time_us = max(stand.clock.time_us, int(time.time() * 1e6)) + int(_MONTH_SECONDS * 1e6)
        before = [await _versions(stand, bucket) for bucket in buckets]
        await stand.run_job("objects.expiry")
        await stand.collect()
        await stand.collect()  # the files that the first one found to be in use no more
        with mock.patch.multiple(orphans, ORPHAN_SECONDS=0, ASIDE_SECONDS=0):
            await stand.orphans.remove()
            await stand.orphans.remove()  # what the first one has set aside
        known = {row[0] for row in await stand.database.scan("SELECT id FROM file")}
        found = await _blobs(stand)
        assert found == known, f"left behind: {found - known}; missing: {known - found}"
        await _check_inline_bytes(stand)
        for bucket, versions in zip(buckets, before, strict=True):
            kept = {(one.key, one.id): one.size_bytes for one in _that_stay(versions) if not one.is_marker}
            assert await stand.usage(f"{ACCOUNT}/buckets/{bucket}") == (len(kept), sum(kept.values()))
            left = {(one.key, one.id): one.size_bytes for one in await _versions(stand, bucket) if not one.is_marker}
            assert left == kept, f"removed, though needed: {kept.keys() - left}; not removed: {left.keys() - kept}"
    return Left(sum(not one.is_marker for versions in before for one in versions), charged, found)


async def _blobs(stand: Stand) -> set[str]:
    """All that lie anywhere: finished or not, set aside too."""
    files = {path.name for path in stand.files() if _BLOB.match(path.name)}
    elsewhere = [found async for found, _ in stand.blobs.all_ids() if store_of(found) != LOCAL]
    aside = [found async for found, _ in stand.blobs.all_aside()]
    assert not aside
    return files | {*elsewhere}


async def _charged(stand: Stand, *buckets: str) -> int:
    """But for those that made the buckets, which the load did not."""
    rows = await stand.database.scan("SELECT bucket, class_a + class_b FROM usage_day")
    names = {f"{ACCOUNT}/buckets/{bucket}" for bucket in buckets}
    return sum(count for bucket, count in rows if bucket in names)


def _that_stay(versions: list[_Version]) -> list[_Version]:
    """Of all, by key and the newest first: what is current, locked, or among the newest of the others."""
    of_keys = (list(of_key) for _, of_key in itertools.groupby(versions, key=lambda one: one.key))
    return [one for of_key in of_keys for place, one in enumerate(of_key) if place <= NONCURRENT_KEPT or one.is_locked]


async def _check_inline_bytes(stand: Stand) -> None:
    """None are left whose object is gone."""
    query = """
SELECT count(*) FROM inline_bytes WHERE id NOT IN
  (SELECT id FROM object UNION ALL SELECT id FROM version UNION ALL SELECT id FROM part)"""
    assert await stand.database.scan(query) == [(0,)]


async def _versions(stand: Stand, bucket: str) -> list[_Version]:
    """All versions, read to their last byte."""
    found: list[_Version] = []
    name, token = f"{ACCOUNT}/buckets/{bucket}", ""
    while True:
        page = await stand.list_versions(name, page_token=token)
        for version in page.objects:
            key = version.name.partition("/objects/")[2]
            if version.delete_marker:
                found.append(_Version(key, version.version_id, is_marker=True))
                continue
            data = await stand.get(key, name, version_id=version.version_id)
            assert len(data) == version.size_bytes
            head = await stand.head(key, name, version_id=version.version_id)
            is_locked = head.legal_hold or bool(head.retention.mode)
            found.append(_Version(key, version.version_id, len(data), is_locked=is_locked))
        token = page.next_page_token
        if not token:
            return found
