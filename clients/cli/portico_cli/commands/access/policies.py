"""`portico access`: who is given what: grant, change the scope, and look before what a policy would change."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.access.group import access
from portico_cli.commands.access.shared import (
    YES,
    account_of,
    ask,
    full_name,
    made,
    parsed,
    short,
    show_effects,
)
from portico_cli.kinds import KINDS, OfKind

_ON = click.option(
    "--on",
    multiple=True,
    required=True,
    metavar="GROUP",
    type=OfKind("resource-groups"),
    help="A resource group, or everything; may be repeated.",
)


@access.command()
@click.argument("member", type=OfKind("members"))
@click.argument("role", type=OfKind("permission-groups"))
@_ON
@click.option("--deny", is_flag=True, help="Take away instead.")
@click.option("--id", "policy_id", default="", help="The policy's id; MEMBER-ROLE if left out.")
@calls_platform
def grant(caller: Caller, member: str, role: str, on: tuple[str, ...], deny: bool, policy_id: str) -> None:
    """Give a member a role: a policy of a permission group on resource groups. Others than members by their full name.

    \b
    Examples:
      portico access grant ada objects --on everything
      portico access grant accounts/default/groups/few dns --on production
    """
    account = account_of(caller)
    policy = {
        "access": "ACCESS_DENY" if deny else "ACCESS_ALLOW",
        "permission_groups": [KINDS["permission-groups"].name(account, role)],
        "resource_groups": [KINDS["resource-groups"].name(account, name) for name in on],
        "principals": [KINDS["members"].name(account, member)],
    }
    made_id = policy_id or f"{member.rpartition('/')[2]}-{role.rpartition('/')[2]}"
    answer = caller.client.access.call("CreatePolicy", policy_id=made_id, policy=policy)
    made(caller, answer, f"created {answer.policy.name}")


@access.command()
@click.argument("policy", type=OfKind("policies"))
@_ON
@YES
@calls_platform
def scope(caller: Caller, policy: str, on: tuple[str, ...], yes: bool) -> None:
    """Change on what a policy is: show whom that gives and takes what, ask, and do it.

    \b
    Examples:
      portico access scope ada-dns --on production
    """
    kept = caller.client.access.call("GetPolicy", name=full_name(caller, KINDS["policies"], policy)).policy
    groups = [full_name(caller, KINDS["resource-groups"], name) for name in on]
    wanted = type(kept)()
    wanted.CopyFrom(kept)
    wanted.resource_groups[:] = groups
    found = caller.client.access.call("SimulatePolicy", policy=wanted)
    click.echo(f"{_ids(kept.resource_groups)} -> {_ids(groups)}", err=True)
    show_effects(caller, found.changes, complete=not found.truncated, err=True)
    ask(f"Change {short(caller, kept.name)}?", yes=yes)
    changed = {"name": kept.name, "resource_groups": groups, "etag": kept.etag}
    answer = caller.client.access.call("UpdatePolicy", policy=changed, update_mask={"paths": ["resource_groups"]})
    made(caller, answer, f"changed {kept.name}")


@access.command()
@click.argument("policy", type=OfKind("policies"))
@click.argument("fields", default="{}", metavar="[JSON|-]")
@click.option("--remove", is_flag=True, help="As if there were no such policy.")
@click.option("--on", "resources", multiple=True, metavar="RESOURCE", help="Look only there; may be repeated.")
@calls_platform
def simulate(caller: Caller, policy: str, fields: str, remove: bool, resources: tuple[str, ...]) -> None:
    """Show who would gain and lose what, with API tokens too, if a policy had these fields (those that are not named as
    they are), or were not there. Nothing is changed.

    \b
    Examples:
      portico access simulate ada-dns --remove
      portico access simulate ada-dns '{"resourceGroups": ["accounts/default/resourceGroups/photos"]}'
      portico access simulate ada-dns --remove --on accounts/default/zones/example.com
    """
    name = full_name(caller, KINDS["policies"], policy)
    asked: dict[str, Any] = {"removed_policy": name} if remove else {"policy": _as_if(caller, name, parsed(fields))}
    found = caller.client.access.call("SimulatePolicy", resources=resources, **asked)
    if caller.json:
        output.show_json(found)
    else:
        show_effects(caller, found.changes, complete=not found.truncated)


def _as_if(caller: Caller, name: str, fields: dict[str, Any]) -> Any:
    """The policy as it is with other fields; a new one where there is none."""
    from portico import errors
    from portico.access.v1.policies_pb2 import Policy

    policy = Policy(name=name)
    with suppress(errors.NotFound):
        policy = caller.client.access.call("GetPolicy", name=name).policy
    for field in fields:
        if field not in Policy.DESCRIPTOR.fields_by_name:
            raise click.BadParameter(f"a policy has no field {field}")
        policy.ClearField(field)
    policy.MergeFrom(Policy(**fields))
    return policy


def _ids(names: Any) -> str:
    return output.escaped(", ".join(name.rpartition("/")[2] for name in names))
