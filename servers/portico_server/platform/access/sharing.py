"""Policies between the processes of a platform: a folder with a file an account, and two shared words.

Whoever keeps the policies (`policy_writer.py`) writes what has changed of an account into its file (`journal.py`), and
raises a word before the change is acknowledged. Each process looks at that word before it decides, and reads first what
is new where it differs: so none decides by the old policies once a change was acknowledged. The other word is a clock:
the second of the machine's uptime in which a keeper last knew that nothing newer is in the store. Whoever reads a clock
that stands refuses, after a while (`MAX_AGE_SECONDS`); to set the machine's clock back does not make it longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import structlog

from portico_server.platform.access import journal
from portico_server.platform.access.journal import Journal
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.clock import Uptime
from portico_server.platform.shared_words import SharedWords, Word

FOLDER = "account-policies"
"""In the platform's run folder, where each process has a folder of its name: products have no hyphens."""

MAX_AGE_SECONDS = 60
"""So long policies are in force that nobody has compared with the store."""

_log = structlog.get_logger(__name__)


class _Known(NamedTuple):
    """How far a file was read: what tells it from others, its first line, and the byte behind the last whole line."""

    stamp: tuple[int, int, int]
    head: bytes
    end: int


class SharedPolicies:
    """The end of whoever decides: `current` answers the snapshot, None where no policies are kept here.

    `unreadable`: the accounts, and why, whose policies cannot be read, so that they may deny anything; as of `current`.
    """

    def __init__(
        self,
        folder: Path,
        words: SharedWords,
        permissions: Iterable[str],
        now: Callable[[], int] | None = None,
    ) -> None:
        self._folder = folder
        self._shared = words
        self._words = words.words
        self._now = now or Uptime().mark
        self._snapshot = Snapshot.compile((), permissions)
        self._known: dict[str, _Known] = {}
        self._seen = 0
        self.unreadable: dict[str, str] = {}

    def current(self) -> Snapshot | None:
        """By what was last told. A document that cannot be read makes its account `unreadable`."""
        if self._words[Word.ACCESS] != self._seen:
            self._read()
        return self._snapshot if self._known or self.unreadable else None

    def is_fresh(self) -> bool:
        """Whether somebody has compared them with the store lately."""
        return Uptime.seconds_between(self._words[Word.ACCESS_TIME], self._now()) < MAX_AGE_SECONDS

    @property
    def revision(self) -> int:
        """By which revision of the store, or a newer one, `current` decides."""
        return self._words[Word.ACCESS_REVISION]

    def knows(self, principal: str) -> bool:
        """Whether the principal belongs to any account."""
        self.current()
        return self._snapshot.knows(principal)

    def _read(self) -> None:
        seen = self._words[Word.ACCESS]  # before the files: what comes meanwhile is read again
        found: dict[str, _Known] = {}
        unreadable: dict[str, str] = {}
        for path in sorted(self._folder.glob("*.json")):
            account = account_of(path)
            known = self._known.get(account)
            try:
                if known is not None and known.stamp == _stamp(os.stat(path)):
                    found[account] = known
                else:
                    found[account] = self._read_one(path, account)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                unreadable[account] = str(error)
        for account in self._known.keys() - found.keys():
            self._snapshot = self._snapshot.without_account(account)
        for account in unreadable.keys() - self.unreadable.keys():
            _log.error(
                "policies_not_read", account=account, error=unreadable[account], remedy="restart the access product"
            )
        self._known, self.unreadable, self._seen = found, unreadable, seen
        if unreadable:
            self._shared.increase(Word.ACCESS_UNREADABLE)

    def _read_one(self, path: Path, account: str) -> _Known:
        """Puts into the snapshot what is new in the file. Raises OSError, ValueError."""
        known = self._known.get(account)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            stamp = _stamp(status)
            if known is not None and known.head == file.read(len(known.head)):
                if status.st_size < known.end:
                    raise ValueError("lacks what was read in it before")
                file.seek(known.end)
                found = journal.read_on(file.read(), known.end)
                if sum(len(change.elements) for change in found.changes) <= journal.MOST_ELEMENTS:
                    snapshot = self._snapshot
                    for change in found.changes:
                        snapshot = journal.applied(snapshot, account, change)
                    self._snapshot = snapshot
                    return _Known(stamp, known.head, found.end)
            file.seek(0)
            content = file.read()
        whole = _judged(path, content)
        self._snapshot = self._snapshot.with_account(whole.policies())
        return _Known(stamp, journal.head_of(content), whole.end)


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def account_of(path: Path) -> str:
    """Whose policies a file has."""
    return f"accounts/{path.stem}"


def file_name(account: str) -> str:
    return f"{account.removeprefix('accounts/')}.json"


def read_file(path: Path) -> Journal:
    """An account's policies, as they were handed on. Raises OSError, ValueError."""
    return _judged(path, path.read_bytes())


def _judged(path: Path, content: bytes) -> Journal:
    found = journal.read(content)
    if found.document is None or found.document.account != account_of(path):
        raise ValueError("holds the policies of another account")
    return found
