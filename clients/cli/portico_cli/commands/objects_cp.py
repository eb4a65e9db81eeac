"""`portico objects cp`: files and objects to one another, one or whole trees."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.failures import ERROR, NOT_FOUND, report
from portico_cli.progress import progress
from portico_cli.remote import Remote
from portico_cli.rules import metadata_key
from portico_cli.transfers import (
    About,
    Place,
    Refused,
    Transfer,
    address,
    all_at_once,
    move,
    place,
    put,
    recursive,
    shown,
    single,
    standard_input,
    standard_output,
)

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _metadata(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [item.partition("=") for item in given]
    for key, equals, _ in pairs:
        if not equals or not key:
            raise click.BadParameter(f"{output.quoted(key)} is not KEY=VALUE")
    return {metadata_key(key): value for key, _, value in pairs}


def _files_and_places(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    from portico_cli.completing import files_and_places

    return files_and_places(context, parameter, begun)


@click.command()
@click.argument("source", shell_complete=_files_and_places)
@click.argument("target", shell_complete=_files_and_places)
@click.option("-r", "--recursive", "tree", is_flag=True, help="A folder or prefix with all below it.")
@click.option("--content-type", default="", metavar="TYPE", help="Media type; guessed from a file's name if left out.")
@click.option(
    "--metadata", multiple=True, callback=_metadata, metavar="KEY=VALUE", help="Your own metadata; repeatable."
)
@click.option("--quiet", is_flag=True, help="Print neither copies nor progress.")
@calls_platform
def cp(
    caller: Caller, source: str, target: str, tree: bool, content_type: str, metadata: dict[str, str], quiet: bool
) -> int:
    """Copy a file to an object, an object to a file, or an object to another.

    SOURCE and TARGET are paths or portico://BUCKET/KEY, at least one of them the latter; - is standard input or
    output. A target that is a folder (portico://BUCKET/, a key that ends in a slash) keeps the source's name. Bytes
    are checked end to end; a file appears whole or not at all.

    \b
    Examples:
      portico objects cp cat.jpg portico://photos/
      portico objects cp portico://photos/cat.jpg .
      portico objects cp -r ./site portico://web/site
      tar c . | portico objects cp - portico://backup/home.tar
      portico objects cp portico://backup/home.tar - | tar t
    """
    about = About(content_type, metadata)
    if source == "-" or target == "-":
        _standard(caller, source, target, about, quiet)
        return 0
    places = place(source), place(target)
    if not any(isinstance(item, Remote) for item in places):
        raise click.UsageError("neither is portico://BUCKET/KEY: `cp` copies files on this machine")
    return (
        _tree(caller, *places, about, quiet) if tree else _one(caller, *places, about, quiet, into=target.endswith("/"))
    )


def _standard(caller: Caller, source: str, target: str, about: About, quiet: bool) -> None:
    """Copies standard input to an object, or an object to standard output."""
    if source == "-":
        remote = place(target)
        if not isinstance(remote, Remote) or remote.is_folder:
            raise click.UsageError("standard input needs a full target: portico://BUCKET/KEY")
        stored = put(caller.client, standard_input(), remote, about, None)
        _tell(caller, stored, f"standard input -> {remote}", quiet)
        return
    remote = place(source)
    if not isinstance(remote, Remote) or remote.is_folder:
        raise click.UsageError("standard output needs an object: portico://BUCKET/KEY")
    out = standard_output()
    with caller.client.objects.get(remote.bucket, remote.key) as reader:
        for chunk in reader.chunks():
            out.write(chunk)
    out.flush()


def _one(caller: Caller, source: Place, target: Place, about: About, quiet: bool, into: bool) -> int:
    transfer = single(source, target, into=into)
    with progress(wanted=not quiet) as bars:
        stored = move(caller.client, transfer, about, bars)
    _tell(caller, stored, str(transfer), quiet, err=_is_standard_output(target))
    return 0


def _tell(caller: Caller, stored: Any, what: str, quiet: bool, *, err: bool = False) -> None:
    if caller.json:
        output.show_json(stored)
    elif not quiet:
        click.echo(f"copied {what}", err=err)


def _is_standard_output(target: Place) -> bool:
    """Whether the object's bytes went where our own words would go: `/dev/stdout`, a pipe of that name."""
    try:
        return isinstance(target, Path) and os.path.samestat(os.fstat(1), target.stat())
    except OSError:
        return False


def _tree(caller: Caller, source: Place, target: Place, about: About, quiet: bool) -> int:
    """Copies all it can; the exit code tells whether that was everything."""
    client = caller.client
    copied: list[Transfer] = []
    failed = 0
    with progress(wanted=not quiet) as bars:

        def work(transfer: Transfer) -> object:
            return move(client, transfer, about, bars)

        outcomes = all_at_once(work, recursive(client, source, target), caller.give_up)
        with contextlib.closing(outcomes):
            for transfer, outcome in outcomes:
                if isinstance(outcome, Exception):
                    failed = _failed(caller, transfer, outcome, failed)
                    continue
                copied.append(transfer)
                if not caller.json and not quiet:
                    click.echo(f"copied {transfer}")
    if caller.json:
        output.show_json([{"source": address(item.source), "target": address(item.target)} for item in copied])
    elif not copied and not failed:
        click.echo(f"portico: there is nothing below {shown(source)}", err=True)
    nothing_there = isinstance(source, Remote) and bool(source.key) and not copied
    return failed or (NOT_FOUND if nothing_there else 0)


def _failed(caller: Caller, transfer: Transfer, error: Exception, before: int) -> int:
    """Tells of what was not copied, of the first error at length; answers the exit code of the whole."""
    if isinstance(error, Refused):
        click.echo(f"portico: not copied: {shown(transfer.source)}: {error}", err=True)
        return before or ERROR
    code = before or report(error, as_json=caller.json)
    click.echo(f"  not copied: {transfer}", err=True)
    return code
