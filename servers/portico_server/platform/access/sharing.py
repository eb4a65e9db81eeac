"""Policies between the processes of a platform: a folder with a document an account, and two shared words.

Whoever keeps the policies writes the document of a changed account, by rename, and raises a word before the change is
acknowledged. Each process looks at that word before it decides, and reads first what is new where it differs: so none
decides by the old policies once a change was acknowledged. The other word is a clock: the second of the machine's
uptime in which a keeper last knew that nothing newer is in the store. Whoever reads a clock that stands refuses, after
a while (`MAX_AGE_SECONDS`); to set the machine's clock back does not make it longer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from portico_server.platform.access.documents import of_document, to_document
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.clock import Uptime
from portico_server.platform.private_files import make_private_folder, replace_file
from portico_server.platform.shared_words import SharedWords, Word

FOLDER = "account-policies"
"""In the platform's run folder, where each process has a folder of its name: products have no hyphens."""

MAX_AGE_SECONDS = 60
"""So long policies are in force that nobody has compared with the store."""

_Stamp = tuple[int, int, int]

_log = structlog.get_logger(__name__)


class PolicyWriter:
    """The end of whoever keeps policies. Its methods block for syncs: not for the event loop."""

    def __init__(self, folder: Path, words: SharedWords) -> None:
        make_private_folder(folder)
        self._folder = folder
        self._words = words
        self._uptime = Uptime()

    def write(self, account: str, policies: AccountPolicies | None, revision: int) -> None:
        """Hands on what an account decides by at that revision, unless something newer is there; None: there is no such
        account. Raises OSError."""
        path = self._folder / f"{account.removeprefix('accounts/')}.json"
        with self._words.locked():
            if policies is not None:
                if _revision_of(path) < revision:
                    replace_file(path, to_document(policies, revision))
            elif path.exists() and _revision_of(path) < revision:
                path.unlink()

    def unreadable(self) -> list[str]:
        """The accounts whose documents cannot be read, so that everything in them is refused."""
        found: list[str] = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                _read_document(path)
            except FileNotFoundError:
                continue
            except (OSError, ValueError):
                found.append(_account_of(path))
        return found

    def complaints(self) -> int:
        """A number that changes when a process could not read a document."""
        return self._words.words[Word.ACCESS_UNREADABLE]

    def keep_only(self, accounts: Iterable[str]) -> None:
        """Removes the documents of all others."""
        kept = {f"{account.removeprefix('accounts/')}.json" for account in accounts}
        with self._words.locked():
            for path in self._folder.glob("*.json"):
                if path.name not in kept:
                    path.unlink()

    def tell(self) -> None:
        """Has every process read what was written before it decides again."""
        self._words.increase(Word.ACCESS)

    def has_handed_on(self, revision: int) -> None:
        """All that the store had at that revision was written and told."""
        with self._words.locked():
            words = self._words.words
            words[Word.ACCESS_REVISION] = max(words[Word.ACCESS_REVISION], revision)

    def is_fresh(self) -> None:
        """Nothing newer is in the store than what was handed on."""
        self._words.words[Word.ACCESS_TIME] = self._uptime.mark()


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
        self._stamps: dict[str, _Stamp] = {}
        self._members: dict[str, frozenset[str]] = {}
        self._seen = 0
        self.unreadable: dict[str, str] = {}

    def current(self) -> Snapshot | None:
        """By what was last told. A document that cannot be read makes its account `unreadable`."""
        if self._words[Word.ACCESS] != self._seen:
            self._read()
        return self._snapshot if self._stamps or self.unreadable else None

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
        return any(principal in members for members in self._members.values())

    def _read(self) -> None:
        seen = self._words[Word.ACCESS]  # before the files: what comes meanwhile is read again
        found: dict[str, _Stamp] = {}
        unreadable: dict[str, str] = {}
        for path in sorted(self._folder.glob("*.json")):
            account = _account_of(path)
            try:
                found[account] = self._read_one(path, account)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                unreadable[account] = str(error)
        for account in self._stamps.keys() - found.keys():
            self._snapshot = self._snapshot.without_account(account)
            self._members.pop(account, None)
        for account in unreadable.keys() - self.unreadable.keys():
            _log.error(
                "policies_not_read", account=account, error=unreadable[account], remedy="restart the access product"
            )
        self._stamps, self.unreadable, self._seen = found, unreadable, seen
        if unreadable:
            self._shared.increase(Word.ACCESS_UNREADABLE)

    def _read_one(self, path: Path, account: str) -> _Stamp:
        status = os.stat(path)
        stamp = status.st_mtime_ns, status.st_size, status.st_ino
        if self._stamps.get(account) != stamp:
            policies, _ = _read_document(path)
            self._snapshot = self._snapshot.with_account(policies)
            self._members[account] = policies.principals
        return stamp


def _account_of(path: Path) -> str:
    return f"accounts/{path.stem}"


def _read_document(path: Path) -> tuple[AccountPolicies, int]:
    """Raises OSError, ValueError."""
    policies, revision = of_document(path.read_bytes())
    if policies.account != _account_of(path):
        raise ValueError(f"holds the policies of {policies.account}")
    return policies, revision


def _revision_of(path: Path) -> int:
    """0 where there is no document, or none that can be read."""
    try:
        return _read_document(path)[1]
    except (OSError, ValueError):
        return 0
