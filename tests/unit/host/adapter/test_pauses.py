"""How long a body's next part is left to gather."""

from __future__ import annotations

from portico_server.host.adapter.pauses import Pauses

SMALL, MIDDLE, LARGE = 16 * 1024, 128 * 1024, 256 * 1024


def test_pauses_grow_while_parts_are_small_stay_and_go_while_they_are_large() -> None:
    pauses = Pauses()
    seconds = [pauses.after(size) for size in [SMALL] * 7 + [MIDDLE] * 2 + [LARGE] * 6 + [MIDDLE]]
    assert seconds == [0.001, 0.002, 0.003, 0.004, *[0.005] * 5, 0.004, 0.003, 0.002, 0.001, 0, 0, 0]
