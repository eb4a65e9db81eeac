"""What a queue told of a key against what was done to it: the changes of a possible order are told one by one, in that
order, each once, and nothing else is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from tests.faults.histories.calls import Call, Expire, Key, Put, Told
from tests.faults.histories.register import NOTHING, Change, Held, Register
from tests.faults.histories.search import NEVER


class State(NamedTuple):
    """What a key holds, and how much of what was told of it has come."""

    held: Held = NOTHING
    told: int = 0


@dataclass(frozen=True)
class Listened:
    """A key of which somebody was told; `told` None: nobody was."""

    register: Register
    told: Sequence[Told] | None

    def after(self, call: Call, state: State) -> Iterator[State]:
        for held, change in self.register.after(call, state.held):
            if change is None or self.told is None:
                yield state._replace(held=held)
            elif state.told < len(self.told) and self._is(self.told[state.told], change, call):
                yield State(held, state.told + 1)

    def is_last(self, state: State) -> bool:
        """All was done that was told."""
        return self.told is None or state.told == len(self.told)

    def _is(self, told: Told, change: Change, call: Call) -> bool:
        version = change.version
        return (
            told.event == change.event
            and told.is_marker == version.is_marker
            and told.at >= call.begin
            and (not told.etag or self.register.has_etag(version, told.etag))
            and (not self.register.is_versioned or self.register.may_be(version, told.version))
        )


def settled(calls: Sequence[Call], told: Sequence[Told], etags: Mapping[str, str | None]) -> list[Call]:
    """The calls, of which those puts that were told were made, by then at the latest."""
    counts = Counter(etags.get(call.step.write) for call in calls if isinstance(call.step, Put))
    times = {one.etag: one.at for one in told if one.event == "created" and counts[one.etag] == 1}
    return [
        replace(call, end=min(call.end, times[etag]), is_certain=True)
        if isinstance(call.step, Put) and (etag := etags.get(call.step.write) or "") in times
        else call
        for call in calls
    ]


def expiries(key: Key, calls: Sequence[Call], told: Sequence[Told], etags: Mapping[str, str | None]) -> list[Call]:
    """What was told to have expired, as calls. An object's that was never put, or does not expire, begins never."""
    puts = [call for call in calls if isinstance(call.step, Put) and call.step.lives < NEVER]
    ends = {etags.get(call.step.write): call.begin + call.step.lives for call in puts}  # type: ignore[union-attr]
    found = []
    for one in told:
        if one.event == "expired":
            begin = ends.get(one.etag, NEVER)
            found.append(Call(key, begin, max(begin, one.at), Expire(one.etag)))
    return found
