"""`portico objects scrub`: whether the stored bytes of a bucket are still those that were put."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.following import result_of
from portico_cli.commands.objects.group import objects
from portico_cli.place_arguments import BUCKET
from portico_cli.remote import Remote

if TYPE_CHECKING:
    from portico.objects.v1.buckets_pb2 import ScrubBucketResult, ScrubProgress


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
    from portico.objects.v1.buckets_pb2 import ScrubBucketMetadata, ScrubBucketResult

    operation = caller.client.buckets.start_scrub(bucket.bucket)
    metadata = ScrubBucketMetadata()
    result = result_of(caller, operation, metadata, lambda now: _told(now.progress), ScrubBucketResult())
    output.show_json(result) if caller.json else _show(result)
    return 1 if result.progress.damaged_versions else 0


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
