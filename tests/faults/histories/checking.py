"""All that is wrong with a history: keys and lists that cannot have been so, whatever the order."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.histories.calls import READS, Call, History, Key, Listing, Read, Seen, Told
from tests.faults.histories.ids import told_ids
from tests.faults.histories.register import Register
from tests.faults.histories.search import Operation, Undecided, linearizable
from tests.faults.histories.telling import Listened, State, expiries, settled
from tests.faults.histories.windows import Writes, possible_times


def violations(history: History) -> list[str]:
    """One line each; none for a history as it should be."""
    return [*history.wrong, *_of_ids(history), *_of_lists(history), *_of_keys(history)]


def _of_ids(history: History) -> Iterator[str]:
    """A write has one id, and an id one write."""
    ids: dict[str, str] = {}
    writes: dict[str, str] = {}
    for write, id_ in history.ids:
        if ids.setdefault(write, id_) != id_:
            yield f"{write} has two version ids, {ids[write]} and {id_}"
        if writes.setdefault(id_, write) != write:
            yield f"the version id {id_} is that of {writes[id_]} and of {write}"


def _of_lists(history: History) -> Iterator[str]:
    writes = {key: Writes(calls) for key, calls in history.by_key().items()}
    for listing in history.listings:
        unknown = [name for name in listing.found if Key(listing.bucket, name) not in writes]
        astray = [name for name in listing.found if not listing.covers(name)]
        if unknown or astray:
            yield f"a list shows what was never put, or is not asked for: {(unknown or astray)[:3]}: {_told(listing)}"
        elif not possible_times(listing, writes, history.etags):
            yield f"a list shows what was never so at one time: {_told(listing)}"


def _of_keys(history: History) -> Iterator[str]:
    calls = history.by_key()
    for key, call in _seen_in_lists(history):
        calls[key].append(call)
    told = history.told or {}
    if unknown := told.keys() - calls.keys():
        yield f"a queue told of what nobody did anything to: {sorted(unknown)[:3]}"
    ids = dict(history.ids)
    for key, of_key in calls.items():
        events = told.get(key, [])
        of_key = settled(of_key, events, history.etags) + expiries(key, of_key, events, history.etags)
        own_ids = told_ids(of_key, ids, history.etags, events)
        register = Register(key.bucket in history.versioned, own_ids, history.etags, frozenset(own_ids.values()))
        listened = Listened(register, None if history.told is None else events)
        operations = [
            _operation(call, listened) for call in of_key if call.is_certain or not isinstance(call.step, READS)
        ]
        try:
            if not linearizable(operations, State(), is_last=listened.is_last):
                yield f"{key.bucket}/{key.name} cannot have been so:\n{_lines(of_key, events)}"
        except Undecided as undecided:
            yield f"{key.bucket}/{key.name}: {undecided}: cannot be decided"


def _seen_in_lists(history: History) -> Iterator[tuple[Key, Call]]:
    """What lists show, key by key, as reads of each."""
    keys = history.by_key()
    for listing in history.listings:
        for key in keys:
            if key.bucket == listing.bucket and listing.covers(key.name) and not listing.common_prefix(key.name):
                etag = listing.found.get(key.name)
                seen = None if etag is None else Seen(etag=etag)
                yield key, Call(key, listing.begin, listing.end, Read(seen))


def _operation(call: Call, listened: Listened) -> Operation[State]:
    def after(state: State) -> Iterator[State]:
        return listened.after(call, state)

    return Operation(call.begin, call.end, after, isinstance(call.step, READS), call.is_certain)


def _lines(calls: list[Call], events: list[Told]) -> str:
    first = min(call.begin for call in calls)
    lines = [
        f"  {call.begin - first:.0f} to {call.end - first:.0f} {'' if call.is_certain else 'perhaps '}{call.step}"
        for call in sorted(calls, key=lambda one: one.begin)
    ]
    return "\n".join([*lines, *(f"  told at {one.at - first:.0f}: {one[:-1]}" for one in events)])


def _told(listing: Listing) -> str:
    return (
        f"{listing.bucket} from {listing.begin:.0f} to {listing.end:.0f}, prefix {listing.prefix!r} delimiter"
        f" {listing.delimiter!r} after {listing.after!r} up to {listing.last!r}: {sorted(listing.found)}"
        f" {sorted(listing.prefixes)}"
    )
