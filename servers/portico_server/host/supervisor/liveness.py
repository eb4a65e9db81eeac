"""Whether the front's event loop turns: a process that lives and does not answer serves nobody.

The question goes over the control socket, which Python's loop answers; Envoy's own threads would answer for a front
whose loop hangs.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from portico_server.host import local_http
from portico_server.host.control import ALIVE
from portico_server.host.run_folder import CONTROL_SOCKET

_QUESTIONS = 3
"""How many in a row must stay unanswered: one may, where the machine slept or the supervisor itself was stopped."""
_PAUSE_SHARE = 0.2
"""Of the time for one question, what passes before it is asked."""


def is_alive(run: Path, timeout_seconds: float) -> bool | None:
    """Whether the front answers in that time; None where it has no control socket. Blocks."""
    if not (run / CONTROL_SOCKET).exists():
        return None
    try:
        local_http.request(run, CONTROL_SOCKET, "GET", ALIVE, timeout_seconds=timeout_seconds)
    except local_http.LocalError:
        return False
    return True


async def until_unresponsive(run: Path, patience_seconds: float) -> None:
    """Returns when a front that is ready has not answered for so long."""
    each_seconds = patience_seconds / _QUESTIONS
    unanswered = 0
    while unanswered < _QUESTIONS:
        await asyncio.sleep(each_seconds * _PAUSE_SHARE)
        answered = await asyncio.to_thread(is_alive, run, each_seconds * (1 - _PAUSE_SHARE))
        unanswered = unanswered + 1 if answered is False else 0
