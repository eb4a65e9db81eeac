"""Which source goes where: of one thing, of a tree, and of two trees that are to become the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from portico_cli.remote import Remote
from portico_cli.transfers.entries import Entry, Links, entries, prefix_of
from portico_cli.transfers.filters import Filters
from portico_cli.transfers.moving import Transfer, What
from portico_cli.transfers.places import Place, is_regular, shown
from portico_cli.transfers.targets import Refused, Targets, in_folder

if TYPE_CHECKING:
    from portico import AsyncClient


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a tree is meant."""

    filters: Filters = field(default_factory=Filters)
    links: Links = Links.FILES


def single(what: What, source: Place, target: Place, *, into: bool) -> Transfer:
    """The copy of one thing; into a folder, or what is to be one (`into`), it keeps its name. Raises click.UsageError,
    OSError, Refused."""
    name = source.name if isinstance(source, Path) else source.key.rpartition("/")[2]
    if isinstance(source, Path):
        if source.is_dir():
            raise click.UsageError(f"{shown(source)} is a folder: give -r for all that it holds")
    elif not name:
        raise click.UsageError(f"{source} is no single object: give -r for all below it")
    if isinstance(target, Remote):
        target = target.below(name) if target.is_folder else target
    elif into or target.is_dir():
        target = in_folder(target, name)
    refuse_itself(source, target)
    entry = Entry(name, source)
    if isinstance(source, Path) and is_regular(source):
        status = source.stat()
        entry = Entry(name, source, status.st_size, status.st_mtime_ns // 1000)
    return Transfer(what, entry, target)


def refuse_itself(source: Place, target: Place) -> None:
    """Raises click.UsageError where both are one place."""
    if source == target:
        raise click.UsageError(f"source and target are the same: {shown(source)}")


def check_tree(source: Place, target: Place) -> None:
    """Raises click.UsageError where a tree cannot be copied so, OSError where there is none."""
    if isinstance(source, Path):
        source.stat()
        if not source.is_dir():
            raise click.UsageError(f"{shown(source)} is no folder: `cp` without -r copies a file")
    elif isinstance(target, Remote) and source.bucket == target.bucket and prefix_of(source) == prefix_of(target):
        raise click.UsageError(f"source and target are the same: {source}")


async def tree(
    client: AsyncClient, what: What, source: Place, target: Place, choice: Choice
) -> AsyncIterator[Transfer]:
    """The copies of all below a folder or a prefix; what cannot be copied is among them, refused."""
    targets = Targets(target, through_links=choice.links is Links.FOLLOWED)
    below = _meant(entries(client, source, choice.links), choice.filters, target)
    if _overlap(source, target):  # what is stored meanwhile is not to be found, and copied once more
        below = _all_at_first(below)
    async for entry in below:
        yield transfer(what, entry, targets)


def transfer(what: What, entry: Entry, targets: Targets, there: Entry | None = None) -> Transfer:
    """The copy of what stands below a folder; refused where it has no place."""
    if entry.refused:
        return Transfer(what, entry, entry.place, entry.refused)
    try:
        return Transfer(what, entry, targets.of(entry.relative), there=there)
    except Refused as error:
        return Transfer(what, entry, entry.place, str(error))


async def pairs(
    client: AsyncClient, source: Place, target: Place, choice: Choice
) -> AsyncIterator[tuple[Entry | None, Entry | None]]:
    """What stands below a source and a target, each with what has the same path below the other; both in one order."""
    left = _meant(entries(client, source, choice.links), choice.filters, target)
    right = _meant(_what_is_there(client, target), choice.filters, source)
    if _overlap(source, target):
        left, right = _all_at_first(left), _all_at_first(right)
    one, other = await anext(left, None), await anext(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.order < other.order):
            yield one, None
            one = await anext(left, None)
        elif one is None or other.order < one.order:
            yield None, other
            other = await anext(right, None)
        else:
            yield one, other
            one, other = await anext(left, None), await anext(right, None)


async def _what_is_there(client: AsyncClient, target: Place) -> AsyncIterator[Entry]:
    """Nothing where the folder is still to be made."""
    if not isinstance(target, Path) or target.is_dir():
        async for entry in entries(client, target, Links.FILES):
            yield entry


async def _meant(below: AsyncIterator[Entry], filters: Filters, other: Place) -> AsyncIterator[Entry]:
    """Without what is filtered out; markers of folders are for buckets only."""
    async for entry in below:
        marker = isinstance(other, Path) and entry.relative.endswith("/") and not entry.size_bytes
        if not marker and filters.mean(entry.relative):
            yield entry


def _overlap(source: Place, target: Place) -> bool:
    if not isinstance(source, Remote) or not isinstance(target, Remote) or source.bucket != target.bucket:
        return False
    one, other = prefix_of(source), prefix_of(target)
    return one.startswith(other) or other.startswith(one)


async def _all_at_first(below: AsyncIterator[Entry]) -> AsyncIterator[Entry]:
    for entry in [entry async for entry in below]:
        yield entry
