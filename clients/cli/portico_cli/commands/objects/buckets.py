"""`portico objects`: buckets: made, removed, and whether they keep versions."""

from __future__ import annotations

import click

from portico_cli import output
from portico_cli.asking import confirm
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.following import ended
from portico_cli.commands.objects.group import objects
from portico_cli.commands.objects.placement import tell_unmet_hint
from portico_cli.place_arguments import BUCKET
from portico_cli.remote import Remote
from portico_cli.rules import new_bucket_id


@objects.command()
@click.argument("bucket", type=BUCKET)
@click.option("--versioning", is_flag=True, help="Keep what puts and deletes replace.")
@click.option("--object-lock", is_flag=True, help="Versions, which it keeps then, can be locked against deletion.")
@click.option("--location", metavar="PLACE", default="", help="Where its bytes should be, as weur: a hint.")
@click.option("--jurisdiction", metavar="PLACE", default="", help="Where its bytes must be, as eu.")
@calls_platform
def mb(caller: Caller, bucket: Remote, versioning: bool, object_lock: bool, location: str, jurisdiction: str) -> None:
    """Make a bucket.

    \b
    Examples:
      portico objects mb portico://photos
      portico objects mb photos --versioning
      portico objects mb portico://records --object-lock
      portico objects mb portico://letters --jurisdiction eu
    """
    from portico.objects.v1.buckets_pb2 import Bucket, ObjectLock

    settings = Bucket(location_hint=location, jurisdiction=jurisdiction)
    if object_lock:
        settings.object_lock.CopyFrom(ObjectLock(enabled=True))
    made = caller.client.buckets.create(new_bucket_id(bucket.bucket), settings, versioning=versioning or object_lock)
    output.show_json(made) if caller.json else click.echo(f"made {bucket}")
    tell_unmet_hint(made)


@objects.command()
@click.argument("bucket", type=BUCKET)
@click.option("--force", is_flag=True, help="Delete first all that it holds. Nothing brings that back.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before what it holds is deleted.")
@calls_platform
def rb(caller: Caller, bucket: Remote, force: bool, yes: bool) -> None:
    """Remove a bucket. It must be empty, or --force empties it, with all versions.

    Ctrl-C ends it on the platform, too: what was removed by then is gone, the rest and the bucket stay.

    \b
    Examples:
      portico objects rb portico://photos
      portico objects rb portico://photos --force
      portico objects rb portico://photos --force --yes
    """
    if force and not yes:
        asked = f"Remove {bucket} with all objects and versions that it holds? Nothing brings them back."
        confirm(asked, f"--force removes {bucket} with all that it holds for good")
    from portico.objects.v1.buckets_pb2 import DeleteBucketMetadata

    begun = caller.client.buckets.delete(bucket.bucket, force=force, wait=False)
    done = ended(caller, begun, DeleteBucketMetadata(), lambda now: f"{now.deleted_versions:,} versions removed")
    output.show_json(done) if caller.json else click.echo(f"removed {bucket}")


@objects.command()
@click.argument("bucket", type=BUCKET)
@click.argument("state", type=click.Choice(["on", "suspended"]))
@calls_platform
def versioning(caller: Caller, bucket: Remote, state: str) -> None:
    """Keep the versions of a bucket's objects from now on, or keep no further ones.

    \b
    Examples:
      portico objects versioning portico://photos on
      portico objects versioning portico://photos suspended
    """
    from portico.objects.v1.buckets_pb2 import Versioning

    wanted = Versioning.VERSIONING_ENABLED if state == "on" else Versioning.VERSIONING_SUSPENDED
    bucket_now = caller.client.buckets.update(bucket.bucket, versioning=wanted)
    output.show_json(bucket_now) if caller.json else click.echo(f"versioning of {bucket} is {state}")
