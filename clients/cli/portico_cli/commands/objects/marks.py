"""`portico objects tag`, `lock` and `hold`: what may change of a stored object, and who may delete it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.place_arguments import OBJECT
from portico_cli.remote import Remote
from portico_cli.rules import pairs

if TYPE_CHECKING:
    from portico.objects.v1.objects_pb2 import Object, Retention

_LOCK = re.compile(r"(governance|compliance):(?:([1-9][0-9]{0,4})d|([0-9]{4}-[0-9]{2}-[0-9]{2}[^ ]*))")
_version = click.option("--version", "--version-id", "version_id", default="", metavar="ID", help="This version.")


@objects.command()
@click.argument("place", type=OBJECT)
@click.argument("tags", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--clear", is_flag=True, help="Take all tags away.")
@_version
@calls_platform
def tag(caller: Caller, place: Remote, tags: tuple[str, ...], clear: bool, version_id: str) -> None:
    """Show an object's tags, or replace all of them.

    \b
    Examples:
      portico objects tag portico://photos/cat.jpg
      portico objects tag portico://photos/cat.jpg animal=cat year=2026
      portico objects tag portico://photos/cat.jpg --clear
    """
    if tags and clear:
        raise click.UsageError("tags and --clear contradict each other; give one of them")
    if tags or clear:
        told = caller.client.objects.set_tags(place.bucket, place.key, pairs(tags), version_id=version_id)
    else:
        told = caller.client.objects.head(place.bucket, place.key, version_id=version_id)
    if caller.json:
        output.show_json(told)
        return
    for key, value in sorted(told.tags.items()):
        click.echo(f"{output.quoted(key)}={output.quoted(value)}")


@objects.command()
@click.argument("place", type=OBJECT)
@click.argument("lock", required=False, metavar="[MODE:UNTIL]")
@click.option("--bypass-governance", is_flag=True, help="Shorten a lock in governance mode, or take it away.")
@_version
@calls_platform
def lock(caller: Caller, place: Remote, lock: str | None, bypass_governance: bool, version_id: str) -> None:
    """Show until when a version may not be deleted, or say so. The bucket must have object lock.

    MODE is `governance`, which some may bypass, or `compliance`, which nobody may; UNTIL is a number of days from now,
    as 30d, or a date or time, as 2030-01-31 or 2030-01-31T12:00:00Z. `none` takes the lock away.

    \b
    Examples:
      portico objects lock portico://backup/home.tar compliance:30d
      portico objects lock portico://backup/home.tar governance:2030-01-31
      portico objects lock portico://backup/home.tar none --bypass-governance
    """
    if lock is None:
        told = caller.client.objects.head(place.bucket, place.key, version_id=version_id)
    else:
        told = caller.client.objects.set_retention(
            place.bucket,
            place.key,
            None if lock == "none" else retention_of(lock, datetime.now(UTC)),
            version_id=version_id,
            bypass_governance=bypass_governance,
        )
    output.show_json(told) if caller.json else click.echo(_locks(place, told))


@objects.command()
@click.argument("place", type=OBJECT)
@click.argument("state", type=click.Choice(["on", "off"]))
@_version
@calls_platform
def hold(caller: Caller, place: Remote, state: str, version_id: str) -> None:
    """Keep a version from deletion until that is taken back (legal hold). The bucket must have object lock.

    \b
    Examples:
      portico objects hold portico://backup/home.tar on
      portico objects hold portico://backup/home.tar off
    """
    told = caller.client.objects.set_legal_hold(place.bucket, place.key, state == "on", version_id=version_id)
    output.show_json(told) if caller.json else click.echo(_locks(place, told))


def retention_of(text: str, now: datetime) -> Retention:
    """Reads `MODE:UNTIL`. Raises click.BadParameter."""
    from portico.objects.v1.objects_pb2 import Retention

    match = _LOCK.fullmatch(text)
    if match is None:
        raise click.BadParameter("must be as governance:30d, compliance:2030-01-31, or none")
    mode, days, moment = match.groups()
    made = Retention(mode=f"RETENTION_MODE_{mode.upper()}")
    made.retain_until_time.FromDatetime(now + timedelta(days=int(days)) if days else _moment(moment))
    return made


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{output.quoted(text)} is no date or time, as 2030-01-31T12:00:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _locks(place: Remote, told: Object) -> str:
    from portico.objects.v1.objects_pb2 import RetentionMode

    locks: list[Any] = []
    if told.retention.mode:
        mode = RetentionMode.Name(told.retention.mode).removeprefix("RETENTION_MODE_").lower()
        locks.append(f"locked until {output.moment(told.retention.retain_until_time)} ({mode})")
    if told.legal_hold:
        locks.append("under legal hold")
    return f"{place} (version {told.version_id}) is {' and '.join(locks) or 'not locked'}"
