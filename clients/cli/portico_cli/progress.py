"""Progress of transfers: a bar on stderr, where that is a terminal and there is enough to move."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from portico_cli.output import escaped

WORTH_SHOWING_BYTES = 4 * 1024 * 1024

Advance = Callable[[int], None]
"""Told how many bytes of one transfer are done so far."""


class Progress:
    """The bar of a command that moves files."""

    def __init__(self, show: Callable[[str, int | None], Advance] | None = None) -> None:
        self._show = show

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        return self._show is not None

    def of(self, name: str, size_bytes: int | None) -> Advance | None:
        """What to tell of one transfer; None where nobody looks."""
        if self._show is None or (size_bytes is not None and size_bytes < WORTH_SHOWING_BYTES):
            return None
        return self._show(name, size_bytes)


@contextlib.contextmanager
def progress(*, wanted: bool = True) -> Iterator[Progress]:
    """A bar a transfer while inside; silent where stderr is no terminal."""
    if not wanted or not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True))
    with Bars(
        *columns, TransferSpeedColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True
    ) as bars:

        def show(name: str, size_bytes: int | None) -> Advance:
            task = bars.add_task(escaped(name), total=size_bytes)

            def advance(done_bytes: int) -> None:
                bars.update(task, completed=done_bytes, visible=size_bytes is None or done_bytes < size_bytes)

            return advance

        yield Progress(show)


@contextlib.contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each thing that is done, for work that tells what it does, how far it is, and of how much (0: nobody
    knows)."""
    with progress() as shown:
        advances: dict[str, Advance | None] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in advances:
                advances[what] = shown.of(what, total or None)
            if (advance := advances[what]) is not None:
                advance(done)

        yield told
