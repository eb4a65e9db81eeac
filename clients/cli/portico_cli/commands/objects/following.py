"""Operations that are waited for: how far they are stands in a line on the terminal, and Ctrl-C ends them, too."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

import click

from portico_cli.calling import Caller

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation
    from google.protobuf.message import Message

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0

M = TypeVar("M", bound="Message")
R = TypeVar("R", bound="Message")


def result_of(caller: Caller, operation: Operation, metadata: M, told: Callable[[M], str], result: R) -> R:
    """Waits for the operation and fills in its result. `told` says of its metadata how far it is. Raises its error."""
    ended(caller, operation, metadata, told).response.Unpack(result)
    return result


def ended(caller: Caller, operation: Operation, metadata: M, told: Callable[[M], str]) -> Operation:
    """Waits for the operation, and answers it when it is done. Raises its error."""
    try:
        return _followed(caller, operation, metadata, told)
    except KeyboardInterrupt:
        caller.client.operations.cancel(operation.name)
        raise


def _followed(caller: Caller, operation: Operation, metadata: M, told: Callable[[M], str]) -> Operation:
    """The operation when it is done. Raises its error."""
    pause = _FIRST_PAUSE_SECONDS
    with _line() as line:
        while not operation.done:
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)
            operation = caller.client.operations.get(operation.name)
            if operation.metadata.Unpack(metadata):
                line(told(metadata))
    return caller.client.operations.wait(operation.name) if operation.HasField("error") else operation


class _Line:
    """A line on stderr, where that is a terminal, that is written over."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()

    def __call__(self, text: str) -> None:
        if self._shown:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)


@contextlib.contextmanager
def _line() -> Iterator[_Line]:
    line = _Line()
    try:
        yield line
    finally:
        line("")
