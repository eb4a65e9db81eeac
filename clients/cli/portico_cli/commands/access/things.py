"""`portico access`: what is the same for all kinds of things: list, show, create, update, delete."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.access.group import access
from portico_cli.commands.access.shared import call_with, check_given, full_name, made, parsed, removed, snake
from portico_cli.kinds import ID_OF_KIND, KIND, KINDS, Kind, OfKind


@access.command("list")
@click.argument("kind", type=KIND)
@calls_platform
def list_all(caller: Caller, kind: Kind) -> None:
    """List all of a kind that you may see.

    \b
    Examples:
      portico access list members
      portico access list policies --output json
    """
    columns: list[output.Column] = [
        (kind.field.replace("_", " "), lambda item: item.name.rpartition("/")[2]),
        ("", _in_short),
        *_times(kind),
        ("what", lambda item: item.display_name),
    ]
    found = caller.client.access.list(f"List{kind.many}")
    output.show_items(found, columns, as_json=caller.json, nothing="none that you may see")


@access.command()
@click.argument("kind", type=KIND)
@click.argument("id", metavar="ID", type=ID_OF_KIND)
@calls_platform
def show(caller: Caller, kind: Kind, id: str) -> None:
    """Show one thing, as JSON.

    \b
    Examples:
      portico access show policies ada
    """
    answer = caller.client.access.call(f"Get{kind.one}", name=full_name(caller, kind, id))
    output.show_json(getattr(answer, kind.field))


@access.command()
@click.argument("kind", type=KIND)
@click.argument("id", metavar="ID")
@click.argument("fields", default="{}", metavar="[JSON|-]")
@calls_platform
def create(caller: Caller, kind: Kind, id: str, fields: str) -> None:
    """Create one thing of the fields given as JSON, or on standard input (`-`). A secret is shown once.

    \b
    Examples:
      portico access create domain-groups production '{"zones": ["accounts/default/zones/example.com"]}'
      portico access create groups few '{"members": ["accounts/default/members/ada"]}'
      portico access create accounts acme
    """
    if kind is KINDS["members"]:
        raise click.UsageError("members are invited: portico access invite ID")
    wanted = parsed(fields)
    if kind is KINDS["keys"]:
        given = {"display_name": id, **wanted}
    else:
        check_given(kind, wanted)
        given = {f"{kind.field}_id": id, kind.field: wanted}
    answer = call_with(caller, f"Create{kind.one}", **given)
    made(caller, answer, f"created {getattr(answer, kind.field).name}")


@access.command()
@click.argument("kind", type=KIND)
@click.argument("id", metavar="ID", type=ID_OF_KIND)
@click.argument("fields", metavar="JSON|-")
@calls_platform
def update(caller: Caller, kind: Kind, id: str, fields: str) -> None:
    """Change those fields that the JSON names; the others stay.

    \b
    Examples:
      portico access update policies ada '{"resourceGroups": ["accounts/default/resourceGroups/photos"]}'
      portico access update service-accounts nightly '{"disabled": true}'
    """
    if kind is KINDS["keys"]:
        raise click.UsageError("access keys are not changed: make another one, and delete this one")
    wanted = parsed(fields)
    check_given(kind, wanted)
    mask = [snake(key) for key in wanted if key != "etag"]
    changed = {kind.field: {**wanted, "name": full_name(caller, kind, id)}, "update_mask": {"paths": mask}}
    answer = call_with(caller, f"Update{kind.one}", **changed)
    made(caller, answer, f"changed {getattr(answer, kind.field).name}")


@access.command()
@click.argument("kind", type=KIND)
@click.argument("id", metavar="ID", type=ID_OF_KIND)
@calls_platform
def delete(caller: Caller, kind: Kind, id: str) -> None:
    """Delete one thing. A token, key or member that is deleted may do nothing more from then on.

    \b
    Examples:
      portico access delete members ada
      portico access delete tokens ci
    """
    name = full_name(caller, kind, id)
    removed(caller, caller.client.access.call(f"Delete{kind.one}", name=name), f"deleted {name}")


@access.command("add-zone")
@click.argument("group", type=OfKind("domain-groups"))
@click.argument("zones", metavar="ZONE…", nargs=-1, required=True)
@calls_platform
def add_zone(caller: Caller, group: str, zones: tuple[str, ...]) -> None:
    """Add zones to a domain group: whoever has access by the group has it to them from then on.

    \b
    Examples:
      portico access add-zone production example.com shop.example
    """
    _change_zones(caller, "AddDomainGroupZones", group, zones)


@access.command("remove-zone")
@click.argument("group", type=OfKind("domain-groups"))
@click.argument("zones", metavar="ZONE…", nargs=-1, required=True)
@calls_platform
def remove_zone(caller: Caller, group: str, zones: tuple[str, ...]) -> None:
    """Take zones out of a domain group, and with them everybody's access by it.

    \b
    Examples:
      portico access remove-zone production shop.example
    """
    _change_zones(caller, "RemoveDomainGroupZones", group, zones)


def _change_zones(caller: Caller, method: str, group: str, zones: tuple[str, ...]) -> None:
    name = full_name(caller, KINDS["domain-groups"], group)
    account = name.rpartition("/domainGroups/")[0]
    named = [zone if "/" in zone else f"{account}/zones/{zone}" for zone in zones]
    answer = caller.client.access.call(method, name=name, zones=named)
    kept = ", ".join(zone.rpartition("/")[2] for zone in answer.domain_group.zones)
    made(caller, answer, f"{name} has {kept or 'no zones'}")


def _times(kind: Kind) -> list[output.Column]:
    """Of what calls by itself: since when it is there, until when, and whether somebody uses it."""
    if kind not in (KINDS["tokens"], KINDS["keys"]):
        return []
    told = [("created", "create_time"), ("last used", "last_use_time")]
    if kind is KINDS["tokens"]:
        told.insert(1, ("expires", "expire_time"))
    return [(title, partial(_time, field=field)) for title, field in told]


def _time(item: Any, field: str) -> str:
    return output.moment(getattr(item, field)) if item.HasField(field) else "never"


def _in_short(item: object) -> str:
    for field, text in (("built_in", "built in"), ("disabled", "disabled")):
        if getattr(item, field, False):
            return text
    if getattr(item, "access", 0) == 2:
        return "deny"
    return "invited" if getattr(item, "inviter", "") and getattr(item, "state", 0) == 1 else ""
