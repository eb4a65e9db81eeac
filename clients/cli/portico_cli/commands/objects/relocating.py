"""`portico objects relocate`: a bucket's bytes moved to where they should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.following import result_of
from portico_cli.commands.objects.group import objects
from portico_cli.commands.objects.placement import tell_unmet_hint
from portico_cli.place_arguments import BUCKET
from portico_cli.remote import Remote

if TYPE_CHECKING:
    from portico.objects.v1.buckets_pb2 import RelocateProgress


@objects.command()
@click.argument("bucket", type=BUCKET)
@click.option("--location", metavar="PLACE", help="Where they should be from now on, as weur.")
@calls_platform
def relocate(caller: Caller, bucket: Remote, location: str | None) -> None:
    """Move a bucket's bytes to the store where new ones of it go. Objects stay as they are; reads and writes go on.

    Ctrl-C ends it on the platform, too; what was moved stays moved, and the same command moves the rest.

    \b
    Examples:
      portico objects relocate portico://photos
      portico objects relocate photos --location weur
    """
    from portico.objects.v1.buckets_pb2 import RelocateBucketMetadata, RelocateBucketResult

    operation = caller.client.buckets.start_relocation(bucket.bucket, location_hint=location)
    if location:
        tell_unmet_hint(caller.client.buckets.get(bucket.bucket))
    metadata = RelocateBucketMetadata()
    result = result_of(caller, operation, metadata, lambda now: _told(now.progress), RelocateBucketResult())
    output.show_json(result) if caller.json else click.echo(_told(result.progress))


def _told(progress: RelocateProgress) -> str:
    moved = f"{progress.moved_versions:,} moved ({output.size(progress.moved_bytes)})"
    return f"{progress.versions:,} versions, {moved}"
