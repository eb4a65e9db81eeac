"""Ranges of text, against the order of UTF-8 bytes."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from portico_server.objects import text
from portico_server.objects.text import TextRange

TEXT = st.text(st.sampled_from("ab\x01\ud7ff\ue000\uffff\U00010000\U0010ffff"), max_size=4)
RANGES = st.lists(st.builds(TextRange, TEXT, TEXT), max_size=4)


def within(value: str, ranges: list[TextRange]) -> bool:
    return any(one.first.encode() <= value.encode() < one.end.encode() for one in ranges)


@given(TEXT, TEXT)
def test_what_begins_with_a_prefix_is_within_its_range_and_nothing_else_is(prefix: str, value: str) -> None:
    for tail in (value, prefix + value):
        assert within(tail, [text.beginning_with(prefix)]) == tail.startswith(prefix)


@given(TEXT, TEXT)
def test_nothing_stands_between_a_text_and_what_is_after_it(one: str, value: str) -> None:
    if one and value:
        assert (value.encode() >= text.after(one).encode()) == (value.encode() > one.encode())
        assert within(value, [text.only(one)]) == (value == one)


@given(RANGES, TEXT)
def test_a_union_holds_what_any_of_its_ranges_holds(ranges: list[TextRange], value: str) -> None:
    union = text.union(ranges)
    assert within(value, union) == within(value, ranges)
    assert all(one.end < other.first for one, other in itertools.pairwise(union))


@given(RANGES, RANGES, TEXT)
def test_a_difference_holds_what_only_the_first_holds(
    ranges: list[TextRange], removed: list[TextRange], value: str
) -> None:
    left = text.difference(text.union(ranges), text.union(removed))
    assert within(value, left) == (within(value, ranges) and not within(value, removed))
    assert left == sorted(left)


@given(RANGES, st.builds(TextRange, TEXT, TEXT), TEXT)
def test_an_intersection_holds_what_both_hold(ranges: list[TextRange], other: TextRange, value: str) -> None:
    assert within(value, text.intersection(text.union(ranges), other)) == (
        within(value, ranges) and within(value, [other])
    )


def test_the_end_is_behind_the_longest_key() -> None:
    assert within("\U0010ffff" * 256, [text.EVERYTHING])
    assert within("\U0010ffff" * 256, [text.beginning_with("\U0010ffff")])
    assert not within("\U0010ffff" * 256, [text.beginning_with("a")])
