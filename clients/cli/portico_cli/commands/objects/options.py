"""What the commands that move files have in common: their options, and how they run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from portico_cli.calling import Caller
from portico_cli.commands.objects.marks import retention_of
from portico_cli.failures import NOT_FOUND
from portico_cli.progress import Progress, progress
from portico_cli.remote import Remote
from portico_cli.rules import metadata_key, pairs
from portico_cli.transfers.at_once import USUAL_JOBS, at_once
from portico_cli.transfers.entries import Links
from portico_cli.transfers.filters import Filters, filter_options
from portico_cli.transfers.moving import About, Mover, Transfer
from portico_cli.transfers.places import Place, shown
from portico_cli.transfers.planning import Choice
from portico_cli.transfers.reporting import PLANNED, UNCHANGED, Report
from portico_cli.transfers.targets import Refused

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from portico import AsyncClient
    from portico.objects.v1.objects_pb2 import Retention

MOST_JOBS = 256

_HEADERS = {
    "content_type": "Media type; guessed from a file's name if left out.",
    "cache_control": "How long caches may keep it (RFC 9111).",
    "content_disposition": "Under which name browsers save it (RFC 6266).",
    "content_encoding": "How it is packed: `gzip`.",
    "content_language": "In which language it is.",
    "expires": "Until when caches may keep it, as HTTP has dates.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The common options of one command line."""

    about: About
    choice: Choice
    jobs: int
    dry_run: bool
    quiet: bool
    shows_progress: bool
    overwrite: bool
    resume: bool

    @classmethod
    def of(cls, options: dict[str, Any]) -> Asked:
        """From the parameters that `transfer_options` gives a command."""
        links = {None: Links.FILES, True: Links.FOLLOWED, False: Links.LEFT_OUT}[options["follow_symlinks"]]
        filters: Filters = options["filters"]
        return cls(
            About({name: options[name] for name in _HEADERS if options[name]}, options["metadata"], _marks(options)),
            Choice(filters, links),
            options["jobs"],
            options["dry_run"],
            options["quiet"],
            not options["quiet"] and not options["no_progress"],
            not options["if_not_exists"],
            options["resume"],
        )

    def mover(self, client: AsyncClient, bars: Progress) -> Mover:
        """What makes the copies."""
        return Mover(client, self.about, bars, overwrite=self.overwrite, resume=self.resume)


def files_and_places(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Completes an argument that is a path or a place."""
    from portico_cli.completing import files_and_places

    return files_and_places(context, parameter, begun)


def _metadata(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    return {metadata_key(key): value for key, value in pairs(given).items()}


def _tags(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    return pairs(given)


def _lock(context: click.Context, parameter: click.Parameter, given: str | None) -> Retention | None:
    return retention_of(given, datetime.now(UTC)) if given else None


def _marks(options: dict[str, Any]) -> dict[str, Any]:
    """What was given of tags and locks, as the client's `put`, `upload` and `copy` name it."""
    return {name: options[name] for name in ("tags", "retention", "legal_hold") if options[name]}


_OPTIONS: list[Callable[..., Any]] = [
    filter_options,
    click.option("--dry-run", "--dryrun", "dry_run", is_flag=True, help="Only tell what would be done."),
    click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1, MOST_JOBS),
        default=USUAL_JOBS,
        metavar="N",
        show_default=True,
        help="How many at once.",
    ),
    click.option("--if-not-exists", is_flag=True, help="Replace nothing that is there."),
    click.option(
        "--resume", is_flag=True, help="Keep what came of large objects if it is stopped, and go on there next time."
    ),
    click.option(
        "--follow-symlinks/--no-follow-symlinks",
        default=None,
        help="Follow links to folders, too; or take no link at all. Else links to files are taken as files.",
    ),
    *(
        click.option(f"--{name.replace('_', '-')}", default="", metavar="TEXT", help=told)
        for name, told in _HEADERS.items()
    ),
    click.option(
        "--metadata", multiple=True, callback=_metadata, metavar="KEY=VALUE", help="Your own metadata; repeatable."
    ),
    click.option(
        "--tag", "tags", multiple=True, callback=_tags, metavar="KEY=VALUE", help="Tag what is stored; repeatable."
    ),
    click.option(
        "--lock",
        "retention",
        callback=_lock,
        metavar="MODE:UNTIL",
        help="Lock what is stored, as `portico objects lock` does: governance:30d, compliance:2030-01-31.",
    ),
    click.option("--legal-hold", is_flag=True, help="Keep what is stored from deletion until that is taken back."),
    click.option(
        "--quiet", "--only-show-errors", "quiet", is_flag=True, help="Print neither what is done nor progress."
    ),
    click.option("--no-progress", is_flag=True, help="Print no progress."),
]


def transfer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a FilteredCommand the options of which `Asked.of` makes an Asked."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Run:
    """One command's moving of files: its client, and what is told."""

    def __init__(self, client: AsyncClient, asked: Asked, bars: Progress, report: Report) -> None:
        self.client = client
        self.asked = asked
        self.report = report
        self._bars = bars
        self._mover = asked.mover(client, bars)

    async def move(
        self, transfers: AsyncIterator[Transfer], differs: Callable[[Transfer], Awaitable[bool]] | None = None
    ) -> None:
        """Makes all copies, many at once; only those that `differs` says are of use."""

        async def found() -> AsyncIterator[Transfer]:
            async for transfer in transfers:
                self._bars.found(transfer.source.size_bytes)
                yield transfer

        async def work(transfer: Transfer) -> Any:
            if transfer.refused:
                raise Refused(transfer.refused)
            if differs is not None and not await differs(transfer):
                return UNCHANGED
            return PLANNED if self.asked.dry_run else await self._mover.do(transfer)

        await at_once(found(), work, self.report.tell, self.asked.jobs)


def carry_out(caller: Caller, asked: Asked, work: Callable[[Run], Awaitable[None]]) -> tuple[Report, int]:
    """Runs a command's work; answers what came of it, and the exit code."""
    with progress(wanted=asked.shows_progress) as bars:
        report = Report(bars, as_json=caller.json, quiet=asked.quiet)

        async def run(client: AsyncClient) -> None:
            await work(Run(client, asked, bars, report))

        caller.run(run)
    return report, report.end()


def end_of_trees(sources: Sequence[Place], report: Report, code: int) -> int:
    """The exit code where all below some places was meant; tells people where there was nothing."""
    if code or report.done or report.kept:
        return code
    if report.items is None:
        click.echo(f"portico: there is nothing below {', '.join(map(shown, sources))}", err=True)
    return NOT_FOUND if any(isinstance(source, Remote) and source.key for source in sources) else 0
