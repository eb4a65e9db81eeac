"""Removals, many at once: objects by the thousand in one call, or one by one where only what was seen is to go."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portico.errors import PorticoError
from portico_cli.remote import Remote
from portico_cli.transfers.at_once import at_once
from portico_cli.transfers.moving import ATTEMPTS, Transfer
from portico_cli.transfers.reporting import PLANNED, UNCHANGED, Report
from portico_cli.transfers.targets import Refused

if TYPE_CHECKING:
    from portico import AsyncClient

MOST_IN_A_CALL = 1000
_JOBS = 4
"""Calls of a thousand at once: more would only wait for one another in the platform's database."""

_OF_ONE_ONLY = ("FAILED_PRECONDITION", "PERMISSION_DENIED", "INVALID_ARGUMENT")
"""What may hold for one object of a call, and makes all of it fail."""

Batch = Sequence[Transfer]


async def remove_all(
    client: AsyncClient, removals: Iterable[Transfer], report: Report, jobs: int, *, dry_run: bool
) -> None:
    """Removes files, and objects that are still what was seen of them."""
    remover = client.with_options(attempts=ATTEMPTS)

    async def each() -> AsyncIterator[Transfer]:
        for removal in removals:
            yield removal

    async def work(removal: Transfer) -> Any:
        if dry_run:
            return PLANNED
        if isinstance(removal.target, Path):
            return _unlink(removal.target)
        return await _remove_unchanged(remover, removal.target, removal.source.object)

    await at_once(each(), work, report.tell, jobs)


async def remove_batches(
    client: AsyncClient,
    batches: AsyncIterator[Batch],
    report: Report,
    jobs: int,
    *,
    dry_run: bool,
    bypass_governance: bool = False,
) -> None:
    """Removes what comes in batches of up to a thousand, each of one bucket or one folder."""
    remover = client.with_options(attempts=ATTEMPTS)

    async def work(batch: Batch) -> list[Any]:
        if dry_run:
            return [PLANNED] * len(batch)
        return await _remove(remover, batch, bypass_governance)

    def told(batch: Batch, outcomes: Any) -> bool:
        if isinstance(outcomes, Exception):
            outcomes = [outcomes] * len(batch)
        useful = [report.tell(removal, outcome) for removal, outcome in zip(batch, outcomes, strict=True)]
        return all(useful)

    await at_once(batches, work, told, min(jobs, _JOBS))


async def _remove(client: AsyncClient, batch: Batch, bypass_governance: bool) -> list[Any]:
    """Answers an outcome for each."""
    if isinstance(batch[0].target, Path):
        return [_unlink(removal.target) for removal in batch]
    try:
        return await _call(client, batch, bypass_governance)
    except PorticoError as error:
        if error.code not in _OF_ONE_ONLY or len(batch) == 1:
            raise
    outcomes: list[Any] = []
    for removal in batch:
        try:
            outcomes += await _call(client, [removal], bypass_governance)
        except PorticoError as error:
            outcomes.append(error)
    return outcomes


async def _remove_unchanged(client: AsyncClient, place: Remote, seen: Any) -> Any:
    """Removes an object, unless another one has come in its place. Raises Refused, PorticoError."""
    from portico.objects.v1.objects_pb2 import Conditions

    try:
        return await client.objects.delete(place.bucket, place.key, conditions=Conditions(if_match=[seen.etag]))
    except PorticoError as error:
        if error.reason != "ETAG_MISMATCH":
            raise
        if error.metadata.get("missing"):  # somebody has removed it, or this call's first attempt
            return UNCHANGED
        raise Refused("it was put anew meanwhile; nothing was removed of it") from None


async def _call(client: AsyncClient, batch: Batch, bypass_governance: bool) -> list[Any]:
    places = [removal.target for removal in batch if isinstance(removal.target, Remote)]
    entries = [(place.key, removal.version_id) for place, removal in zip(places, batch, strict=True)]
    results = await client.objects.delete_many(places[0].bucket, entries, bypass_governance=bypass_governance)
    return [result if result.version_id else UNCHANGED for result in results]


def _unlink(path: Any) -> Any:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        return error
    return None
