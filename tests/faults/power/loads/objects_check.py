"""What must hold of the objects after a cut: opened with the product's own code, as a start would."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from unittest import mock

from portico_server.host.supervisor.first_start import prepare
from portico_server.objects.upkeep import orphans
from portico_server.platform.settings import Settings
from tests.contract.objects.stand import Stand, standing
from tests.faults.power.loads.object_plan import KEPT, MARKER, PLAIN, Held, Plan, Told, Uploads, Version
from tests.faults.power.loads.objects import QUEUE, WRITERS, bucket_name, told_by
from tests.faults.power.loads.saying import counted, numbered
from tests.faults.power.loads.whole import check_whole

_LATER_SECONDS = 30 * 24 * 3600.0
"""The clock of a load begins anew here, and had been moved far on."""


async def check(data: Path, said: list[str], seed: int) -> None:
    """AssertionError for anything lost, torn, or left behind. Whatever the opening raises is a failure too."""
    prepare(data)
    async with standing(Settings(data=data)) as stand:
        if "buckets" in said:
            found = {bucket: await held(stand, bucket) for bucket in (PLAIN, KEPT)}
            parts = {name: sizes for bucket in found for name, sizes in (await underway(stand, bucket)).items()}
            told = await all_told(stand, said)
            for writer in range(WRITERS):
                _check_writer(Plan(seed, writer), found, parts, told, said)
            await _check_rest(stand, found)
    check_whole(data / "databases" / "objects.sqlite")


async def held(stand: Stand, bucket: str) -> dict[str, list[Version]]:
    """The versions of all keys, read to their last byte, with their tags."""
    found: dict[str, list[Version]] = {}
    name, token = bucket_name(bucket), ""
    while True:
        page = await stand.list_versions(name, page_token=token)
        for version in page.objects:
            key = version.name.partition("/objects/")[2]
            one = MARKER
            if not version.delete_marker:
                data = await stand.get(key, name, version_id=version.version_id)
                assert len(data) == version.size_bytes
                described = await stand.head(key, name, version_id=version.version_id)
                one = Version(data, described.tags.get("tag", ""), described.legal_hold)
            found.setdefault(key, []).append(one)
        token = page.next_page_token
        if not token:
            return found


async def underway(stand: Stand, bucket: str) -> dict[str, dict[int, str]]:
    """By `BUCKET/KEY` the uploads that last for several steps, with the ETags of their parts."""
    found = {}
    for upload in (await stand.list_uploads(bucket_name(bucket))).uploads:
        key = upload.name.partition("/objects/")[2]
        if key.endswith("/upload"):
            page = await stand.list_parts(key, upload.upload_id, bucket_name(bucket))
            found[f"{bucket}/{key}"] = {part.number: part.etag for part in page.parts}
    return found


async def all_told(stand: Stand, said: list[str]) -> dict[str, list[Told]]:
    """What a queue has told, and tells, of each `BUCKET/KEY`: without gaps, and of each number the same."""
    told: dict[int, tuple[Told, str]] = {}
    for line in said:
        if line.startswith("told "):
            _, number, event, size_bytes, is_marker, name = line.split(" ", 5)
            told[int(number)] = Told(event, int(size_bytes), is_marker == "1"), name
    acknowledged = max(numbered(said, "acknowledged"), default=0)
    page = await stand.list_notifications(QUEUE)
    assert not page.next_page_token
    for notification in page.notifications:
        assert notification.sequence > acknowledged, "what was acknowledged is told again"
        assert told.setdefault(notification.sequence, told_by(notification)) == told_by(notification)
    assert set(told) == set(range(1, len(told) + 1)), f"numbers are missing: {sorted(told)}"
    found: dict[str, list[Told]] = {}
    for _, (one, name) in sorted(told.items()):
        found.setdefault(name, []).append(one)
    return found


def _check_writer(
    plan: Plan, found: Held, parts: dict[str, dict[int, str]], told: dict[str, list[Told]], said: list[str]
) -> None:
    begun, done = (counted(said, f"{word} {plan.writer}") for word in ("begun", "done"))
    start = f"{plan.writer}/"
    own = {
        bucket: {key: versions for key, versions in keys.items() if key.startswith(start)}
        for bucket, keys in found.items()
    }
    own_parts = {name: etags for name, etags in parts.items() if name.partition("/")[2].startswith(start)}
    own_told = {name: events for name, events in told.items() if name.partition("/")[2].startswith(start)}
    allowed = [Plan(plan.seed, plan.writer).after(count) for count in {done, begun}]
    assert (own, own_parts, own_told) in [(held, _etags(uploads), events) for held, uploads, events in allowed], (
        f"writer {plan.writer} after {done} steps (begun {begun}): {_short(own)} with {own_parts}, told {own_told}, is"
        + f" none of {[(_short(held), _etags(uploads), events) for held, uploads, events in allowed]}"
    )


def _etags(uploads: Uploads) -> dict[str, dict[int, str]]:
    return {
        name: {number: hashlib.md5(data).hexdigest() for number, data in parts.items()}
        for name, parts in uploads.items()
    }


async def _check_rest(stand: Stand, found: Held) -> None:
    """What was not complete is aborted; usage is exact, nothing is left of what no row tells of, and writing goes
    on."""
    for bucket in found:
        for upload in (await stand.list_uploads(bucket_name(bucket))).uploads:
            await stand.abort(upload.name.partition("/objects/")[2], upload.upload_id, bucket_name(bucket))
    stand.clock.pass_seconds(_LATER_SECONDS)
    await stand.put("after/cut", b"x" * 20_000, bucket_name(PLAIN))
    found[PLAIN]["after/cut"] = [Version(b"x" * 20_000)]
    await stand.collect()
    for bucket, keys in found.items():
        contents = [one.data for versions in keys.values() for one in versions if one.data is not None]
        total, count = sum(map(len, contents)), len(contents)
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
    def shown(one: Version) -> str:
        return "marker" if one.data is None else f"{one.data[:8]!r}+{len(one.data)} {one.tag}{' held' * one.hold}"

    return {
        bucket: {key: [shown(one) for one in versions] for key, versions in sorted(keys.items())}
        for bucket, keys in held.items()
    }
