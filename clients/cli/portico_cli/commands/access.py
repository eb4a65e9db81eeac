"""`portico access`: accounts, members, policies and what they are made of; who may do what, and why.

The kinds of things have the same commands: list, show, create, update, delete. What has more to it has one of its own.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.kinds import KIND, KINDS, Kind


@click.group()
def access() -> None:
    """Accounts, members and policies. KIND is accounts, permission-groups, resource-groups, domain-groups, policies,
    groups, members, service-accounts, tokens or keys.

    \b
    Examples:
      portico access invite ada
      portico access grant ada objects --on everything
      portico access list policies
      portico access explain objects.object.read accounts/default/buckets/photos --principal ada
    """


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
        ("what", lambda item: item.display_name),
    ]
    found = caller.client.access.list(f"List{kind.many}")
    output.show_items(found, columns, as_json=caller.json, nothing="none that you may see")


@access.command()
@click.argument("prefix", default="")
@calls_platform
def permissions(caller: Caller, prefix: str) -> None:
    """List the permissions that there are, or those that begin with PREFIX.

    \b
    Examples:
      portico access permissions objects.
    """
    columns: list[output.Column] = [
        ("permission", lambda item: item.permission),
        ("", lambda item: "reads" if item.read_only else ""),
        ("methods", lambda item: ", ".join(name.rpartition(".")[2] for name in item.methods)),
    ]
    found = caller.client.access.list("ListPermissions", prefix=prefix)
    output.show_items(found, columns, as_json=caller.json, nothing="none")


@access.command()
@click.argument("kind", type=KIND)
@click.argument("id", metavar="ID")
@calls_platform
def show(caller: Caller, kind: Kind, id: str) -> None:
    """Show one thing, as JSON.

    \b
    Examples:
      portico access show policies ada
    """
    answer = caller.client.access.call(f"Get{kind.one}", name=_name(caller, kind, id))
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
    given = {} if kind is KINDS["keys"] else {f"{kind.field}_id": id, kind.field: _parsed(fields)}
    answer = caller.client.access.call(f"Create{kind.one}", **(given or {"display_name": id}))
    _made(caller, answer, f"created {getattr(answer, kind.field).name}")


@access.command()
@click.argument("kind", type=KIND)
@click.argument("id", metavar="ID")
@click.argument("fields", metavar="JSON|-")
@calls_platform
def update(caller: Caller, kind: Kind, id: str, fields: str) -> None:
    """Change those fields that the JSON names; the others stay.

    \b
    Examples:
      portico access update policies ada '{"resourceGroups": ["accounts/default/resourceGroups/photos"]}'
    """
    wanted = _parsed(fields)
    mask = [_snake(key) for key in wanted if key != "etag"]
    changed = {kind.field: {**wanted, "name": _name(caller, kind, id)}, "update_mask": {"paths": mask}}
    answer = caller.client.access.call(f"Update{kind.one}", **changed)
    _made(caller, answer, f"changed {getattr(answer, kind.field).name}")


@access.command()
@click.argument("kind", type=KIND)
@click.argument("id", metavar="ID")
@calls_platform
def delete(caller: Caller, kind: Kind, id: str) -> None:
    """Delete one thing. A token, key or member that is deleted may do nothing more from then on.

    \b
    Examples:
      portico access delete members ada
      portico access delete tokens ci
    """
    name = _name(caller, kind, id)
    _made(caller, caller.client.access.call(f"Delete{kind.one}", name=name), f"deleted {name}")


@access.command()
@click.argument("id", metavar="ID")
@click.option("--principal", default="", metavar="NAME", help="Only this principal can accept: an id, or a full name.")
@click.option("--email", default="", help="To know them by; nothing is sent.")
@calls_platform
def invite(caller: Caller, id: str, principal: str, email: str) -> None:
    """Invite somebody, and print the code to hand over, which is shown once.

    \b
    Examples:
      portico access invite ada --principal ada
    """
    member = {"email": email, "principal": _principal(caller, principal)}
    answer = caller.client.access.call("InviteMember", member_id=id, member=member)
    _made(caller, answer, f"invited {answer.member.name}; to accept:\nportico access accept {answer.invitation_code}")


@access.command()
@click.argument("code")
@calls_platform
def accept(caller: Caller, code: str) -> None:
    """Accept an invitation to the account: become its member.

    \b
    Examples:
      portico access accept portico_invitation_ada.…
    """
    answer = caller.client.access.call("AcceptInvitation", invitation_code=code)
    _made(caller, answer, f"you are {answer.member.name}")


@access.command()
@click.argument("member")
@click.argument("role")
@click.option("--on", "on", multiple=True, required=True, metavar="GROUP", help="A resource group, or everything.")
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
    account = _account(caller)
    policy = {
        "access": "ACCESS_DENY" if deny else "ACCESS_ALLOW",
        "permission_groups": [KINDS["permission-groups"].name(account, role)],
        "resource_groups": [KINDS["resource-groups"].name(account, name) for name in on],
        "principals": [KINDS["members"].name(account, member)],
    }
    made_id = policy_id or f"{member.rpartition('/')[2]}-{role.rpartition('/')[2]}"
    answer = caller.client.access.call("CreatePolicy", policy_id=made_id, policy=policy)
    _made(caller, answer, f"created {answer.policy.name}")


@access.command()
@click.argument("service_account")
@calls_platform
def secret(caller: Caller, service_account: str) -> None:
    """Make a secret of a service account, which is shown once.

    \b
    Examples:
      portico access secret nightly
    """
    parent = _name(caller, KINDS["service-accounts"], service_account)
    _made(caller, caller.client.access.call("CreateClientSecret", parent=parent), f"made for {parent}")


@access.command()
@click.argument("permission")
@click.argument("resource")
@click.option("--principal", default="", metavar="NAME", help="Who; yourself if left out.")
@calls_platform
def check(caller: Caller, permission: str, resource: str, principal: str) -> int:
    """Say whether a permission is held on a resource; exit code 4 if not.

    \b
    Examples:
      portico access check objects.object.read accounts/default/buckets/photos --principal ada
    """
    asked = {"permission": permission, "resource": resource, "principal": _principal(caller, principal)}
    answer = caller.client.access.call("CheckAccess", **asked)
    output.show_json(answer) if caller.json else click.echo("allowed" if answer.allowed else "denied")
    return 0 if answer.allowed else 4


@access.command()
@click.argument("permission")
@click.argument("resource")
@click.option("--principal", default="", metavar="NAME", help="Who; yourself if left out.")
@calls_platform
def explain(caller: Caller, permission: str, resource: str, principal: str) -> None:
    """Say why a permission is held on a resource, or is not, as a tree.

    \b
    Examples:
      portico access explain objects.object.read accounts/default/buckets/logs --principal ada
    """
    asked = {"permission": permission, "resource": resource, "principal": _principal(caller, principal)}
    answer = caller.client.access.call("Explain", **asked)
    if caller.json:
        output.show_json(answer)
        return
    click.echo(output.escaped(answer.summary))
    for finding in answer.findings:
        last = finding is answer.findings[-1]
        click.echo(output.escaped(f"{'└' if last else '├'}─ {_finding(finding)}"))
        for line in _details(finding):
            click.echo(output.escaped(f"{' ' if last else '│'}  └─ {line}"))


@access.command()
@click.argument("resource", default="")
@calls_platform
def mine(caller: Caller, resource: str) -> None:
    """List the permissions that you hold on the account, or on a resource and what is below it.

    \b
    Examples:
      portico access mine
      portico access mine accounts/default/buckets/photos
    """
    found = list(caller.client.access.list("ListMyPermissions", resource=resource))
    output.show_json(found) if caller.json else click.echo("\n".join(found) or "none")


def _account(caller: Caller) -> str:
    return f"accounts/{caller.client.profile.account}"


def _name(caller: Caller, kind: Kind, given: str) -> str:
    return kind.name(_account(caller), given)


def _principal(caller: Caller, given: str) -> str:
    return f"{_account(caller)}/principals/{given}" if given and "/" not in given else given


def _parsed(fields: str) -> dict[str, Any]:
    """Fields as a message takes them. Raises click.BadParameter."""
    try:
        found = json.loads(sys.stdin.read() if fields == "-" else fields)
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.BadParameter("must be a JSON object of the thing's fields")
    return {_snake(key): _snaked(value) for key, value in found.items()}


def _snaked(value: Any) -> Any:
    if isinstance(value, dict):
        return {_snake(key): _snaked(item) for key, item in value.items()}
    return [_snaked(item) for item in value] if isinstance(value, list) else value


def _snake(name: str) -> str:
    """As contracts have it: `resource_groups` of REST's `resourceGroups`."""
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)


def _made(caller: Caller, answer: Any, told: str) -> None:
    """What was done; and a secret, if there is one, which is never shown again."""
    if caller.json:
        output.show_json(answer)
        return
    click.echo(told)
    for field in ("secret", "secret_access_key"):
        if value := getattr(answer, field, ""):
            click.echo(f"{value}\nkeep it: it is not shown again")


def _in_short(item: Any) -> str:
    for field, text in (("built_in", "built in"), ("disabled", "disabled")):
        if getattr(item, field, False):
            return text
    if getattr(item, "access", 0) == 2:
        return "deny"
    return "invited" if getattr(item, "inviter", "") and item.state == 1 else ""


def _finding(finding: Any) -> str:
    verb = "denies" if finding.access == 2 else "allows"
    return f"{finding.policy} {verb}" if finding.matched else f"{finding.policy} does not count: {finding.failed}"


def _details(finding: Any) -> list[str]:
    found = [
        f"{title} {value}"
        for title, value in (
            ("permission group", finding.permission_group),
            ("resource group", finding.resource_group),
            ("as", ", ".join(finding.through)),
            ("", finding.reason),
        )
        if value
    ]
    return [line.strip() for line in found]
