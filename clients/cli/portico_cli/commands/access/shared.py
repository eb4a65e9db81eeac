"""What the commands of `portico access` share: names as typed, fields as JSON, questions, and what was done."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller
from portico_cli.kinds import Kind

YES = click.option("--yes", is_flag=True, help="Do it without asking.")
DENIED = 4
"""The exit code where the answer is no."""


def account_of(caller: Caller) -> str:
    return f"accounts/{caller.client.profile.account}"


def full_name(caller: Caller, kind: Kind, given: str) -> str:
    return kind.name(account_of(caller), given)


def principal_name(caller: Caller, given: str) -> str:
    """Empty stays empty: the caller."""
    return f"{account_of(caller)}/principals/{given}" if given and "/" not in given else given


def short(caller: Caller, name: str) -> str:
    """A name as people read it: without their own account."""
    return name.removeprefix(account_of(caller) + "/")


def parsed(fields: str) -> dict[str, Any]:
    """Fields as a message takes them. Raises click.BadParameter."""
    try:
        found = json.loads(sys.stdin.read() if fields == "-" else fields)
    except ValueError as error:
        raise click.BadParameter(f"not JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.BadParameter("must be a JSON object of the thing's fields")
    return {snake(key): _snaked(value) for key, value in found.items()}


def call_with(caller: Caller, method: str, **fields: Any) -> Any:
    """Calls a method with fields that somebody wrote. Raises click.BadParameter for one that there is not."""
    try:
        return caller.client.access.call(method, **fields)
    except (ValueError, TypeError) as error:  # of the message that is made of them
        raise click.BadParameter(f"the fields cannot be taken: {error}") from None


def check_given(kind: Kind, fields: dict[str, Any]) -> None:
    """Raises click.BadParameter for a field that the platform says, which it would not take from whoever writes it."""
    from importlib import import_module

    from google.api import field_behavior_pb2

    contract = import_module(f"portico.access.v1.{snake(kind.collection)}_pb2").DESCRIPTOR
    thing = contract.message_types_by_name[kind.one]
    behavior: Any = field_behavior_pb2.field_behavior
    for name in fields:
        field = thing.fields_by_name.get(name)
        if field is not None and field_behavior_pb2.OUTPUT_ONLY in field.GetOptions().Extensions[behavior]:
            instead = "; --days of `portico access token` says how long it is good" if name == "expire_time" else ""
            raise click.BadParameter(f"{name}: the platform says that itself; leave it out{instead}")


def _snaked(value: Any) -> Any:
    if isinstance(value, dict):
        return {snake(key): _snaked(item) for key, item in value.items()}
    return [_snaked(item) for item in value] if isinstance(value, list) else value


def snake(name: str) -> str:
    """As contracts have it: `resource_groups` of REST's `resourceGroups`."""
    return "".join(f"_{character.lower()}" if character.isupper() else character for character in name)


def made(caller: Caller, answer: Any, told: str) -> None:
    """What was done; and a secret, if there is one, which is never shown again."""
    if caller.json:
        output.show_json(answer)
        return
    click.echo(output.escaped(told))
    for field in ("secret", "secret_access_key"):
        if value := getattr(answer, field, ""):
            click.echo(f"{value}\nkeep it: it is not shown again")


def removed(caller: Caller, answer: Any, told: str) -> None:
    """What was done, and what applies to nobody by it."""
    made(caller, answer, told)
    emptied = [short(caller, name) for name in getattr(answer, "emptied", ())]
    if emptied and not caller.json:
        click.echo(f"what applies to nobody now: {output.escaped(', '.join(emptied))}", err=True)


def ask(question: str, *, yes: bool) -> None:
    """Goes on only if whoever sits there agrees. Raises click.ClickException."""
    if yes:
        return
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        click.echo(err=True)
        raise click.UsageError("nothing was done, for nobody answered: --yes does it without asking") from None
    if not agreed:
        raise click.ClickException("nothing was done")


def show_effects(caller: Caller, effects: Iterable[Any], *, complete: bool, err: bool = False) -> None:
    """Who would gain and lose what, a line for each noun."""
    rows = [row for effect in effects for row in _rows(caller, effect)]
    if rows:
        output.table(["who", "on", "", "what"], rows, err=err)
    else:
        click.echo("nobody would gain or lose anything", err=err)
    if not complete:
        click.echo("and more, which is not shown", err=err)


def _rows(caller: Caller, effect: Any) -> Iterable[list[str]]:
    who = short(caller, effect.principal).removeprefix("principals/")
    if effect.api_token:
        who = f"{who} by {short(caller, effect.api_token)}"
    where = "everything" if effect.resource == account_of(caller) else short(caller, effect.resource)
    if effect.unchanged:
        where += f" but {', '.join(short(caller, name) for name in effect.unchanged)}"
    for sign, permissions in (("gains", effect.gained), ("loses", effect.lost)):
        nouns: dict[str, list[str]] = {}
        for permission in permissions:
            noun, _, verb = permission.rpartition(".")
            nouns.setdefault(noun, []).append(verb)
        for noun, verbs in sorted(nouns.items()):
            yield [who, where, sign, f"{noun}: {', '.join(verbs)}"]
