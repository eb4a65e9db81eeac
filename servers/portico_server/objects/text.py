"""Ranges of text in the order of its UTF-8 bytes, which is also the order of its characters' code points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

END = "\U0010ffff" * 260
"""Behind every key and every name: they have at most 1,024 bytes, and this character takes four of them."""
_LEAST = "\x01"  # no text here holds a NUL
_LAST = "\U0010ffff"


class TextRange(NamedTuple):
    """Every text with `first` <= text < `end`."""

    first: str
    end: str


EVERYTHING = TextRange("", END)


def after(text: str) -> str:
    """The least text behind this one; behind "" that is the least of all."""
    return text + _LEAST if text else ""


def successor(prefix: str) -> str:
    """The least text behind every text that begins with the prefix. Surrogates are not characters."""
    stem = prefix.rstrip(_LAST)
    if not stem:
        return END
    last = stem[-1]
    return stem[:-1] + ("\ue000" if last == "\ud7ff" else chr(ord(last) + 1))


def beginning_with(prefix: str) -> TextRange:
    return TextRange(prefix, successor(prefix))


def only(text: str) -> TextRange:
    return TextRange(text, after(text) or _LEAST)


def union(ranges: Iterable[TextRange]) -> list[TextRange]:
    """The same texts as ranges in order that do not touch."""
    merged: list[TextRange] = []
    for one in sorted(ranges):
        if one.first >= one.end:
            continue
        if merged and one.first <= merged[-1].end:
            merged[-1] = TextRange(merged[-1].first, max(merged[-1].end, one.end))
        else:
            merged.append(one)
    return merged


def intersection(ranges: Iterable[TextRange], within: TextRange) -> list[TextRange]:
    """What of the ranges stands within another."""
    cut = (TextRange(max(one.first, within.first), min(one.end, within.end)) for one in ranges)
    return [one for one in cut if one.first < one.end]


def difference(ranges: Iterable[TextRange], removed: Iterable[TextRange]) -> list[TextRange]:
    """What is left of ordered ranges without others."""
    left = list(ranges)
    for hole in removed:
        left = [
            part
            for one in left
            for part in (
                TextRange(one.first, min(one.end, hole.first)),
                TextRange(max(one.first, hole.end), one.end),
            )
            if part.first < part.end
        ]
    return left
