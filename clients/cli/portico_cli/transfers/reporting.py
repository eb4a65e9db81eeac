"""What is told of many copies: each as it is done, what failed at once, and how many at the end."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import click

from portico.errors import PorticoError
from portico_cli import output
from portico_cli.failures import ERROR, described, exit_code, in_short, remedies, report
from portico_cli.transfers.moving import Transfer, What
from portico_cli.transfers.places import address, shown
from portico_cli.transfers.targets import Kept, Refused

if TYPE_CHECKING:
    from portico_cli.progress import Progress

UNCHANGED = object()
"""The outcome of a transfer for which there was nothing to do."""

PLANNED = object()
"""The outcome of a transfer that was only to be told of (`--dry-run`)."""

_ALL_WOULD_FAIL = frozenset({"BUCKET_NOT_FOUND", "PROFILE_MISSING", "PROFILE_UNREADABLE"})
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_MOST_UNREACHABLE_IN_A_ROW = 16


class Report:
    """Tells of copies and removals, and comes to an exit code."""

    def __init__(self, progress: Progress, *, as_json: bool, quiet: bool) -> None:
        self._progress = progress
        self.items = output.JsonArray() if as_json else None
        self._quiet = quiet
        self._first: Exception | None = None
        self._unreachable = 0
        self.done = self.kept = self.failed = 0

    def tell(self, transfer: Transfer, outcome: Any) -> bool:
        """Takes the outcome of one; answers whether it is of use to go on."""
        self._progress.finished(transfer.source.size_bytes)
        if isinstance(outcome, Exception):
            if _is_there_already(outcome):
                return self._skipped(transfer)
            return self._failure(transfer, outcome)
        self._unreachable = 0
        if outcome is UNCHANGED:
            self.kept += 1
            return True
        self.done += 1
        told = f"would {transfer.what.word}" if outcome is PLANNED else transfer.what.done
        self._tell(transfer, told, {"dryRun": True} if outcome is PLANNED else {})
        return True

    def end(self) -> int:
        """Tells what there is to tell of all; answers the exit code."""
        if self.items is not None:
            self.items.end()
        if self._first is None:
            return 0
        if self.items is not None:
            report(self._first, as_json=True)
        else:
            self._tell_failures(self._first)
        return ERROR if self.done or self.kept else exit_code(self._first)

    def _tell_failures(self, first: Exception) -> None:
        total = self.done + self.kept + self.failed
        if total > 1:
            click.echo(f"portico: {self.failed:,} of {total:,} failed", err=True)
        for line in remedies(first):
            click.echo(output.escaped(line), err=True)

    def described(self, transfer: Transfer, **also: Any) -> Any:
        """One for programs."""
        if transfer.what is What.REMOVE:
            return {"action": transfer.what.word, "target": address(transfer.target), **also}
        return {
            "action": transfer.what.word,
            "source": address(transfer.source.place),
            "target": address(transfer.target),
            "sizeBytes": transfer.source.size_bytes,
            **also,
        }

    def _skipped(self, transfer: Transfer) -> bool:
        self.kept += 1
        self._tell(transfer, "skipped, for it is there already:", {"skipped": True})
        return True

    def _failure(self, transfer: Transfer, error: Exception) -> bool:
        self.failed += 1
        self._first = self._first or error
        if self.items is not None:
            self.items.add(self.described(transfer, error=described(error)))
        else:
            what = shown(transfer.source.place) if isinstance(error, Refused) else str(transfer)
            click.echo(f"portico: not {transfer.what.done}: {what}: {output.escaped(in_short(error))}", err=True)
        self._unreachable = self._unreachable + 1 if getattr(error, "code", "") == "UNAVAILABLE" else 0
        return self._unreachable < _MOST_UNREACHABLE_IN_A_ROW and not _all_would_fail(error)

    def _tell(self, transfer: Transfer, told: str, also: dict[str, Any]) -> None:
        if self.items is not None:
            self.items.add(self.described(transfer, **also))
        elif not self._quiet:
            click.echo(f"{told} {transfer}")


def _is_there_already(error: Exception) -> bool:
    return isinstance(error, Kept) or getattr(error, "reason", "") == "OBJECT_EXISTS"


def _all_would_fail(error: Exception) -> bool:
    if isinstance(error, PorticoError):
        return error.reason in _ALL_WOULD_FAIL or error.code == "UNAUTHENTICATED"
    return isinstance(error, OSError) and error.errno in _NO_ROOM
