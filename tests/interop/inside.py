"""What the bare host's process looks like from inside, and waiting for it to look otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc


@dataclass(frozen=True)
class Process:
    """`in_flight`: calls that the testing product serves; `objects`: Python objects alive; `resident_bytes`: memory."""

    in_flight: int
    objects: int
    resident_bytes: int


def process(channel: grpc.Channel) -> Process:
    """Asks the bare host, after a garbage collection."""
    answer: bytes = channel.unary_unary("/portico.testing.Styles/Process")(b"", timeout=10)
    return Process(*map(int, answer.split()))


def wait_until(condition: Callable[[], bool], *, seconds: float = 45) -> None:
    """Polls until the condition holds; fails the test where it does not in time."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"not within {seconds} s"
        time.sleep(0.01)
