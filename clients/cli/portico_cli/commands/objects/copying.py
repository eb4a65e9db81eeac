"""`portico objects cp` and `mv`: files and objects to one another, one, several, or whole trees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.commands.objects.options import (
    Asked,
    Run,
    carry_out,
    end_of_trees,
    files_and_places,
    transfer_options,
)
from portico_cli.progress import Progress, progress
from portico_cli.remote import Remote
from portico_cli.transfers.entries import by_turns
from portico_cli.transfers.filters import FilteredCommand
from portico_cli.transfers.moving import Transfer, What
from portico_cli.transfers.places import (
    STANDARD,
    Place,
    is_regular,
    is_standard_output,
    place,
    shown,
    standard_input,
    standard_output,
)
from portico_cli.transfers.planning import check_tree, single, tree
from portico_cli.transfers.reporting import PLANNED, Report


def _needed(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The last word of a line is TARGET: one alone would be told to be no SOURCE."""
    if not given and not context.resilient_parsing:
        raise click.UsageError("SOURCE and TARGET are needed: what to take, and where to put it")
    return given


_SOURCES = click.argument("sources", nargs=-1, metavar="SOURCE...", callback=_needed, shell_complete=files_and_places)
_TARGET = click.argument("target", shell_complete=files_and_places)
_RECURSIVE = click.option("-r", "--recursive", is_flag=True, help="Folders or prefixes with all below them.")


@objects.command(cls=FilteredCommand)
@_SOURCES
@_TARGET
@_RECURSIVE
@transfer_options
@calls_platform
def cp(caller: Caller, sources: tuple[str, ...], target: str, recursive: bool, **options: Any) -> int:
    """Copy files to objects, objects to files, or objects to others.

    SOURCE and TARGET are paths or portico://BUCKET/KEY; - is standard input or output. A target that is a folder
    (portico://BUCKET/, a key that ends in a slash) keeps the source's name. Bytes are checked end to end; a file
    appears whole or not at all. With -r all is copied that can be: what cannot is told, and the exit code is 1.

    \b
    Examples:
      portico objects cp cat.jpg portico://photos/
      portico objects cp portico://photos/cat.jpg .
      portico objects cp *.jpg portico://photos/2026/ --cache-control max-age=3600
      portico objects cp cat.jpg portico://photos/ --tag animal=cat --lock governance:30d
      portico objects cp -r ./site portico://web/site --exclude '.git/*'
      portico objects cp -r portico://web/site portico://backup/site --jobs 32
      portico objects cp disk.img portico://backup/ --resume
      tar c . | portico objects cp - portico://backup/home.tar
      portico objects cp portico://backup/home.tar - | tar t
    """
    asked = Asked.of(options)
    if STANDARD in sources or target == STANDARD:
        return _standard(caller, sources, target, asked)
    return _transfer(caller, What.COPY, sources, target, recursive, asked)


@objects.command(cls=FilteredCommand)
@_SOURCES
@_TARGET
@_RECURSIVE
@transfer_options
@calls_platform
def mv(caller: Caller, sources: tuple[str, ...], target: str, recursive: bool, **options: Any) -> int:
    """Move files to objects, objects to files, or objects to others: copy each, then remove it where it was.

    A source is removed when its copy is whole, and only if it has not changed meanwhile.

    \b
    Examples:
      portico objects mv today.log portico://logs/2026/
      portico objects mv portico://photos/cat.jpg portico://photos/animals/cat.jpg
      portico objects mv -r portico://logs/today/ portico://logs/2026-11-30/
      portico objects mv -r portico://inbox/done ./done
    """
    return _transfer(caller, What.MOVE, sources, target, recursive, Asked.of(options))


def _transfer(caller: Caller, what: What, sources: tuple[str, ...], target: str, recursive: bool, asked: Asked) -> int:
    """Moves one thing, or all it can of several."""
    froms, to = [place(source) for source in sources], place(target)
    if isinstance(to, Path) and not all(isinstance(source, Remote) for source in froms):
        raise click.UsageError("one of them must be portico://BUCKET/KEY: both are files or folders")
    into = target.endswith("/") or len(sources) > 1
    if recursive:
        for source in froms:
            check_tree(source, to)
        return _trees(caller, what, froms, to, asked)
    if len(sources) == 1:
        return _one(caller, single(what, froms[0], to, into=into), asked)
    if not into or (isinstance(to, Remote) and not to.is_folder):
        raise click.UsageError(f"several sources need a folder to go to: {shown(to)}/")
    transfers = [single(what, source, to, into=into) for source in froms]

    return carry_out(caller, asked, lambda run: run.move(by_turns(transfers)))[1]


def _trees(caller: Caller, what: What, sources: list[Place], target: Place, asked: Asked) -> int:
    async def work(run: Run) -> None:
        for source in sources:
            await run.move(tree(run.client, what, source, target, asked.choice))

    return end_of_trees(sources, *carry_out(caller, asked, work))


def _one(caller: Caller, transfer: Transfer, asked: Asked) -> int:
    """Moves one thing; its failure is the command's."""
    if asked.dry_run:
        report = Report(Progress(), as_json=caller.json, quiet=asked.quiet)
        report.tell(transfer, PLANNED)
        return report.end()
    source, target = transfer.source.place, transfer.target
    with progress(wanted=asked.shows_progress) as bars:
        if all(is_regular(where) for where in (source, target) if isinstance(where, Path)):
            stored = caller.run(lambda client: asked.mover(client, bars).do(transfer))
        elif transfer.what is What.MOVE:
            raise click.UsageError(f"{transfer} is no move of a file: copy it")
        elif isinstance(target, Remote):
            assert isinstance(source, Path)
            stored = _put(caller, source, target, asked, bars.of(source.name, None))
        else:
            assert isinstance(source, Remote)
            advance = bars.of(target.name, None)
            stored = caller.client.objects.download(source.bucket, source.key, target, progress=advance)
    _tell(caller, stored, f"{transfer.what.done} {transfer}", asked, err=is_standard_output(target))
    return 0


def _standard(caller: Caller, sources: tuple[str, ...], target: str, asked: Asked) -> int:
    """Copies standard input to an object, or an object to standard output."""
    if len(sources) > 1:
        raise click.UsageError("- goes with one source and one target")
    if sources[0] == STANDARD:
        remote = place(target)
        if not isinstance(remote, Remote) or remote.is_folder:
            raise click.UsageError("standard input needs a full target: portico://BUCKET/KEY")
        stored = _put(caller, standard_input(), remote, asked, None)
        _tell(caller, stored, f"copied standard input -> {remote}", asked)
        return 0
    remote = place(sources[0])
    if not isinstance(remote, Remote) or remote.is_folder:
        raise click.UsageError("standard output needs an object: portico://BUCKET/KEY")
    out = standard_output()
    with caller.client.objects.get(remote.bucket, remote.key) as reader:
        for chunk in reader.chunks():
            out.write(chunk)
    out.flush()
    return 0


def _put(caller: Caller, data: Any, target: Remote, asked: Asked, advance: Any) -> Any:
    """Stores what can be read once: a stream, a pipe."""
    return caller.client.objects.put(
        target.bucket,
        target.key,
        data,
        metadata=asked.about.of_file(target.key),
        overwrite=asked.overwrite,
        progress=advance,
        **asked.about.marks,
    )


def _tell(caller: Caller, stored: Any, what: str, asked: Asked, *, err: bool = False) -> None:
    if caller.json:
        output.show_json(stored)
    elif not asked.quiet:
        click.echo(what, err=err)
