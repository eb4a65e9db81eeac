"""`portico access`: the whole policy set as a YAML document."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.access.group import access
from portico_cli.commands.access.shared import YES, ask, made, short, show_effects

MOST_BYTES = 3 * 1024 * 1024
"""As in the contract."""
_WORDS = {1: "new", 2: "changed", 3: "deleted"}
_COLOURS = {"+": "green", "-": "red"}


@access.command("export")
@click.argument("file", default="-", type=click.Path(dir_okay=False, allow_dash=True))
@calls_platform
def export_all(caller: Caller, file: str) -> None:
    """Write the policy set to FILE or standard output: policies, and the groups that they are made of. Members, service
    accounts and credentials are not part of it.

    \b
    Examples:
      portico access export > policies.yaml
      portico access export policies.yaml
    """
    answer = caller.client.access.call("ExportPolicySet")
    if caller.json:
        output.show_json(answer)
    elif file == "-":
        click.echo(answer.yaml, nl=False)
    else:
        Path(file).write_text(answer.yaml, "utf-8")
        click.echo(f"wrote {file}, as of policy revision {answer.policy_revision}")


@access.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Show what would change, and for whom, and change nothing.")
@click.option("--prune", is_flag=True, help="Delete what the document lacks; it stays otherwise.")
@YES
@calls_platform
def import_all(caller: Caller, file: str, dry_run: bool, prune: bool, yes: bool) -> None:
    """Make what a document says so, all of it or nothing: show what changes and for whom, ask, and do it.

    \b
    Examples:
      portico access import policies.yaml --dry-run
      portico access import policies.yaml --prune
      portico access import policies.yaml --yes
    """
    asked = {"yaml": _read(file), "prune": prune}
    looked = _called(caller, file, dry_run=True, **asked)
    count = looked.created_count + looked.updated_count + looked.deleted_count
    if not (caller.json and dry_run):
        for line in _differences(caller, looked):
            click.echo(line, err=not dry_run)
        if count:
            show_effects(caller, looked.effects, complete=not looked.effects_truncated, err=not dry_run)
    if dry_run or not count:
        output.show_json(looked) if caller.json else click.echo(_summary(looked))
        return
    if file == "-" and not yes:
        raise click.UsageError("the document comes from standard input, where nobody can answer: give --yes")
    ask(f"Make {count} changes?", yes=yes)
    done = _called(caller, file, expected_policy_revision=looked.policy_revision, **asked)
    made(caller, done, _summary(done))


def _called(caller: Caller, file: str, **asked: Any) -> Any:
    """Errors say the file and the line."""
    from portico.errors import PorticoError

    try:
        return caller.client.access.call("ImportPolicySet", **asked)
    except PorticoError as error:
        line = error.metadata.get("line", "0")
        if line != "0":
            error.message = f"{file}:{error.message.removeprefix('line ')}"
        raise


def _read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read(MOST_BYTES + 1) if file == "-" else _content(Path(file))
        text = content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{file} cannot be read: {error}") from None
    if len(content) > MOST_BYTES:
        raise click.BadParameter(f"{file} is larger than 3 MiB")
    return text


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _differences(caller: Caller, looked: Any) -> Iterator[str]:
    """What changes, thing by thing, as a diff."""
    for change in looked.changes:
        yield output.escaped(f"{short(caller, change.name)} ({_WORDS[change.kind]})")
        lines = difflib.ndiff(change.before.splitlines(), change.after.splitlines())
        for line in lines:
            if line[:1] in " +-":
                yield click.style("  " + output.escaped(line), fg=_COLOURS.get(line[:1]))
    told = len(looked.changes)
    count = looked.created_count + looked.updated_count + looked.deleted_count
    if told < count:
        yield f"and {count - told} more"


def _summary(looked: Any) -> str:
    return (
        f"{looked.created_count} new, {looked.updated_count} changed, {looked.deleted_count} deleted, "
        f"{looked.unchanged_count} as they were"
    )
