"""Which version ids writes were given, by all that was ever told of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.faults.histories.calls import Call, Delete, Put, ReadVersion, ReadVersions, Seen, Told


def told_ids(
    calls: Sequence[Call], told: Mapping[str, str], etags: Mapping[str, str | None], events: Sequence[Told] = ()
) -> dict[str, str]:
    """The ids of one key's writes: those that writers were told, and those that readers and listeners were. `told` by
    write; `events` of this key."""
    ids = {
        call.step.write: told[call.step.write]
        for call in calls
        if isinstance(call.step, (Put, Delete)) and call.step.write in told
    }
    puts = [call.step.write for call in calls if isinstance(call.step, Put)]
    counts = Counter(etags.get(write) for write in puts)
    by_etag = {etag: write for write in puts if (etag := etags.get(write)) and counts[etag] == 1}
    for id_, seen in [*_seen(calls), *((one.version, Seen(etag=one.etag)) for one in events if not one.is_marker)]:
        write = seen and (seen.write or by_etag.get(seen.etag))
        if write and write not in ids:
            ids[write] = id_
    return ids


def _seen(calls: Sequence[Call]) -> list[tuple[str, Seen | None]]:
    found: list[tuple[str, Seen | None]] = []
    for call in calls:
        match call.step:
            case ReadVersions(versions):
                found += versions
            case ReadVersion(version, seen):
                found.append((version, seen))
    return found
