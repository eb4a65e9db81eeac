"""Says how large a share of the calls Envoy is to refuse, by how long calls wait for the event loop.

Calls begin by turns of the loop (`adapter.pace`), and the first in the line says how long those behind it will wait.
Each turn waits for all that became ready before it; so a thread puts a mark into the loop's queue and sees how old it
gets. Where calls in the line, or marks while many calls are in flight, stay old for half a second, calls come faster
than they can be served. Then the share rises with the age, and by how fast that grows, and falls likewise (the PIE
controller, RFC 8033, 4.2).

Few are refused before that: a refusal costs Envoy half of what a call does, and whoever is refused comes again. What
holds a crowd back at no cost is that a connection carries so many streams and no more (`max_streams`).

It is a thread because a loop that is late would be late to see it.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
import urllib.parse
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from portico_server.host import local_http
from portico_server.host.envoy import overload
from portico_server.host.run_folder import ADMIN_SOCKET

TARGET_SECONDS = 0.03
"""How old a mark may get: a call takes two or three turns, and health must be told within 100 ms."""
TICK_SECONDS = 0.05
IDLE_TICK_SECONDS = 0.25
"""Where no call is in flight, and none is refused."""
PATIENCE_SECONDS = 0.5
"""How long calls may wait in the line before others are refused."""
LARGEST_SHARE = 0.95
"""So that some calls come through, by which is seen whether it gets better."""
FEWEST_CALLS = 256
"""With fewer calls in flight it is no crowd that makes the loop late."""

_STANDING = 10
"""For so many ticks marks must have been old before a call is refused: a burst that is soon done is no overload."""
_STEERING = 3
"""So many ticks count once calls are refused."""
_BY_AGE, _BY_GROWTH = 0.01, 0.05
"""By what part the share that is let through changes, for each TARGET_SECONDS that a mark is too old, or gets older."""
_MOST_EXCESS = 10.0
_FASTEST_FALL, _FASTEST_RISE = -0.08, 0.25
_GONE = 0.01
"""A smaller share is none."""
_NOTICEABLE = 0.02
"""By what part what is let through must change for Envoy to be told."""
_PATIENCE_SECONDS = 1.0

_log = structlog.get_logger(__name__)


class Shedding:
    """The controller. `in_flight` answers how many calls are, `waited_seconds` how long the first in the line has been
    there; `set_share` tells Envoy, and may raise LocalError.

    `share` is what Envoy was told to refuse, from 0 to 1; `wait_seconds` by how long calls are too late, or marks old.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        in_flight: Callable[[], int],
        waited_seconds: Callable[[], float],
        set_share: Callable[[float], None],
    ) -> None:
        self._loop = loop
        self._in_flight = in_flight
        self._waited_seconds = waited_seconds
        self._set_share = set_share
        self._over = threading.Event()
        self._marked = 0.0  # when the mark was put; 0: it has been reached
        self._reached = 0.0  # how old the last one got
        self._ages = deque([0.0] * _STANDING, maxlen=_STANDING)
        self._wanted = 0.0
        self.share = 0.0
        self.wait_seconds = 0.0

    def run(self) -> None:
        """Measures and steers until `stop`."""
        while not self._over.wait(TICK_SECONDS if self._is_busy() else IDLE_TICK_SECONDS):
            before = self.wait_seconds
            age = self._age() if self._in_flight() >= FEWEST_CALLS else 0.0
            self._ages.append(max(age, self._waited_seconds() - PATIENCE_SECONDS))
            ages = list(self._ages)
            self.wait_seconds = min(ages[-_STEERING:] if self._wanted else ages)
            self._wanted = steered(self._wanted, self.wait_seconds, before)
            if self._is_news():
                self._tell(self._wanted)

    def stop(self) -> None:
        self._over.set()

    def _is_busy(self) -> bool:
        return bool(self._in_flight() or self._wanted or self.share)

    def _age(self) -> float:
        """How long the mark has waited, or the last one did; puts a new one."""
        now = time.monotonic()
        if self._marked:
            return now - self._marked
        self._marked = now
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._reach)
        return self._reached

    def _reach(self) -> None:
        self._reached = time.monotonic() - self._marked
        self._marked = 0.0

    def _is_news(self) -> bool:
        if not (self._wanted and self.share):
            return self._wanted != self.share
        return abs(self._wanted - self.share) > _NOTICEABLE * (1 - self.share)

    def _tell(self, share: float) -> None:
        try:
            self._set_share(share)
        except local_http.LocalError as error:
            _log.warning("overload_not_told", error=str(error))
            return
        if not (self.share and share):
            _log.warning("overload_begins" if share else "overload_ends", wait_seconds=round(self.wait_seconds, 3))
        self.share = share


def steered(share: float, age_seconds: float, before_seconds: float) -> float:
    """The share to refuse next, where marks get so old, and did so a tick before, while `share` is refused."""
    excess = min(age_seconds / TARGET_SECONDS - 1, _MOST_EXCESS)
    growth = (age_seconds - before_seconds) / TARGET_SECONDS
    change = min(max(_BY_AGE * excess + _BY_GROWTH * growth, _FASTEST_FALL), _FASTEST_RISE)
    if age_seconds < TARGET_SECONDS / 2:
        change = _FASTEST_FALL
    share = min(max(1 - (1 - share) * (1 - change), 0.0), LARGEST_SHARE)
    return share if share >= _GONE else 0.0


def by_administration(folder: Path) -> Callable[[float], None]:
    """Tells the Envoy that runs in the folder, by its administration socket."""

    def set_share(share: float) -> None:
        query = f"{overload.SHARE}={urllib.parse.quote(overload.share(share))}"  # which leaves no `+` for a space
        local_http.request(folder, ADMIN_SOCKET, "POST", f"/runtime_modify?{query}", timeout_seconds=_PATIENCE_SECONDS)

    return set_share


@contextlib.contextmanager
def shedding(in_flight: Callable[[], int], waited_seconds: Callable[[], float], folder: Path) -> Iterator[Shedding]:
    """Steers the Envoy that runs in the folder, for the running loop, as long as the context lasts."""
    controller = Shedding(asyncio.get_running_loop(), in_flight, waited_seconds, by_administration(folder))
    thread = threading.Thread(target=controller.run, name="shedding", daemon=True)
    thread.start()
    try:
        yield controller
    finally:
        controller.stop()
        thread.join(_PATIENCE_SECONDS + IDLE_TICK_SECONDS)
