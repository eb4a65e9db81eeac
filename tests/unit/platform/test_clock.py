"""Marks of uptime: how long ago one was made, whatever the machine's clock was set to, and across a start of it."""

from __future__ import annotations

import math

from portico_server.platform.clock import Uptime


def test_seconds_between_two_marks() -> None:
    mark = Uptime().mark()
    assert Uptime.seconds_between(mark, mark) == 0
    assert Uptime.seconds_between(mark, mark + 7) == 7


def test_all_of_one_start_make_marks_of_one_clock() -> None:
    earlier = Uptime().mark()
    assert 0 <= Uptime.seconds_between(earlier, Uptime().mark()) <= 1


def test_a_mark_of_another_start_or_none_is_older_than_anything() -> None:
    mark = Uptime().mark()
    another_start = mark ^ (1 << 40)
    for earlier in (another_start, mark + 1, 0):
        assert Uptime.seconds_between(earlier, mark) == math.inf
