"""`portico access`: who belongs to the account: invite, renew, accept, remove."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.access.group import access
from portico_cli.commands.access.shared import YES, account_of, ask, full_name, made, principal_name, removed, short
from portico_cli.kinds import KINDS, OfKind

_ALL_ONLY = 2
"""The scope type of roles that apply to everything of an account."""
_DAYS = click.IntRange(1, 30)
_DAY_SECONDS = 24 * 3600


@access.command()
@click.argument("id", metavar="ID")
@click.option("--principal", default="", metavar="NAME", help="Only this principal can accept: an id, or a full name.")
@click.option("--email", default="", help="To know them by; nothing is sent.")
@click.option("--days", type=_DAYS, default=7, show_default=True, help="How long the invitation is good.")
@click.option(
    "--role", "roles", multiple=True, type=OfKind("permission-groups"), help="Give them this role; may be repeated."
)
@click.option(
    "--on", multiple=True, type=OfKind("resource-groups"), metavar="GROUP", help="On what; everything if left out."
)
@YES
@calls_platform
def invite(
    caller: Caller,
    id: str,
    principal: str,
    email: str,
    days: int,
    roles: tuple[str, ...],
    on: tuple[str, ...],
    yes: bool,
) -> None:
    """Invite somebody, and print the code to hand over, which is shown once. With roles, what they will be able to do
    is shown before, and nothing goes out without a yes.

    \b
    Examples:
      portico access invite ada --principal ada
      portico access invite ada --role dns --role objects --on production
      portico access invite bob --role administrator --yes
    """
    if on and not roles:
        raise click.UsageError("--on says on what a --role is: give one")
    asked = {
        "member_id": id,
        "member": {"email": email, "principal": principal_name(caller, principal)},
        "ttl": {"seconds": days * _DAY_SECONDS},
    }
    groups = _read(caller, "resource-groups", on or ("everything",)) if roles else []
    given = _read(caller, "permission-groups", roles)
    _check_scope(caller, given, groups)
    if roles:
        caller.client.access.call("InviteMember", validate_only=True, **asked)
        _show_scope(caller, given, groups)
        ask(f"Invite {id} with that?", yes=yes)
    answer = caller.client.access.call("InviteMember", **asked)
    try:
        for role in given:
            _grant(caller, answer.member.name, role, groups)
    except BaseException:
        with suppress(Exception):  # with less than was agreed to nobody is invited
            caller.client.access.call("DeleteMember", name=answer.member.name)
        raise
    made(caller, answer, f"invited {answer.member.name}; to accept:")
    if not caller.json:
        _show_code(answer.invitation_code)


@access.command()
@click.argument("id", metavar="ID", type=OfKind("members"))
@click.option("--days", type=_DAYS, default=7, show_default=True, help="How long the invitation is good.")
@calls_platform
def renew(caller: Caller, id: str, days: int) -> None:
    """Print a new code for somebody who has yet to accept; the old one is good no more.

    \b
    Examples:
      portico access renew ada
    """
    name = full_name(caller, KINDS["members"], id)
    answer = caller.client.access.call("RenewInvitation", name=name, ttl={"seconds": days * _DAY_SECONDS})
    made(caller, answer, f"invited {answer.member.name} again; to accept:")
    if not caller.json:
        _show_code(answer.invitation_code)


def _show_code(code: str) -> None:
    """On a line of its own, for a pipe: others of the machine can read the arguments of commands."""
    click.echo("portico access accept    # asks for the code:")
    click.echo(code)


@access.command()
@click.argument("code", default="")
@calls_platform
def accept(caller: Caller, code: str) -> None:
    """Accept an invitation to the account: become its member. Asks for the code; with -, reads it from standard input.

    \b
    Examples:
      portico access accept
      portico access accept - < invitation
    """
    if code == "-":
        code = sys.stdin.readline().strip()
    elif not code:
        code = click.prompt("invitation code", hide_input=True, err=True).strip()
    answer = caller.client.access.call("AcceptInvitation", invitation_code=code)
    made(caller, answer, f"you are {answer.member.name}")


@access.command()
@click.argument("id", metavar="ID", type=OfKind("members"))
@YES
@calls_platform
def remove(caller: Caller, id: str, yes: bool) -> None:
    """Remove a member, with what is theirs (tokens, keys) and from every group and policy.

    \b
    Examples:
      portico access remove ada
    """
    name = full_name(caller, KINDS["members"], id)
    member = caller.client.access.call("GetMember", name=name).member
    who = short(caller, member.principal) if member.principal else "has yet to accept"
    ask(f"Remove {name} ({output.escaped(who)})?", yes=yes)
    removed(caller, caller.client.access.call("DeleteMember", name=name, etag=member.etag), f"removed {name}")


def _read(caller: Caller, kind_name: str, ids: Sequence[str]) -> list[Any]:
    kind = KINDS[kind_name]
    answers = [caller.client.access.call(f"Get{kind.one}", name=full_name(caller, kind, each)) for each in ids]
    return [getattr(answer, kind.field) for answer in answers]


def _check_scope(caller: Caller, roles: Sequence[Any], groups: Sequence[Any]) -> None:
    """Before anything goes out: some roles apply to all domains only. Raises click.UsageError."""
    less = [
        group.name
        for group in groups
        if not group.everything or (group.scope or account_of(caller)) != account_of(caller)
    ]
    for role in roles:
        if less and role.scope_type == _ALL_ONLY:
            raise click.UsageError(
                f"the role {short(caller, role.name)} applies to all domains, everything of the account, and "
                f"{short(caller, less[0])} is less: leave out --on, or give another role"
            )


def _show_scope(caller: Caller, roles: Sequence[Any], groups: Sequence[Any]) -> None:
    rows = [[_id(role.name), _id(group.name), _covers(caller, group)] for role in roles for group in groups]
    output.table(["role", "on", "that is"], rows, err=True)


def _covers(caller: Caller, group: Any) -> str:
    """What a resource group means, in words."""
    if group.everything:
        scope = group.scope or account_of(caller)
        what = "all domains, all of the account" if scope == account_of(caller) else f"all of {short(caller, scope)}"
    else:
        what = ", ".join(short(caller, name) for name in (*group.objects, *group.domain_groups))
    without = [short(caller, name) for name in (*group.excluded, *group.excluded_domain_groups)]
    return f"{what}, without {', '.join(without)}" if without else what


def _grant(caller: Caller, member: str, role: Any, groups: Sequence[Any]) -> None:
    policy = {
        "access": "ACCESS_ALLOW",
        "permission_groups": [role.name],
        "resource_groups": [group.name for group in groups],
        "principals": [member],
    }
    caller.client.access.call("CreatePolicy", policy_id=f"{_id(member)}-{_id(role.name)}", policy=policy)


def _id(name: str) -> str:
    return name.rpartition("/")[2]
