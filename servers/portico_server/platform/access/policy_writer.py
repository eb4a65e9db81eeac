"""The end of whoever keeps policies: hands them to every process of the machine (see `sharing.py`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from portico_server.platform.access import journal
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.sharing import account_of, file_name, read_file
from portico_server.platform.clock import Uptime
from portico_server.platform.private_files import make_private_folder, replace_file
from portico_server.platform.shared_words import SharedWords, Word

_SPARE_BYTES = 64 * 1024
"""So much is added to a document of any size before it is written anew; else as much as it has itself."""


class _Written(NamedTuple):
    """A file as it was left: what tells it from others, its revision, and the bytes of its document."""

    inode: int
    size_bytes: int
    modified_ns: int
    revision: int
    document_bytes: int


class PolicyWriter:
    """Its methods block for syncs: not for the event loop."""

    def __init__(self, folder: Path, words: SharedWords) -> None:
        make_private_folder(folder)
        self._folder = folder
        self._words = words
        self._uptime = Uptime()
        self._written: dict[str, _Written] = {}

    def write(
        self,
        account: str,
        policies: AccountPolicies | None,
        revision: int,
        before: tuple[AccountPolicies, int] | None = None,
        *,
        anew: bool = False,
    ) -> None:
        """Hands on what an account decides by at that revision of its own, unless something newer is there; None: there
        is no such account. `before`: what it decided by at an earlier revision; where that is what was handed on, only
        what has changed is added. `anew`: also where that revision was handed on. Raises OSError."""
        path = self._folder / file_name(account)
        with self._words.locked():
            written = self._found(account, path)
            if policies is None:
                if written is not None and written.revision < revision + anew:
                    path.unlink()
            elif written is not None and before is not None and before[1] == written.revision < revision:
                self._add(account, path, written, journal.difference(before[0], policies, revision), policies)
            elif written is None or written.revision < revision + anew:
                self._replace(account, path, policies, revision)

    def newest(self) -> int:
        """The newest revision that was handed on; 0: none."""
        paths = {account_of(path): path for path in self._folder.glob("*.json")}
        with self._words.locked():
            found = [self._found(account, path) for account, path in paths.items()]
        return max((written.revision for written in found if written is not None), default=0)

    def damaged(self, handed_on: Mapping[str, int]) -> list[str]:
        """The accounts whose files cannot be read, or do not say what was handed on any more: `handed_on` is to which
        revision each should have come."""
        files = {account_of(path): path for path in self._folder.glob("*.json")}
        with self._words.locked():
            return sorted(
                account
                for account in {*files, *handed_on}
                if account not in files or not _is_whole(files[account], handed_on.get(account, 1))
            )

    def complaints(self) -> int:
        """A number that changes when a process could not read an account's policies."""
        return self._words.words[Word.ACCESS_UNREADABLE]

    def keep_only(self, accounts: Iterable[str]) -> None:
        """Removes what was handed on of all others."""
        kept = {file_name(account) for account in accounts}
        with self._words.locked():
            for path in self._folder.glob("*.json"):
                if path.name not in kept:
                    path.unlink()

    def forget(self) -> None:
        """Takes back all that was handed on."""
        self.keep_only(())
        self._words.words[Word.ACCESS_REVISION] = 0

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

    def _found(self, account: str, path: Path) -> _Written | None:
        """What is in the place of the file; None: nothing."""
        try:
            status = os.stat(path)
        except FileNotFoundError:
            return None
        known = self._written.get(account)
        if known is None or known[:3] != _stamp(status):
            try:
                content = path.read_bytes()
            except OSError:
                content = b""
            revision, document_bytes = journal.revision_of(content), journal.document_bytes(content)
            known = self._written[account] = _Written(*_stamp(status), revision, document_bytes)
        return known

    def _add(
        self, account: str, path: Path, written: _Written, change: journal.Change, policies: AccountPolicies
    ) -> None:
        line = journal.line(change)
        most_bytes = 2 * written.document_bytes + _SPARE_BYTES
        if len(change.elements) > journal.MOST_ELEMENTS or written.size_bytes + len(line) > most_bytes:
            self._replace(account, path, policies, change.revision)
            return
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        try:
            if os.write(descriptor, line) != len(line):  # a line without an end is nobody's: the file is written anew
                raise OSError(f"{path}: the disk is full")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self._written[account] = _Written(*_stamp(os.stat(path)), change.revision, written.document_bytes)

    def _replace(self, account: str, path: Path, policies: AccountPolicies, revision: int) -> None:
        content = journal.whole(policies, revision, secrets.token_hex(8))
        replace_file(path, content)
        self._written[account] = _Written(*_stamp(os.stat(path)), revision, len(content))


def _is_whole(path: Path, revision: int) -> bool:
    """Whether a file can be read, and has come to that revision."""
    try:
        read_file(path)
        return journal.revision_of(path.read_bytes()) >= revision
    except (OSError, ValueError):
        return False


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns
