"""What must hold of the objects after a cut: opened with the product's own code, as a start would."""

from __future__ import annotations

import time
from pathlib import Path
from unittest import mock

from portico_server.host.supervisor.first_start import prepare
from portico_server.objects.upkeep import orphans
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import Stand, standing
from tests.faults.power.loads.object_plan import KEPT, PLAIN, Held, Plan
from tests.faults.power.loads.objects import WRITERS, bucket_name
from tests.faults.power.loads.saying import counted
from tests.faults.power.loads.whole import check_whole

_LATER_SECONDS = 30 * 24 * 3600.0
"""The clock of a load begins anew here, and had been moved far on."""


async def check(data: Path, said: list[str], seed: int) -> None:
    """AssertionError for anything lost, torn, or left behind. Whatever the opening raises is a failure too."""
    prepare(data)
    async with standing(Settings(data=data)) as stand:
        if "buckets" in said:
            found = {bucket: await held(stand, bucket) for bucket in (PLAIN, KEPT)}
            for writer in range(WRITERS):
                _check_writer(Plan(seed, writer), found, said)
            await _check_rest(stand, found)
    check_whole(data / "databases" / "objects.sqlite")


async def held(stand: Stand, bucket: str) -> dict[str, list[bytes | None]]:
    """The versions of all keys, read to their last byte."""
    found: dict[str, list[bytes | None]] = {}
    token = ""
    while True:
        page = await stand.list_versions(bucket_name(bucket), page_token=token)
        for version in page.objects:
            key = version.name.partition("/objects/")[2]
            data = None
            if not version.delete_marker:
                data = await stand.get(key, bucket_name(bucket), version_id=version.version_id)
                assert len(data) == version.size_bytes
            found.setdefault(key, []).append(data)
        token = page.next_page_token
        if not token:
            return found


def _check_writer(plan: Plan, found: Held, said: list[str]) -> None:
    begun, done = (counted(said, f"{word} {plan.writer}") for word in ("begun", "done"))
    own = {
        bucket: {key: versions for key, versions in keys.items() if key.startswith(f"{plan.writer}/")}
        for bucket, keys in found.items()
    }
    allowed = [Plan(plan.seed, plan.writer).after(count) for count in {done, begun}]
    assert own in allowed, f"writer {plan.writer} after {done} steps (begun {begun}): {_short(own)} is none of " + str(
        [_short(one) for one in allowed]
    )


async def _check_rest(stand: Stand, found: Held) -> None:
    """What was not complete is aborted; usage is exact, nothing is left of what no row tells of, and writing goes
    on."""
    for bucket in found:
        for upload in (await stand.list_uploads(bucket_name(bucket))).uploads:
            await stand.abort(upload.name.partition("/objects/")[2], upload.upload_id, bucket_name(bucket))
    stand.clock.pass_seconds(_LATER_SECONDS)
    await stand.put("after/cut", b"x" * 20_000, bucket_name(PLAIN))
    found[PLAIN]["after/cut"] = [b"x" * 20_000]
    await stand.collect()
    for bucket, keys in found.items():
        versions = [data for versions in keys.values() for data in versions]
        total = sum(len(data) for data in versions if data is not None)
        count = sum(data is not None for data in versions)
        usage = await stand.usage(bucket_name(bucket))
        assert usage[1] == total, f"{bucket} uses {usage} and holds {count} objects of {total} bytes"
    real_time = time.time
    for seconds in (orphans.ORPHAN_SECONDS, orphans.ASIDE_SECONDS):
        with mock.patch.object(time, "time", lambda seconds=seconds: real_time() + seconds + 1):
            await stand.orphans.remove()
    known = {row[0] for row in await stand.database.scan("SELECT id FROM file")}
    files = {path.name for path in stand.files()}
    assert files == known, f"left behind: {files - known}; missing: {known - files}"


def _short(held: Held) -> dict[str, dict[str, list[str]]]:
    def shown(data: bytes | None) -> str:
        return "marker" if data is None else f"{data[:8]!r}+{len(data)}"

    return {
        bucket: {key: [shown(data) for data in versions] for key, versions in sorted(keys.items())}
        for bucket, keys in held.items()
    }
