"""Good callers beside an attack: they go on at both doors, and none of their calls may fail."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.harness.clients import http
from tests.harness.platform import RunningPlatform
from tests.harness.waiting import wait_until

BUCKETS = "/v1/accounts/default/buckets"
MAX_CALLS_PER_SECOND = 20
"""So that they do not take the machine from who attacks."""


@dataclass
class Neighbours:
    """`done` counts good answers, `failed` says what went wrong with others."""

    done: int = 0
    failed: list[str] = field(default_factory=list)


@contextlib.contextmanager
def neighbours(platform: RunningPlatform) -> Iterator[Neighbours]:
    """Calls while the block runs and, once it is over, until a few more were answered; AssertionError if one failed."""
    told = Neighbours()
    stop = threading.Event()
    thread = threading.Thread(target=_call, args=(platform, told, stop), daemon=True)
    thread.start()
    try:
        wait_until(lambda: told.done >= 2 or told.failed, "a first answer to each door's neighbour", 60)
        yield told
        before = told.done
        wait_until(lambda: told.done >= before + 2 or told.failed, "answers after the attack", 60)
    finally:
        stop.set()
        thread.join()
    assert told.failed == [], told.failed


def _call(platform: RunningPlatform, told: Neighbours, stop: threading.Event) -> None:
    good = {"authority": platform.authority, "token": platform.token}
    while not stop.is_set():
        for address, certificate in ((platform.address, platform.certificate), (platform.web_address, None)):
            try:
                answer = http(address, "GET", BUCKETS, certificate=certificate, **good)
                if answer.status == 200:
                    told.done += 1
                else:
                    told.failed.append(f"{address}: {answer}")
            except OSError as error:
                told.failed.append(f"{address}: {error!r}")
        time.sleep(1 / MAX_CALLS_PER_SECOND)
