"""`portico objects rm`: removes objects, one or all below a prefix, and versions for good."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.asking import confirm
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.group import objects
from portico_cli.failures import hint_of_pattern
from portico_cli.place_arguments import WHOLE
from portico_cli.progress import Progress
from portico_cli.remote import Remote
from portico_cli.transfers.entries import Entry, of_object
from portico_cli.transfers.filters import FilteredCommand, Filters, filter_options
from portico_cli.transfers.moving import Transfer, What
from portico_cli.transfers.places import shown
from portico_cli.transfers.removing import MOST_IN_A_CALL, Batch, remove_batches
from portico_cli.transfers.reporting import UNCHANGED, Report

if TYPE_CHECKING:
    from portico import AsyncClient


@objects.command(cls=FilteredCommand)
@click.argument("places", type=WHOLE, nargs=-1, required=True, metavar="PLACE...")
@click.option("-r", "--recursive", is_flag=True, help="All objects whose key begins with this.")
@click.option("--version", "--version-id", "version_id", default="", metavar="ID", help="Remove this version for good.")
@click.option("--all-versions", is_flag=True, help="Remove all versions and delete markers for good.")
@click.option("--bypass-governance", is_flag=True, help="Also versions that are locked in governance mode.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask before all versions are removed.")
@filter_options
@click.option("--dry-run", "--dryrun", "dry_run", is_flag=True, help="Only tell what would be removed.")
@click.option("--quiet", "--only-show-errors", "quiet", is_flag=True, help="Do not print what is removed.")
@calls_platform
def rm(caller: Caller, places: tuple[Remote, ...], version_id: str, dry_run: bool, quiet: bool, **options: Any) -> int:
    """Remove objects, or with -r all below a prefix. To remove what is not there succeeds.

    Where a bucket keeps versions, those of what is removed stay, until --version or --all-versions removes them.

    \b
    Examples:
      portico objects rm portico://photos/cat.jpg
      portico objects rm -r portico://photos/2026/
      portico objects rm -r portico://photos/ --exclude '*' --include '*.tmp' --dry-run
      portico objects rm portico://photos/cat.jpg --all-versions --yes
    """
    _check(places, version_id, options)
    if options["all_versions"] and not options["yes"] and not dry_run:
        _confirm(places)
    report = Removals(as_json=caller.json, quiet=quiet, dry_run=dry_run)

    async def work(client: AsyncClient) -> None:
        for place in places:
            if options["all_versions"]:
                batches = _versions(client, place, options["filters"], recursive=options["recursive"])
            elif options["recursive"]:
                batches = _below(client, place, options["filters"])
            else:
                batches = _one(place, version_id)
            await remove_batches(
                client,
                batches,
                report,
                jobs=MOST_IN_A_CALL,
                dry_run=dry_run,
                bypass_governance=options["bypass_governance"],
            )

    caller.run(work)
    code = report.end()
    if not options["recursive"] and not caller.json and any("*" in place.key for place in places):
        click.echo(f"portico: {hint_of_pattern('*')}", err=True)
    if not report.done and not code and not caller.json:
        click.echo(f"there was nothing to remove: {', '.join(map(shown, places))}", err=True)
    elif report.missing and not options["recursive"] and not caller.json and not quiet:
        click.echo(f"nothing was there: {', '.join(map(str, report.missing))}", err=True)
    return code


class Removals(Report):
    """Tells of what was removed; in JSON, of the keys alone."""

    def __init__(self, *, as_json: bool, quiet: bool, dry_run: bool) -> None:
        super().__init__(Progress(), as_json=as_json, quiet=quiet)
        before = '{"dryRun": true, "removed": ' if dry_run else '{"removed": '
        self.items = output.JsonArray(before, "}") if as_json else None
        self.missing: list[Transfer] = []
        """What was to be removed, and was not there."""

    def tell(self, transfer: Transfer, outcome: Any) -> bool:
        if outcome is UNCHANGED:
            self.missing.append(transfer)
        return super().tell(transfer, outcome)

    def described(self, transfer: Transfer, **also: Any) -> Any:
        assert isinstance(transfer.target, Remote)
        key = transfer.target.key
        version = {"versionId": transfer.version_id} if transfer.version_id else {}
        return {"key": key, **version, **also} if version or "error" in also else key


def _check(places: tuple[Remote, ...], version_id: str, options: dict[str, Any]) -> None:
    """Raises click.UsageError."""
    if version_id and (options["recursive"] or options["all_versions"] or len(places) > 1):
        raise click.UsageError("--version is for one object: leave out -r, --all-versions and other places")
    if options["filters"].patterns and not options["recursive"]:
        raise click.UsageError("--include and --exclude go with -r")
    for place in places:
        if not options["recursive"] and not place.key:
            raise click.UsageError(
                f"{place} is a bucket: give a key, or -r for all that it holds, or `portico objects rb`"
            )


def _confirm(places: tuple[Remote, ...]) -> None:
    """Asks whoever sits there. Raises click.UsageError where nobody does, click.Abort where they say no."""
    asked = f"Remove all versions for good: {', '.join(map(shown, places))}? Nothing brings them back."
    confirm(asked, "--all-versions removes for good")


async def _one(place: Remote, version_id: str) -> AsyncIterator[Batch]:
    yield [Transfer(What.REMOVE, Entry(place.key, place), place, version_id=version_id)]


async def _below(client: AsyncClient, place: Remote, filters: Filters) -> AsyncIterator[Batch]:
    """The objects whose key begins so, page by page."""
    async for page in client.objects.list(place.bucket, prefix=place.key).pages():
        if batch := _meant(page.objects, place, filters):
            yield batch


async def _versions(client: AsyncClient, place: Remote, filters: Filters, *, recursive: bool) -> AsyncIterator[Batch]:
    """The same with all versions, or those of one key."""
    async for page in client.objects.versions(place.bucket, prefix=place.key).pages():
        if batch := [
            Transfer(removal.what, removal.source, removal.target, version_id=removal.source.object.version_id)
            for removal in _meant(page.objects, place, filters)
            if recursive or removal.target == place
        ]:
            yield batch
        if not recursive and page.objects and not page.objects[-1].name.endswith(f"/objects/{place.key}"):
            return  # behind it come the keys that only begin so


def _meant(items: Any, place: Remote, filters: Filters) -> list[Transfer]:
    """Patterns are against what stands behind the last slash of the prefix and all below."""
    folder = place.key[: place.key.rfind("/") + 1]
    entries = [of_object(item, place.bucket, item.name.partition("/objects/")[2]) for item in items]
    return [
        Transfer(What.REMOVE, entry, entry.place)
        for entry in entries
        if filters.mean(entry.relative.removeprefix(folder))
    ]
