"""What has been revoked: a file to which revocations are appended, and what a process has read of it.

The file is one for all processes of the platform. Whoever appends syncs it and then raises the shared word; each call
compares that word with what its process has read, and reads the rest first where it differs. So a revocation holds in
every process before it is acknowledged. A line is a revocation; what has expired goes when the file is written anew.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from portico_server.gateway.revocation_room import may_have
from portico_server.platform.folders import sync_folder
from portico_server.platform.private_files import locked, replace_file
from portico_server.platform.revocations import Kind, Revocation, of_line, revocation_id
from portico_server.platform.shared_words import SharedWords, Word

_MANY_EXPIRED = 1_000
"""So many expired lines are worth writing the file anew."""

_log = structlog.get_logger(__name__)


class LogFull(Exception):
    """An account has as many revocations in force as it may have; the text says what to do."""

    def __init__(self, kind: Kind = Kind.TOKEN, account: str = "", most: int = 0) -> None:
        remedy = "wait until some expire, or have the operator replace the token key (portico token rotate-key)"
        if kind is not Kind.PRINCIPAL:
            remedy = f"revoke all tokens of a principal at once (portico token revoke --principal), or {remedy}"
        super().__init__(f"{account} may have {most:,} revocations of this kind in force now, and has them: {remedy}")


class RevocationLog:
    """The revocations of a platform. `now` answers seconds since 1970.

    `tokens`, `fingerprints` and `serials` answer the accounts whose token or certificate is revoked, `principals` the
    second before which tokens of a principal are. `listed` are the serial numbers that handshakes are checked against.
    """

    def __init__(self, path: Path, words: SharedWords, now: Callable[[], float] = time.time) -> None:
        """Raises OSError; ValueError, which names the file, where it holds anything else."""
        self._path = path
        self._words = words
        self._now = now
        self._reading = threading.Lock()  # the event loop reads, and so does the thread that appends
        self._all: dict[str, Revocation] = {}
        self._seen = 0  # the word, when the file was read
        self._inode = 0
        self._offset = 0  # up to where it was read
        self._forget()
        self._read()

    def refresh(self) -> None:
        """Reads what others have revoked since. Costs a look at one word where there is nothing. Raises OSError where
        that cannot be read: then nobody can tell whether a call may go on."""
        if self._words.words[Word.REVOCATIONS] == self._seen:
            return
        seen = self._words.words[Word.REVOCATIONS]
        try:
            self._read()
        except ValueError as error:
            self._seen = seen
            _log.error("revocations_not_read", error=str(error), remedy="mend the file; what was read before holds")

    def add(self, *revocations: Revocation) -> list[Revocation]:
        """Revokes, durably and in every process. Answers what holds now of the same subjects: the revocation, or an
        earlier one. Blocks for a sync. Raises LogFull, OSError, ValueError."""
        return self._add(revocations, bounded=True)

    def take_in(self, *revocations: Revocation) -> None:
        """Adds what was revoked, and judged, elsewhere, however much it is. Raises OSError, ValueError."""
        self._add(revocations, bounded=False)

    def check_room(self, revocation: Revocation) -> None:
        """Raises LogFull where the revocation would be refused; OSError, ValueError."""
        with locked(self._path.parent):
            self._read()
            self._make_room([] if self._is_known(revocation) else [revocation])

    def _add(self, revocations: Sequence[Revocation], *, bounded: bool) -> list[Revocation]:
        with locked(self._path.parent):
            self._read()
            new = [item for item in revocations if not self._is_known(item)]
            if bounded:
                self._make_room(new)
            if new:
                self._append(new)
                self._words.increase(Word.REVOCATIONS)
                self._read()
        return [self._all[item.id] for item in revocations]

    def _make_room(self, new: list[Revocation]) -> None:
        """Call with the lock held and the file read. Raises LogFull."""
        try:
            self._check_room(new)
        except LogFull:
            if len(self) == len(self.in_force()):  # to write the file anew would take others' time for nothing
                raise
            self._write_anew()
            self._check_room(new)

    def _check_room(self, new: list[Revocation]) -> None:
        counted = dict(self._of_account)
        for item in new:
            if item.id in self._all:
                continue
            most = may_have(item.kind, item.account, counted)
            if counted.get(item.account, 0) >= most:
                raise LogFull(item.kind, item.account, most)
            counted[item.account] = counted.get(item.account, 0) + 1

    def prune(self) -> None:
        """Forgets what has expired, where it is worth it. Blocks. Raises OSError, ValueError."""
        if len(self) - len(self.in_force()) < _MANY_EXPIRED:
            return
        with locked(self._path.parent):
            self._read()
            self._write_anew()

    def find(self, kind: Kind, account: str, subject: str) -> Revocation | None:
        return self._all.get(revocation_id(kind, account, subject))

    def in_force(self) -> list[Revocation]:
        return [item for item in list(self._all.values()) if self._holds(item)]

    def __len__(self) -> int:
        return len(self._all)

    def _is_known(self, revocation: Revocation) -> bool:
        known = self._all.get(revocation.id)
        if known is None or known.issued_before < revocation.issued_before or not self._holds(known):
            return False
        return bool(known.listed_serial) or not revocation.listed_serial

    def _holds(self, revocation: Revocation) -> bool:
        return revocation.expires_at > self._now()

    def _read(self) -> None:
        """Takes in what the file holds beyond what was read of it."""
        seen = self._words.words[Word.REVOCATIONS]  # before the file: what comes meanwhile is read again
        with self._reading, contextlib.suppress(FileNotFoundError), open(self._path, "rb") as file:
            inode, known = os.fstat(file.fileno()).st_ino, self._lines
            if inode != self._inode:
                self._forget()
                self._inode = inode
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):  # cut short by a crash, never acknowledged
                    break
                try:
                    # Of a file that was written anew nearly all is known: to parse it again would hold up calls.
                    self._take(line, known.get(line) or _parsed(line))
                except ValueError as error:
                    raise ValueError(f"{self._path}: byte {self._offset}: no revocation ({error})") from error
                self._offset += len(line)
        self._seen = seen

    def _take(self, line: bytes, parsed: tuple[str, Revocation]) -> None:
        self._lines[line] = parsed
        identifier, revocation = parsed
        if identifier not in self._all:
            self._of_account[revocation.account] = self._of_account.get(revocation.account, 0) + 1
        self._all[identifier] = revocation
        if revocation.listed_serial:
            self.listed.add(revocation.listed_serial)
        match revocation.kind:
            case Kind.TOKEN:
                self.tokens.setdefault(revocation.subject, set()).add(revocation.account)
            case Kind.FINGERPRINT:
                self.fingerprints.setdefault(revocation.subject, set()).add(revocation.account)
            case Kind.SERIAL:
                self.serials.setdefault(revocation.subject, set()).add(revocation.account)
            case Kind.PRINCIPAL:
                before = self.principals.get(revocation.subject, 0)
                self.principals[revocation.subject] = max(before, revocation.issued_before)

    def _append(self, revocations: list[Revocation]) -> None:
        """Call with the lock held and the file read."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb") as file:
            file.truncate(self._offset)  # what a crash has left of a line
            file.seek(self._offset)
            file.write(b"".join(item.to_line() for item in revocations))
            file.flush()
            os.fsync(descriptor)
        if self._inode == 0:
            sync_folder(self._path.parent)

    def _write_anew(self) -> None:
        """Call with the lock held and the file read."""
        replace_file(self._path, b"".join(item.to_line() for item in self.in_force()))
        self._words.increase(Word.REVOCATIONS)
        self._read()

    def _forget(self) -> None:
        self._inode = self._offset = 0
        self._all.clear()
        self._of_account: dict[str, int] = {}  # how many of each
        self._lines: dict[bytes, tuple[str, Revocation]] = {}  # with their ids
        self.tokens: dict[str, set[str]] = {}
        self.fingerprints: dict[str, set[str]] = {}
        self.serials: dict[str, set[str]] = {}
        self.principals: dict[str, int] = {}
        self.listed: set[str] = set()


def _parsed(line: bytes) -> tuple[str, Revocation]:
    """Raises ValueError."""
    revocation = of_line(line)
    return revocation.id, revocation
