"""`portico access`: who may do what, and why."""

from __future__ import annotations

from typing import Any, TextIO

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.access.group import access
from portico_cli.commands.access.shared import DENIED, principal_name

_MOST_QUESTIONS = 1_000
_WHO = click.option("--principal", default="", metavar="NAME", help="Who; yourself if left out.")


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
@click.argument("permission", default="")
@click.argument("resources", metavar="[RESOURCE…]", nargs=-1)
@_WHO
@click.option(
    "--from",
    "questions",
    type=click.File(),
    metavar="FILE",
    help="Ask what stands there instead, a question a line: PERMISSION RESOURCE [WHO].",
)
@calls_platform
def check(caller: Caller, permission: str, resources: tuple[str, ...], principal: str, questions: TextIO | None) -> int:
    """Say whether a permission is held on resources; exit code 4 if not on all of them.

    \b
    Examples:
      portico access check objects.object.read accounts/default/buckets/photos --principal ada
      portico access check dns.record.create accounts/default/zones/a.example accounts/default/zones/b.example
      portico access check --from questions
    """
    if bool(permission and resources) == (questions is not None) or bool(permission) != bool(resources):
        raise click.UsageError("give a PERMISSION and a RESOURCE, or --from FILE")
    who = principal_name(caller, principal)
    if len(resources) == 1:
        asked = {"permission": permission, "resource": resources[0], "principal": who}
        answer = caller.client.access.call("CheckAccess", **asked)
        output.show_json(answer) if caller.json else click.echo("allowed" if answer.allowed else "denied")
        return 0 if answer.allowed else DENIED
    given = [(permission, name, who) for name in resources] if questions is None else _read(caller, questions, who)
    answer = caller.client.access.call(
        "BatchCheckAccess",
        questions=[{"permission": asked, "resource": name, "principal": by} for asked, name, by in given],
    )
    if caller.json:
        output.show_json(answer)
    else:
        rows = [
            ["allowed" if allowed else "denied", asked, name, by.rpartition("/")[2]]
            for (asked, name, by), allowed in zip(given, answer.allowed, strict=True)
        ]
        output.table(["", "permission", "resource", "who"], rows)
    return 0 if all(answer.allowed) else DENIED


def _read(caller: Caller, questions: TextIO, who: str) -> list[tuple[str, str, str]]:
    """The questions in a file. Raises click.BadParameter, which names the line."""
    found: list[tuple[str, str, str]] = []
    for number, line in enumerate(questions, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) not in (2, 3):
            raise click.BadParameter(f"{questions.name}:{number}: must be PERMISSION RESOURCE [WHO]")
        found.append((words[0], words[1], principal_name(caller, words[2]) if len(words) == 3 else who))
        if len(found) > _MOST_QUESTIONS:
            raise click.BadParameter(f"{questions.name}:{number}: at most {_MOST_QUESTIONS:,} questions at once")
    if not found:
        raise click.BadParameter(f"{questions.name}: no questions")
    return found


@access.command()
@click.argument("permission")
@click.argument("resource")
@_WHO
@calls_platform
def explain(caller: Caller, permission: str, resource: str, principal: str) -> None:
    """Say why a permission is held on a resource, or is not, as a tree.

    \b
    Examples:
      portico access explain objects.object.read accounts/default/buckets/logs --principal ada
    """
    asked = {"permission": permission, "resource": resource, "principal": principal_name(caller, principal)}
    answer = caller.client.access.call("Explain", **asked)
    if caller.json:
        output.show_json(answer)
        return
    click.echo(output.escaped(answer.summary))
    for finding in answer.findings:
        last = finding is answer.findings[-1]
        click.echo(output.escaped(f"{'└' if last else '├'}─ {_finding(finding)}"))
        details = _details(finding)
        for line in details:
            corner = "└" if line is details[-1] else "├"
            click.echo(output.escaped(f"{' ' if last else '│'}  {corner}─ {line}"))


@access.command()
@click.argument("resource", default="")
@click.option("--areas", is_flag=True, help="Only the products in which you hold any.")
@calls_platform
def mine(caller: Caller, resource: str, areas: bool) -> None:
    """List the permissions that you hold on the account, or on a resource and what is below it.

    \b
    Examples:
      portico access mine
      portico access mine --areas
      portico access mine accounts/default/buckets/photos
    """
    if areas:
        page = caller.client.access.call("ListMyPermissions", resource=resource, page_size=1)
        found = list(page.areas)
    else:
        found = list(caller.client.access.list("ListMyPermissions", resource=resource))
    output.show_json(found) if caller.json else click.echo("\n".join(found) or "none")


@access.command()
@calls_platform
def revision(caller: Caller) -> None:
    """Show the policy revision that the platform has, and the newest that this profile's commands have seen. Each
    command names the latter, so that none is decided by older policies, whichever node takes it.

    \b
    Examples:
      portico access revision
    """
    seen = caller.client.policy_revision
    asked = {"permission": "access.account.read", "resource": f"accounts/{caller.client.profile.account}"}
    now = caller.client.access.call("CheckAccess", **asked).policy_revision
    shown = {"now": str(now), "seen": str(seen)}
    output.show_json(shown) if caller.json else output.show_fields(shown)


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
