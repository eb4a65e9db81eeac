"""`portico objects scrub`: whether the stored bytes of a bucket are still those that were put."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.remote import BUCKET, Remote

if TYPE_CHECKING:
    from google.longrunning.operations_pb2 import Operation

    from portico.objects.v1.buckets_pb2 import ScrubBucketResult, ScrubProgress

_FIRST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 1.0


@objects.command()
@click.argument("bucket", type=BUCKET)
@calls_platform
def scrub(caller: Caller, bucket: Remote) -> int:
    """Have all stored bytes of a bucket read again and compared with their digests. Nothing is changed.

    The exit code is 1 where anything is damaged. Ctrl-C ends it on the platform, too.

    \b
    Examples:
      portico objects scrub portico://photos
      portico objects scrub photos --output json
    """
    from portico.objects.v1.buckets_pb2 import ScrubBucketResult

    operation = caller.client.buckets.start_scrub(bucket.bucket)
    try:
        operation = _followed(caller, operation)
    except KeyboardInterrupt:
        caller.client.operations.cancel(operation.name)
        raise
    result = ScrubBucketResult()
    operation.response.Unpack(result)
    output.show_json(result) if caller.json else _show(result)
    return 1 if result.progress.damaged_versions else 0


def _followed(caller: Caller, operation: Operation) -> Operation:
    """The operation when it is done. Raises its error."""
    from portico.objects.v1.buckets_pb2 import ScrubBucketMetadata

    pause, metadata = _FIRST_PAUSE_SECONDS, ScrubBucketMetadata()
    with _line() as line:
        while not operation.done:
            time.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, pause * 2)
            operation = caller.client.operations.get(operation.name)
            if operation.metadata.Unpack(metadata):
                line(_told(metadata.progress))
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


def _show(result: ScrubBucketResult) -> None:
    from portico.objects.v1.buckets_pb2 import Damage

    columns: list[output.Column] = [
        ("key", lambda one: one.name.partition("/objects/")[2]),
        ("version", lambda one: one.version_id),
        ("damage", lambda one: Damage.Name(one.damage).removeprefix("DAMAGE_").lower()),
        ("detail", lambda one: one.detail),
    ]
    if result.damaged_versions:
        output.show_items(result.damaged_versions, columns, as_json=False)
    if further := result.progress.damaged_versions - len(result.damaged_versions):
        click.echo(f"and {further:,} further ones")
    click.echo(_told(result.progress))


def _told(progress: ScrubProgress) -> str:
    read = f"{progress.versions:,} versions, {output.size(progress.read_bytes)} read"
    return f"{read}, {progress.damaged_versions:,} damaged"
