"""`portico objects sync`: makes a folder or prefix the same as another, by copying what differs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import click

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
from portico_cli.remote import Remote
from portico_cli.transfers.differences import By, differs
from portico_cli.transfers.entries import Links
from portico_cli.transfers.filters import FilteredCommand
from portico_cli.transfers.moving import Transfer, What
from portico_cli.transfers.places import Place, place, shown
from portico_cli.transfers.planning import check_tree, pairs, transfer
from portico_cli.transfers.removing import remove_all
from portico_cli.transfers.targets import Refused, Targets


@objects.command(cls=FilteredCommand)
@click.argument("source", shell_complete=files_and_places)
@click.argument("target", shell_complete=files_and_places)
@click.option("--delete", is_flag=True, help="At the end remove what the source does not have, if all else was done.")
@click.option("--size-only", "by", flag_value=By.SIZE, type=By, help="What has the same size is the same.")
@click.option(
    "--exact-timestamps",
    "by",
    flag_value=By.EXACT_TIME,
    type=By,
    help="To files: copy also what is older than the file, not only what is newer.",
)
@click.option("--checksum", "by", flag_value=By.CHECKSUM, type=By, help="Compare the bytes, by a digest.")
@transfer_options
@calls_platform
def sync(caller: Caller, source: str, target: str, delete: bool, by: By | None, **options: Any) -> int:
    """Make a folder or prefix the same as another: copy what is new there, or differs.

    What has the same size and is no newer than its copy is taken to be the same: a file is as old as its last change,
    an object as its put, and a file that was copied from an object as that. What --exclude leaves out is neither
    copied nor removed. The exit code is 3 where SOURCE is a prefix with nothing below it.

    \b
    Examples:
      portico objects sync ./site portico://web/site
      portico objects sync ./site portico://web/site --delete --exclude '*.tmp' --dry-run
      portico objects sync portico://web/site ./copy --exact-timestamps
      portico objects sync portico://web/site portico://backup/site --size-only
    """
    asked = Asked.of(options)
    one, other = place(source), place(target)
    if not isinstance(one, Remote) and not isinstance(other, Remote):
        raise click.UsageError("neither is portico://BUCKET/KEY: `sync` is not for two folders of this machine")
    check_tree(one, other)

    async def work(run: Run) -> None:
        if delete:
            await _make_same(run, one, other, by)
        else:
            await run.move(_copies(run, one, other, []), _differs(by))

    return end_of_trees([one], *carry_out(caller, asked, work))


async def _make_same(run: Run, source: Place, target: Place, by: By | None) -> None:
    """Copies, then removes what there is more. Raises Refused, NotFound where there is nothing to copy."""
    from portico.errors import NotFound

    surplus: list[Transfer] = []
    await run.move(_copies(run, source, target, surplus), _differs(by))
    if not surplus:
        return
    if run.report.failed:
        click.echo("portico: nothing was removed, because not all could be copied", err=True)
        return
    if not run.report.done and not run.report.kept:
        told = (
            f"there is nothing below {shown(source)}, and to remove all below {shown(target)} is not what `sync` is for"
            + (": `portico objects rm -r`" if isinstance(target, Remote) else "")
        )
        raise NotFound(told) if isinstance(source, Remote) and source.key else Refused(told)
    await remove_all(run.client, surplus, run.report, run.asked.jobs, dry_run=run.asked.dry_run)


async def _copies(run: Run, source: Place, target: Place, surplus: list[Transfer]) -> AsyncIterator[Transfer]:
    """What may have to be copied; adds to `surplus` what the target has more."""
    choice = run.asked.choice
    targets = Targets(target, through_links=choice.links is Links.FOLLOWED)
    async for one, other in pairs(run.client, source, target, choice):
        if one is not None:
            yield transfer(What.COPY, one, targets, other)
        elif other is not None and not other.refused:
            surplus.append(Transfer(What.REMOVE, other, other.place))


def _differs(by: By | None) -> Callable[[Transfer], Awaitable[bool]]:
    async def differ(transfer: Transfer) -> bool:
        return transfer.there is None or await differs(transfer.source, transfer.there, by or By.TIME)

    return differ
