"""`portico objects`: buckets and objects, in the manner of well-known storage command lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects_cp import cp
from portico_cli.remote import ANYWHERE, BUCKET, OBJECT, Remote
from portico_cli.rules import bucket_id
from portico_cli.transfers import standard_output


@click.group()
def objects() -> None:
    """Buckets and objects. Places are portico://BUCKET/KEY.

    \b
    Examples:
      portico objects mb portico://photos
      portico objects cp cat.jpg portico://photos/2026/
      portico objects ls portico://photos/2026/
      portico objects cat portico://photos/2026/cat.jpg > copy.jpg
    """


objects.add_command(cp)


@objects.command()
@click.argument("bucket", type=BUCKET)
@click.option("--versioning", is_flag=True, help="Keep what puts and deletes replace.")
@calls_platform
def mb(caller: Caller, bucket: Remote, versioning: bool) -> None:
    """Make a bucket.

    \b
    Examples:
      portico objects mb portico://photos
      portico objects mb photos --versioning
    """
    made = caller.client.buckets.create(bucket_id(bucket.bucket), versioning=versioning)
    output.show_json(made) if caller.json else click.echo(f"made {bucket}")


@objects.command()
@click.argument("bucket", type=BUCKET)
@click.option("--force", is_flag=True, help="Delete first all that it holds. Nothing brings that back.")
@calls_platform
def rb(caller: Caller, bucket: Remote, force: bool) -> None:
    """Remove a bucket. It must be empty, or --force empties it.

    \b
    Examples:
      portico objects rb portico://photos
      portico objects rb portico://photos --force
    """
    operation = caller.client.buckets.delete(bucket.bucket, force=force)
    output.show_json(operation) if caller.json else click.echo(f"removed {bucket}")


@objects.command()
@click.argument("place", type=ANYWHERE, required=False)
@click.option("-r", "--recursive", is_flag=True, help="All below, not only up to the next slash.")
@click.option("-h", "--human", is_flag=True, help="Sizes in KiB, MiB, …")
@calls_platform
def ls(caller: Caller, place: Remote | None, recursive: bool, human: bool) -> None:
    """List buckets, or the objects of a bucket below a prefix.

    \b
    Examples:
      portico objects ls
      portico objects ls portico://photos/2026/
      portico objects ls -r portico://photos --output json
    """
    if place is None:
        columns: list[output.Column] = [
            ("created", lambda item: output.moment(item.create_time)),
            ("bucket", lambda item: item.name.rpartition("/")[2]),
        ]
        none = "no buckets that you may see; `portico objects mb portico://NAME` makes one"
        output.show_items(caller.client.buckets.list(), columns, as_json=caller.json, nothing=none)
        return
    pages = caller.client.objects.list(place.bucket, prefix=place.key, delimiter="" if recursive else "/").pages()
    if caller.json:
        found: dict[str, list[Any]] = {"prefixes": [], "objects": []}
        for page in pages:
            found["prefixes"].extend(page.prefixes)
            found["objects"].extend(page.objects)
        output.show_json(found)
        return
    for page in pages:
        for prefix in page.prefixes:
            click.echo(f"{'PRE':>34}  {output.quoted(prefix.removeprefix(_shown_from(place)))}")
        for item in page.objects:
            _print_object(item, place, recursive=recursive, human=human)


@objects.command()
@click.argument("place", type=OBJECT)
@click.option("--version", "version_id", default="", metavar="ID", help="Which version; the current one if left out.")
@calls_platform
def cat(caller: Caller, place: Remote, version_id: str) -> None:
    """Write an object's bytes to standard output.

    \b
    Examples:
      portico objects cat portico://logs/today.txt | grep error
    """
    out = standard_output()
    with caller.client.objects.get(place.bucket, place.key, version_id=version_id) as reader:
        for chunk in reader.chunks():
            out.write(chunk)
    out.flush()


@objects.command()
@click.argument("place", type=ANYWHERE)
@click.option("-r", "--recursive", is_flag=True, help="All objects whose key begins with this.")
@click.option("--version", "version_id", default="", metavar="ID", help="Delete this version for good.")
@calls_platform
def rm(caller: Caller, place: Remote, recursive: bool, version_id: str) -> None:
    """Remove an object, or with -r all below a prefix. To remove what is not there succeeds.

    \b
    Examples:
      portico objects rm portico://photos/cat.jpg
      portico objects rm -r portico://photos/2026/
    """
    if recursive and version_id:
        raise click.UsageError("--version is for one object: leave out -r")
    if not recursive and not place.key:
        raise click.UsageError(f"{place} is a bucket: give a key, or -r for all that it holds, or `portico objects rb`")
    removed, anything = [], False
    for keys in _removed_below(caller, place) if recursive else [_removed_one(caller, place, version_id)]:
        anything = anything or bool(keys)
        removed += keys if caller.json else []
        for key in () if caller.json else keys:
            click.echo(f"removed {Remote(place.bucket, key)}")
    if caller.json:
        output.show_json({"removed": removed})
    elif not anything:
        click.echo(f"there was nothing to remove: {place}", err=True)


@objects.command()
@click.argument("place", type=ANYWHERE)
@click.option("--version", "version_id", default="", metavar="ID", help="Which version; the current one if left out.")
@calls_platform
def stat(caller: Caller, place: Remote, version_id: str) -> None:
    """Show what is known of an object or a bucket.

    \b
    Examples:
      portico objects stat portico://photos/cat.jpg
      portico objects stat portico://photos
    """
    if not place.key:
        bucket = caller.client.buckets.get(place.bucket)
        output.show_json(bucket) if caller.json else output.show_fields(_bucket_fields(bucket))
        return
    item = caller.client.objects.head(place.bucket, place.key, version_id=version_id)
    output.show_json(item) if caller.json else output.show_fields(_object_fields(item))


@objects.command()
@click.argument("place", type=ANYWHERE)
@calls_platform
def versions(caller: Caller, place: Remote) -> None:
    """List versions and delete markers below a prefix, the newest of a key first.

    \b
    Examples:
      portico objects versions portico://photos
      portico objects versions portico://photos/cat.jpg --output json
    """
    columns: list[output.Column] = [
        ("put", lambda item: output.moment(item.create_time)),
        (">bytes", lambda item: "deleted" if item.delete_marker else str(item.size_bytes)),
        ("version", lambda item: item.version_id),
        ("", lambda item: "latest" if item.latest else ""),
        ("key", lambda item: item.name.partition("/objects/")[2]),
    ]
    found = caller.client.objects.versions(place.bucket, prefix=place.key)
    output.show_items(found, columns, as_json=caller.json, nothing=f"nothing below {place}")


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


def _removed_one(caller: Caller, place: Remote, version_id: str) -> list[str]:
    """The key, if there was anything to remove."""
    gone = caller.client.objects.delete(place.bucket, place.key, version_id=version_id)
    return [place.key] if gone.version_id else []


def _removed_below(caller: Caller, place: Remote) -> Iterator[list[str]]:
    """Removes page after page; answers the keys of each that is gone."""
    for page in caller.client.objects.list(place.bucket, prefix=place.key).pages():
        keys = [item.name.partition("/objects/")[2] for item in page.objects]
        results = caller.client.objects.delete_many(place.bucket, keys)
        yield [key for key, gone in zip(keys, results, strict=True) if gone.version_id]


def _shown_from(place: Remote) -> str:
    """What is left out of the keys of a listing: the folder that was asked for."""
    return place.key[: place.key.rfind("/") + 1]


def _print_object(item: Any, place: Remote, *, recursive: bool, human: bool) -> None:
    key = item.name.partition("/objects/")[2]
    count = output.size(item.size_bytes) if human else str(item.size_bytes)
    shown = key if recursive else key.removeprefix(_shown_from(place))
    click.echo(f"{output.moment(item.create_time)} {count:>14}  {output.quoted(shown)}")


def _bucket_fields(bucket: Any) -> dict[str, str]:
    from portico.objects.v1.buckets_pb2 import Versioning

    return {
        "bucket": bucket.name.rpartition("/")[2],
        "name": bucket.name,
        "created": output.moment(bucket.create_time),
        "changed": output.moment(bucket.update_time),
        "versioning": Versioning.Name(bucket.versioning).removeprefix("VERSIONING_").lower(),
        "location": bucket.location_hint,
        "jurisdiction": bucket.jurisdiction,
    }


def _object_fields(item: Any) -> dict[str, str]:
    fields = {
        "key": item.name.partition("/objects/")[2],
        "name": item.name,
        "size": f"{item.size_bytes} bytes",
        "put": output.moment(item.create_time),
        "version": item.version_id,
        "etag": item.etag,
    }
    for field, value in item.metadata.ListFields():
        if field.name != "custom":
            fields[field.name.replace("_", "-")] = value
    fields |= {f"metadata {key}": value for key, value in sorted(item.metadata.custom.items())}
    return fields | {field.name: value.hex() for field, value in item.checksums.ListFields()}
