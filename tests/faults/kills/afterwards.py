"""What processes leave behind that were killed: nothing that no row tells of; all that a row tells of.

The product is opened on what the platform left, and its background work done as it would be in the weeks that follow.
"""

from __future__ import annotations

import time
from unittest import mock

from portico_server.objects.upkeep import orphans
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import ACCOUNT, Stand, standing

_MONTH_SECONDS = 30 * 24 * 3600.0


async def check_what_is_left(settings: Settings, *buckets: str) -> int:
    """How many versions there are. AssertionError where a file is left or missing, or usage is wrong."""
    async with standing(settings) as stand:
        stand.clock.time_us = max(stand.clock.time_us, int(time.time() * 1e6)) + int(_MONTH_SECONDS * 1e6)
        before = [await _versions(stand, bucket) for bucket in buckets]
        await stand.collect()
        await stand.collect()  # the files that the first one found to be in use no more
        for seconds in (orphans.ORPHAN_SECONDS, orphans.ASIDE_SECONDS):
            later = time.time() + seconds + 1
            with mock.patch.object(time, "time", lambda later=later: later):
                await stand.orphans.remove()
        known = {row[0] for row in await stand.database.scan("SELECT id FROM file")}
        files = {path.name for path in stand.files()}
        assert files == known, f"left behind: {files - known}; missing: {known - files}"
        await _check_inline_bytes(stand)
        for bucket, versions in zip(buckets, before, strict=True):
            sizes = list(versions.values())
            assert await stand.usage(f"{ACCOUNT}/buckets/{bucket}") == (len(sizes), sum(sizes))
            assert await _versions(stand, bucket) == versions, "the collector removed what was needed"
    return sum(map(len, before))


async def _check_inline_bytes(stand: Stand) -> None:
    """None are left whose object is gone."""
    query = """
SELECT count(*) FROM inline_bytes WHERE id NOT IN
  (SELECT id FROM object UNION ALL SELECT id FROM version UNION ALL SELECT id FROM part)"""
    assert await stand.database.scan(query) == [(0,)]


async def _versions(stand: Stand, bucket: str) -> dict[tuple[str, str], int]:
    """All versions, read to their last byte, and their sizes."""
    found: dict[tuple[str, str], int] = {}
    name, token = f"{ACCOUNT}/buckets/{bucket}", ""
    while True:
        page = await stand.list_versions(name, page_token=token)
        for version in page.objects:
            if not version.delete_marker:
                key = version.name.partition("/objects/")[2]
                data = await stand.get(key, name, version_id=version.version_id)
                assert len(data) == version.size_bytes
                found[key, version.version_id] = len(data)
        token = page.next_page_token
        if not token:
            return found
