"""`portico objects uploads`: multipart uploads that are underway: listed, given up."""

from __future__ import annotations

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.place_arguments import ANYWHERE
from portico_cli.remote import Remote


@objects.group()
def uploads() -> None:
    """Multipart uploads that are underway, or broke off: what they hold takes room until they end.

    \b
    Examples:
      portico objects uploads ls portico://films
      portico objects uploads abort portico://films/2026/ --all
    """


@uploads.command("ls")
@click.argument("place", type=ANYWHERE)
@calls_platform
def list_uploads(caller: Caller, place: Remote) -> None:
    """List the uploads of a bucket, or below a prefix.

    \b
    Examples:
      portico objects uploads ls portico://films
      portico objects uploads ls portico://films/2026/ --output json
    """
    columns: list[output.Column] = [
        ("begun", lambda item: output.moment(item.create_time)),
        ("upload", lambda item: item.upload_id),
        ("key", lambda item: item.name.partition("/objects/")[2]),
    ]
    found = caller.client.uploads.list(place.bucket, prefix=place.key)
    output.show_items(found, columns, as_json=caller.json, nothing=f"no uploads below {place}")


@uploads.command()
@click.argument("place", type=ANYWHERE)
@click.argument("upload_id", required=False, default="")
@click.option("--all", "everything", is_flag=True, help="All uploads of the bucket, or below the prefix.")
@calls_platform
def abort(caller: Caller, place: Remote, upload_id: str, everything: bool) -> None:
    """Give up one upload of an object, or all below a prefix, and free what they hold.

    \b
    Examples:
      portico objects uploads abort portico://films/cat.mp4 0640f3a1b2c3d4e5f60718293a4b5c6d
      portico objects uploads abort portico://films --all
    """
    if bool(upload_id) == everything:
        raise click.UsageError("name one upload, or take --all")
    if upload_id and not place.key:
        raise click.UsageError(f"{place} is a bucket: name the object of the upload")
    aborted = []
    for key, found_id in [(place.key, upload_id)] if upload_id else _found(caller, place):
        caller.client.uploads.abort(place.bucket, key, found_id)
        aborted.append({"key": key, "uploadId": found_id})
        if not caller.json:
            click.echo(f"aborted {found_id} of {Remote(place.bucket, key)}")
    if caller.json:
        output.show_json(aborted)
    elif not aborted:
        click.echo(f"no uploads below {place}", err=True)


def _found(caller: Caller, place: Remote) -> list[tuple[str, str]]:
    listed = caller.client.uploads.list(place.bucket, prefix=place.key)
    return [(item.name.partition("/objects/")[2], item.upload_id) for item in listed]
