"""Places of a copy: a path of this machine, or a bucket's object; standard input and output."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import BinaryIO, cast

import click

from portico_cli.output import quoted
from portico_cli.remote import Remote, is_remote, parse

Place = Path | Remote

STANDARD = "-"
"""Standard input or output."""


def place(text: str) -> Place:
    """What an argument names. Raises click.BadParameter."""
    return parse(text) if is_remote(text) else Path(text)


def shown(where: Place) -> str:
    """A place for people."""
    return str(where) if isinstance(where, Remote) else quoted(str(where))


def address(where: Place) -> str:
    """A place for programs."""
    return where.url if isinstance(where, Remote) else str(where)


def is_regular(where: Place) -> bool:
    """Whether it is a file on a disk, or none yet; else bytes are read or written as they come, and once."""
    from portico._targets import is_stream

    return isinstance(where, Path) and not is_stream(where)


def is_standard_output(where: Place) -> bool:
    """Whether it is where our own words go, by another name: `/dev/stdout`, a pipe."""
    try:
        return isinstance(where, Path) and os.path.samestat(os.fstat(1), where.stat())
    except OSError:
        return False


def standard_input() -> BinaryIO:
    """Standard input as a binary file, without a buffer: the interpreter takes a buffer's lock when it ends, and would
    abort where a thread still waits for input."""
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard input")
    if sys.stdin.isatty():
        click.echo("reading from the terminal; end with Ctrl-D", err=True)
    return cast(BinaryIO, getattr(sys.stdin.buffer, "raw", sys.stdin.buffer))


def standard_output() -> BinaryIO:
    """Standard output as a binary file."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "standard output")
    return sys.stdout.buffer
