"""When a list can have been taken: the times at which each key may have been as it shows it must have one in common.

What a key may have been is told generously, by the ends of writes alone: so a list that is refused was wrong, and one
that shows a later write without an earlier one is found though each key by itself may have been so at some time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.faults.histories.calls import Call, Delete, DeleteVersion, Key, Listing, Put
from tests.faults.histories.search import NEVER

Times = list[tuple[float, float]]
"""Spans of time, in order, that do not touch."""
ALWAYS: Times = [(-NEVER, NEVER)]


def common(first: Times, second: Times) -> Times:
    """The times that are in both."""
    found = []
    for begin, end in first:
        for other_begin, other_end in second:
            if (later := max(begin, other_begin)) <= (earlier := min(end, other_end)):
                found.append((later, earlier))
    return found


def either(spans: Iterable[tuple[float, float]]) -> Times:
    """The times that are in any."""
    found: Times = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def others(times: Times) -> Times:
    """The times that are not in these."""
    found, at = [], -NEVER
    for begin, end in times:
        if at < begin:
            found.append((at, begin))
        at = end
    return [*found, (at, NEVER)] if at < NEVER else found


class Writes:
    """The changes of one key."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._puts = [call for call in calls if isinstance(call.step, Put)]
        self._deletes = [call for call in calls if isinstance(call.step, (Delete, DeleteVersion))]
        self._restores = any(isinstance(call.step, DeleteVersion) for call in calls)
        self.absent = others(either(self._surely_there()))
        self.present = either(span for put in self._puts for span in self._of(put))

    def with_etag(self, etag: str, etags: dict[str, str | None]) -> Times:
        """When the object may have had this ETag."""
        matching = (put for put in self._puts if etags.get(put.step.write) in (None, etag))  # type: ignore[union-attr]
        return either(span for put in matching for span in self._of(put))

    def _of(self, put: Call) -> Times:
        """From when a put began until something that began after it has taken its place, for good, or it expired."""
        if self._restores:
            return [(put.begin, NEVER)]
        after = (call.end for call in (*self._puts, *self._deletes) if call.is_certain and call.begin > put.end)
        return [(put.begin, min(*after, put.end + _lives(put), NEVER))]

    def _surely_there(self) -> Iterable[tuple[float, float]]:
        """From the end of each put until something began that may have deleted."""
        for put in self._puts:
            if put.is_certain:
                deleted = min((one.begin for one in self._deletes if one.end > put.begin), default=NEVER)
                gone = min(deleted, put.begin + _lives(put))
                if gone > put.end:
                    yield put.end, gone


def _lives(put: Call) -> float:
    assert isinstance(put.step, Put)
    return put.step.lives


def possible_times(listing: Listing, writes: dict[Key, Writes], etags: dict[str, str | None]) -> Times:
    """When the list may have been taken."""
    times: Times = [(listing.begin, listing.end)]
    below: dict[str, Times] = {prefix: [] for prefix in listing.prefixes}
    for key, of_key in writes.items():
        if key.bucket != listing.bucket or not listing.covers(key.name):
            continue
        prefix = listing.common_prefix(key.name)
        if prefix in below:
            below[prefix] = either([*below[prefix], *of_key.present])
        elif (etag := listing.found.get(key.name)) is not None:
            times = common(times, of_key.with_etag(etag, etags))
        else:
            times = common(times, of_key.absent)
    for shown in below.values():
        times = common(times, shown)
    return times
