"""`portico objects`: what is in an object, and what is known of it."""

from __future__ import annotations

import re
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.place_arguments import ANYWHERE, OBJECT
from portico_cli.remote import Remote
from portico_cli.transfers.places import standard_output

_WHICH = "Which version; the current one if left out."
_RANGE = re.compile(r"(?:bytes=)?([0-9]*)-([0-9]*)")


@objects.command()
@click.argument("places", type=OBJECT, nargs=-1, required=True, metavar="PLACE...")
@click.option("--version", "--version-id", "version_id", default="", metavar="ID", help=_WHICH)
@click.option(
    "--range", "given", metavar="FIRST-LAST", help="Only these bytes, from 0: `0-99`, `100-`, `-100` (the last 100)."
)
@click.option("--offset", type=int, metavar="N", help="Begin at byte N; negative: so many before the end.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many bytes.")
@calls_platform
def cat(
    caller: Caller,
    places: tuple[Remote, ...],
    version_id: str,
    given: str | None,
    offset: int | None,
    limit: int | None,
) -> None:
    """Write objects' bytes to standard output, one behind the other.

    \b
    Examples:
      portico objects cat portico://logs/today.txt | grep error
      portico objects cat portico://logs/today.txt --offset -1000
      portico objects cat portico://photos/cat.jpg --range 0-15 | xxd
    """
    if given is not None and (offset is not None or limit is not None):
        raise click.UsageError("give --range, or --offset and --limit")
    start, most = _span(given) if given is not None else (offset or 0, limit or 0)
    out = standard_output()
    for place in places:
        with caller.client.objects.get(
            place.bucket, place.key, version_id=version_id, offset_bytes=start, limit_bytes=most
        ) as reader:
            for chunk in reader.chunks():
                out.write(chunk)
    out.flush()


def _span(given: str) -> tuple[int, int]:
    """Offset and most bytes of a range as HTTP has it. Raises click.BadParameter."""
    found = _RANGE.fullmatch(given)
    first, last = found.groups() if found else ("", "")
    if not first and not last:
        raise click.BadParameter(f"{output.quoted(given)} is no range: `0-99`, `100-`, `-100`", param_hint="--range")
    if not first:
        return -int(last), 0
    if last and int(last) < int(first):
        raise click.BadParameter(f"{output.quoted(given)} ends before it begins", param_hint="--range")
    return int(first), int(last) - int(first) + 1 if last else 0


@objects.command()
@click.argument("place", type=ANYWHERE)
@click.option("--version", "--version-id", "version_id", default="", metavar="ID", help=_WHICH)
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
    fields |= {field.name: value.hex() for field, value in item.checksums.ListFields() if field.name != "type"}
    return fields | _marks(item)


def _marks(item: Any) -> dict[str, str]:
    """What S3 keeps of an object besides."""
    from portico.objects.v1.objects_pb2 import ChecksumType, RetentionMode

    composite = item.checksums.type == ChecksumType.CHECKSUM_TYPE_COMPOSITE
    retained = RetentionMode.Name(item.retention.mode).removeprefix("RETENTION_MODE_").lower()
    return {
        "digests of": "the parts' digests" if composite else "",
        "parts": str(item.parts_count or ""),
        **{f"tag {key}": value for key, value in sorted(item.tags.items())},
        "retention": f"{retained} until {output.moment(item.retention.retain_until_time)}"
        if item.retention.mode
        else "",
        "legal hold": "on" if item.legal_hold else "",
        "expires": output.moment(item.expire_time),
        "expires by": item.expire_rule_id,
    }
