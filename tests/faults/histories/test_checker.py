"""The checker of histories tells possible ones from impossible ones, of each kind that it is there to find."""

from __future__ import annotations

from typing import Any

import pytest

from tests.faults.histories import locks_and_notices
from tests.faults.histories.calls import (
    Call,
    DeleteVersion,
    History,
    Key,
    Listing,
    Put,
    Read,
    ReadTag,
    ReadVersion,
    ReadVersions,
    Refused,
    Seen,
    Tag,
)
from tests.faults.histories.checking import violations
from tests.faults.histories.made import GONE, PUT_A, PUT_B, A, B, of
from tests.faults.histories.search import NEVER, Operation, Undecided, linearizable

POSSIBLE = {
    "a put is read": of((0, 1, PUT_A), (2, 3, Read(A))),
    "a put under way is read": of((0, 9, PUT_A), (2, 3, Read(A)), (4, 5, Read(A))),
    "a put under way is not read": of((0, 3, PUT_A), (1, 2, Read(None))),
    "two puts at once, either wins": of((0, 5, PUT_A), (1, 4, PUT_B), (6, 7, Read(A))),
    "a put without an answer is there": of((2, 3, Read(A)), perhaps=((0, NEVER, PUT_A),)),
    "a put without an answer is not there": of((2, 3, Read(None)), perhaps=((0, NEVER, PUT_A),)),
    "a put without an answer comes late": of((2, 3, Read(None)), (4, 5, Read(A)), perhaps=((0, NEVER, PUT_A),)),
    "a delete without an answer": of((0, 1, PUT_A), (4, 5, Read(None)), perhaps=((2, NEVER, GONE),)),
    "a conditional put is refused": of((0, 1, PUT_A), (2, 3, Refused(if_absent=True)), (4, 5, Read(A))),
    "a copy whose ETag nobody was told": of((4, 5, Read(Seen("c", "ex"))), perhaps=((0, NEVER, Put("c")),)),
    "tags are changed": of((0, 1, Put("a", tag="1")), (2, 3, Tag("2")), (4, 5, ReadTag("2"))),
    "versions are newest first": of(
        (0, 1, PUT_A), (2, 3, PUT_B), (4, 5, ReadVersions((("ib", B), ("ia", A)))), versioned=True
    ),
    "a marker hides, and its deletion shows again": of(
        (0, 1, PUT_A), (2, 3, GONE), (4, 5, Read(None)), (6, 7, DeleteVersion("id")), (8, 9, Read(A)), versioned=True
    ),
    "a marker without an answer is found by its id": of(
        (0, 1, PUT_A),
        (4, 5, ReadVersions((("x", None), ("ia", A)))),
        (6, 7, DeleteVersion("x")),
        (8, 9, ReadVersions((("ia", A),))),
        perhaps=((2, NEVER, GONE),),
        versioned=True,
    ),
    "an old version is read": of((0, 1, PUT_A), (2, 3, PUT_B), (4, 5, ReadVersion("ia", A)), versioned=True),
    **locks_and_notices.POSSIBLE,
}

IMPOSSIBLE = {
    "an acknowledged put is lost": of((0, 1, PUT_A), (2, 3, Read(None))),
    "an old object comes back": of((0, 1, PUT_A), (2, 3, PUT_B), (4, 5, Read(A))),
    "what was deleted comes back": of((0, 1, PUT_A), (2, 3, GONE), (4, 5, Read(A))),
    "a read goes back": of((0, 9, PUT_A), (1, 2, Read(A)), (3, 4, Read(None))),
    "two reads disagree on the order": of(
        (0, 9, PUT_A), (0, 9, PUT_B), (10, 11, Read(A)), (12, 13, Read(B)), (14, 15, Read(A))
    ),
    "an object of a write that began later": of((0, 1, Read(A)), (2, 3, PUT_A)),
    "an object that nobody put": of((0, 1, PUT_A), (2, 3, Read(Seen("z", "ez")))),
    "another object's ETag": of((0, 1, PUT_A), (2, 3, Read(Seen("a", "eb")))),
    "a put without an answer comes and goes": of((2, 3, Read(A)), (4, 5, Read(None)), perhaps=((0, NEVER, PUT_A),)),
    "a put of a dead process comes after its end": of((6, 7, Read(None)), (8, 9, Read(A)), perhaps=((0, 5, PUT_A),)),
    "two puts on the condition that there is nothing": of(
        (0, 9, Put("a", if_absent=True)), (0, 9, Put("b", if_absent=True))
    ),
    "a condition is refused that holds": of((0, 1, PUT_A), (2, 3, Refused(if_match="ea"))),
    "a condition is taken that does not hold": of((0, 1, PUT_A), (2, 3, Put("b", if_match="ez"))),
    "a change of tags is lost": of((0, 1, Put("a", tag="1")), (2, 3, Tag("2")), (4, 5, ReadTag("1"))),
    "tags outlive their object": of((0, 1, Put("a", tag="1")), (2, 3, PUT_B), (4, 5, ReadTag("1"))),
    "tags of what is not there": of((0, 1, Tag("2"))),
    "a version is lost": of((0, 1, PUT_A), (2, 3, PUT_B), (4, 5, ReadVersions((("ib", B),))), versioned=True),
    "versions in the wrong order": of(
        (0, 1, PUT_A), (2, 3, PUT_B), (4, 5, ReadVersions((("ia", A), ("ib", B)))), versioned=True
    ),
    "a version twice": of((0, 1, PUT_A), (4, 5, ReadVersions((("ia", A), ("x", A)))), versioned=True),
    "a deleted version is read": of(
        (0, 1, PUT_A), (2, 3, DeleteVersion("ia")), (4, 5, ReadVersion("ia", A)), versioned=True
    ),
    "a version that was kept is not found": of((0, 1, PUT_A), (4, 5, ReadVersion("ia", None)), versioned=True),
    "a version has another's bytes": of((0, 1, PUT_A), (2, 3, PUT_B), (4, 5, ReadVersion("ia", B)), versioned=True),
    "a marker is lost": of((0, 1, PUT_A), (2, 3, GONE), (4, 5, ReadVersions((("ia", A),))), versioned=True),
    "an object is whole no more": of((0, 1, PUT_A), wrong=["torn"]),
    "a write has two ids": of((0, 1, PUT_A), ids=[("a", "x"), ("a", "y")]),
    "an id has two writes": of((0, 1, PUT_A), ids=[("a", "x"), ("b", "x")]),
    **locks_and_notices.IMPOSSIBLE,
}


def listing(begin: float, end: float, found: dict[str, str], **more: Any) -> Listing:
    return Listing("bucket", begin, end, more.pop("prefix", ""), found, **more)


def two_keys(*listings: Listing, second: tuple[float, float] = (2, 3), gone: tuple[float, float] = ()) -> History:  # type: ignore[assignment]
    """`d/one` is put from 0 to 1 (a), `d/two` from 2 to 3 (b); `gone`: then `d/one` is deleted."""
    history = of((0, 1, PUT_A), *([(*gone, GONE)] if gone else []), key="d/one", listings=list(listings))
    history.calls.append(Call(Key("bucket", "d/two"), *second, PUT_B))
    return history


BOTH = {"d/one": "ea", "d/two": "eb"}
BELOW = {"delimiter": "/", "prefixes": frozenset({"d/"})}
POSSIBLE_LISTS = {
    "shows both": two_keys(listing(4, 5, BOTH)),
    "is taken while the second is put": two_keys(listing(2, 5, {"d/one": "ea"})),
    "shows neither before": two_keys(listing(0, 1, {})),
    "is taken while one is deleted": two_keys(listing(4, 6, {"d/two": "eb"}), gone=(5, 9)),
    "of the first page": two_keys(listing(4, 5, {"d/one": "ea"}, last="d/one")),
    "of the second page": two_keys(listing(4, 5, {"d/two": "eb"}, after="d/one")),
    "of another prefix": two_keys(listing(4, 5, {}, prefix="e/")),
    "with a common prefix": two_keys(listing(4, 5, {}, **BELOW)),
}
IMPOSSIBLE_LISTS = {
    "lacks what was acknowledged": two_keys(listing(4, 5, {"d/two": "eb"})),
    "shows what is put later": two_keys(listing(0, 1, BOTH)),
    "shows what was deleted": two_keys(listing(7, 8, BOTH), gone=(5, 6)),
    "shows another object": two_keys(listing(4, 5, {"d/one": "eb", "d/two": "eb"})),
    "shows a key that nobody put": two_keys(listing(4, 5, {**BOTH, "d/x": "ea"})),
    "shows what was not asked for": two_keys(listing(4, 5, BOTH, last="d/one")),
    "leaves one out on the second page": two_keys(listing(4, 5, {}, after="d/one")),
    "lacks a common prefix": two_keys(listing(4, 5, {}, delimiter="/")),
    "shows a common prefix that is empty": two_keys(listing(4, 5, {}, delimiter="/", prefixes=frozenset({"e/"}))),
    "shows the later put and not the earlier": two_keys(listing(0, 9, {"d/two": "eb"})),
}


@pytest.mark.parametrize("history", POSSIBLE.values(), ids=POSSIBLE)
def test_of_a_possible_history_nothing_is_said(history: History) -> None:
    assert violations(history) == []


@pytest.mark.parametrize("history", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_an_impossible_history_is_found(history: History) -> None:
    assert len(violations(history)) >= 1


@pytest.mark.parametrize("history", POSSIBLE_LISTS.values(), ids=POSSIBLE_LISTS)
def test_of_a_possible_list_nothing_is_said(history: History) -> None:
    assert violations(history) == []


@pytest.mark.parametrize("history", IMPOSSIBLE_LISTS.values(), ids=IMPOSSIBLE_LISTS)
def test_an_impossible_list_is_found(history: History) -> None:
    assert any(told.startswith(("a list", "bucket/")) for told in violations(history))


def test_what_cannot_be_decided_is_said_and_not_passed() -> None:
    """Forty puts of which nothing is known, and a read of none of them."""

    def put(number: int) -> Operation[tuple[int, ...]]:
        return Operation(0, NEVER, lambda held: [(*held, number)], reads=False, is_certain=False)

    never = Operation[tuple[int, ...]](1, 2, lambda held: [], reads=True)
    with pytest.raises(Undecided):
        linearizable([*map(put, range(40)), never], (), most_nodes=1_000)
