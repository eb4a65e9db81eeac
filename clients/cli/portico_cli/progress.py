"""Progress of transfers: bars on stderr, where that is a terminal and there is enough to move."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Protocol

from portico_cli.output import escaped, size

WORTH_SHOWING_BYTES = 4 * 1024 * 1024
WORTH_SHOWING_FILES = 20

Advance = Callable[[int], None]
"""Told how many bytes of one transfer are done so far."""


class Overall(Protocol):
    """The bar of all transfers: told how many are done and known, and how many bytes of how many."""

    def __call__(self, files: int, of_files: int, size_bytes: int, of_bytes: int, /) -> None: ...


class Progress:
    """The bars of a command that moves files: one for each large one and, where there are several, one for all."""

    def __init__(
        self, show: Callable[[str, int | None], Advance] | None = None, overall: Overall | None = None
    ) -> None:
        self._show = show
        self._overall = overall
        self._files = self._of_files = self._bytes = self._of_bytes = 0

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        return self._show is not None

    def of(self, name: str, size_bytes: int | None) -> Advance | None:
        """What to tell of one transfer; None where nobody looks."""
        if self._show is None:
            return None
        if size_bytes is not None and size_bytes < WORTH_SHOWING_BYTES:
            return None
        return self._show(name, size_bytes)

    def found(self, size_bytes: int) -> None:
        """One more is to be moved."""
        self._of_files += 1
        self._of_bytes += size_bytes

    def finished(self, size_bytes: int = 0) -> None:
        """One more is moved."""
        self._files += 1
        self._bytes += size_bytes
        if self._overall is not None and self._of_files > WORTH_SHOWING_FILES:
            self._overall(self._files, self._of_files, self._bytes, self._of_bytes)


@contextlib.contextmanager
def progress(*, wanted: bool = True) -> Iterator[Progress]:
    """Bars while inside; silent where stderr is no terminal."""
    if not wanted or not sys.stderr.isatty():
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars
    from rich.text import Text

    class Speed(ProgressColumn):
        """In the units of what is moved, which rich's own is not."""

        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{size(int(speed))}/s" if speed is not None else "")

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(binary_units=True))
    with Bars(
        *columns,
        Speed(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout is not None and sys.stdout.isatty(),  # a file gets its lines as they are
    ) as bars:

        def show(name: str, size_bytes: int | None) -> Advance:
            task = bars.add_task(escaped(name), total=size_bytes)

            def advance(done_bytes: int) -> None:
                bars.update(task, completed=done_bytes, visible=size_bytes is None or done_bytes < size_bytes)

            return advance

        all_of_them = bars.add_task("", visible=False)

        def overall(files: int, of_files: int, size_bytes: int, of_bytes: int) -> None:
            told = f"{files:,} of {of_files:,}"
            bars.update(all_of_them, description=told, completed=size_bytes, total=of_bytes, visible=files < of_files)

        yield Progress(show, overall)


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
