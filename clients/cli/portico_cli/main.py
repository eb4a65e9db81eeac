"""The entry point: runs a command and turns whatever it raises into a message of a line or two and an exit code.

Everything else is imported inside, so that a Ctrl-C that comes during imports is a stop like any other.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from types import FrameType
from typing import Any

_COLLECTED_EVERY = 50_000, 20, 50
"""Of the garbage collector, objects that were made: with Python's own 700 it looked again and again through what a
command imports, which took a fifth of the command's time."""

STOPPED, TERMINATED, READER_LEFT = 130, 143, 141

_AGAIN_SECONDS = 5.0
"""After which a stop is raised again: the first may have hit a callback of a library that swallows exceptions."""


def main() -> None:
    """The `portico` script."""
    gc.set_threshold(*_COLLECTED_EVERY)
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGINT, _interrupted)
    _settle_standard_streams()
    code = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # who interrupts the end of it needs no traceback
    _end(code)


def run(arguments: Sequence[str]) -> int:
    """Runs one command line; answers the exit code (see `portico_cli.failures`)."""
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
        print("stopped", file=sys.stderr)
        return STOPPED


def _run(arguments: Sequence[str]) -> int:
    import click

    from portico_cli.root import portico

    if "_PORTICO_COMPLETE" in os.environ:  # a shell asks what a line may become
        from portico_cli.shells import register

        register()
    state: dict[str, Any] = {}
    standard_output = sys.stdout
    try:
        outcome = portico.main(list(arguments), prog_name="portico", standalone_mode=False, obj=state)
        if sys.stdout is not None:
            sys.stdout.flush()
        return outcome if isinstance(outcome, int) else 0
    except click.ClickException as error:
        from portico_cli.failures import report, show_usage

        if isinstance(error.__context__, (FileNotFoundError, PermissionError)):  # of a file that an argument names
            return report(error.__context__, as_json=_want_json(arguments))
        show_usage(error, as_json=_want_json(arguments))
        return error.exit_code
    except click.Abort:
        raise KeyboardInterrupt from None
    except BrokenPipeError:  # the reader of our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_LEFT
    except SystemExit:
        if sys.stdout is not standard_output:  # click replaces it and ends where the reader left in the middle
            return READER_LEFT
        raise
    except Exception as error:
        if os.environ.get("PORTICO_DEBUG"):
            raise
        from portico_cli.failures import report

        return report(error, as_json=state.get("output") == "json")


def _want_json(arguments: Sequence[str]) -> bool:
    """Whether a line that cannot be understood asked for JSON."""
    return "--output=json" in arguments or ("--output", "json") in pairwise(arguments)


def _end(code: int) -> None:
    """Ends at once: to take all modules apart first would take a fifth of a short command's time."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(code)  # as Python ends where output leads nowhere
    os._exit(code)


def _terminated(number: int, frame: FrameType | None) -> None:
    """Ends as an exception, so that what was begun is cleaned up."""
    _raise_again_with(_terminated)
    raise SystemExit(TERMINATED)


def _interrupted(number: int, frame: FrameType | None) -> None:
    _raise_again_with(_interrupted)
    raise KeyboardInterrupt


def _raise_again_with(handler: Callable[[int, FrameType | None], None]) -> None:
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_SECONDS)


def _settle_standard_streams() -> None:
    """What is closed leads nowhere, lest a file or a connection get its number; what a terminal cannot show is
    escaped."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
