"""`portico objects versions`: what a bucket kept, and how to have it again."""

from __future__ import annotations

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.failures import NOT_FOUND
from portico_cli.place_arguments import ANYWHERE
from portico_cli.remote import Remote

PREVIOUS = "previous"


@objects.command()
@click.argument("place", type=ANYWHERE)
@click.option(
    "--restore",
    "version_id",
    default="",
    metavar="ID",
    help="Make this version current again; `previous`: the last but one.",
)
@calls_platform
def versions(caller: Caller, place: Remote, version_id: str) -> int:
    """List versions and delete markers below a prefix, the newest of a key first; or restore one.

    To restore a version stores a copy of it as the newest one: nothing is lost by that. Of a deleted object `previous`
    is what it was before. The exit code is 3 where nothing begins so.

    \b
    Examples:
      portico objects versions portico://photos
      portico objects versions portico://photos/cat.jpg --output json
      portico objects versions portico://photos/cat.jpg --restore previous
    """
    if version_id:
        _restore(caller, place, version_id)
        return 0
    columns: list[output.Column] = [
        ("put", lambda item: output.moment(item.create_time)),
        (">bytes", lambda item: "deleted" if item.delete_marker else str(item.size_bytes)),
        ("version", lambda item: item.version_id),
        ("", lambda item: "latest" if item.latest else ""),
        ("key", lambda item: item.name.partition("/objects/")[2]),
    ]
    found = list(caller.client.objects.versions(place.bucket, prefix=place.key))
    output.show_items(found, columns, as_json=caller.json, nothing=f"nothing below {place}")
    return 0 if found or not place.key else NOT_FOUND


def _restore(caller: Caller, place: Remote, version_id: str) -> None:
    if not place.key:
        raise click.UsageError(f"{place} is a bucket: name the object of which a version is to be restored")
    if version_id == PREVIOUS:
        version_id = _previous(caller, place)
    bucket, key = place.bucket, place.key
    stored = caller.client.objects.copy(bucket, key, bucket, key, source_version_id=version_id)
    output.show_json(stored) if caller.json else click.echo(f"restored {place} from version {version_id}")


def _previous(caller: Caller, place: Remote) -> str:
    """The newest version that is not current. Raises NotFound."""
    from portico.errors import NotFound

    is_there = False
    for item in caller.client.objects.versions(place.bucket, prefix=place.key):
        if item.name.partition("/objects/")[2] != place.key:
            break
        if not item.latest and not item.delete_marker:
            return item.version_id
        is_there = True
    if not is_there:
        raise NotFound(f"there is no object {place}, and no version of one", reason="OBJECT_NOT_FOUND")
    raise NotFound(f"{place} has no version before the current one", reason="VERSION_NOT_FOUND")
