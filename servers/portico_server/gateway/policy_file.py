"""What an operator says of who may do what: bindings in data/policy.toml, which count beside the policies of accounts.

    [[bindings]]
    principals = ["accounts/default/principals/admin"]   # or a SPIFFE id: then its certificate alone names the caller
    permissions = ["*"]                                  # or "objects.*", "objects.object.*", "objects.object.read"
    resources = ["accounts/default"]                     # and all below; of a key, a prefix that ends in "/"
    access = "allow"                                     # or "deny", which wins wherever it stands

    [[limits]]                                           # others than the settings give; 0: no limit
    principals = ["accounts/default/principals/batch"]
    calls_per_second = 50
    call_burst = 100
    concurrent_calls = 10

There need not be a file. It is read again when it changes; one that is removed says nothing any more. A broken one is
logged, and the policy that was in force stays. Of several processes the first that has read a changed file raises a
shared word; the others look at that word before each decision, so that none decides by the old policy once one of them
decides by the new (unless the file is broken at that very moment: then each keeps to what it has read until it is
mended).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import structlog

from portico_server.gateway.policy import Policy, compile_policy
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.limits import Limits
from portico_server.platform.policy_bindings import MAX_FILE_BYTES, PolicyError, rules_of, unreadable
from portico_server.platform.shared_words import SharedWords, Word

POLL_SECONDS = 0.2

_AT_ONCE_BYTES = 16 * 1024
"""So much is read within a call, some 10 ms; a larger file waits for the next poll and a thread."""

_log = structlog.get_logger(__name__)

_SETTLED_NS = 1_000_000_000
"""A file that was changed less long ago may be changed once more and bear the same times."""


class _Stamp(NamedTuple):
    """What tells a file from one of before. The time of the last change of any kind is nobody's to choose, so that one
    which is put back is another."""

    changed_ns: int
    modified_ns: int
    size_bytes: int
    inode: int


class _Found(NamedTuple):
    """What a file says."""

    policy: Policy
    limits: Mapping[str, Limits]


_NOTHING = _Found(compile_policy((), ""), {})


class _Read(NamedTuple):
    """A file that was read: its stamp (None: there is none), whether that stands for its content, a digest of the
    content, and what it says."""

    stamp: _Stamp | None
    settled: bool
    digest: bytes
    found: _Found | PolicyError


class PolicyFile:
    """An Authorizer on a file, and the limits in it. `problem` says why the file holds something else than what is in
    force, because it cannot be used."""

    def __init__(self, path: Path, trust_domain: str, words: SharedWords | None = None) -> None:
        """`words` are those of the platform. Raises PolicyError, which names the file, the line and the element."""
        self._path = path
        self._trust_domain = trust_domain
        self._shared = words
        self._words: memoryview | list[int] = words.words if words is not None else [0]
        self._seen = self._words[Word.POLICY]
        self._stamp, self._settled, self._digest, found = self._read()
        if isinstance(found, PolicyError):
            raise found
        self._policy, self._limits = found
        self._version = 0
        self.problem = ""

    @property
    def version(self) -> int:
        """Changes with what is in force."""
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._version

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.allows(principal.name, permission, resource)

    def denies(self, principal: Principal, permission: str, resource: str) -> bool:
        """Whether a binding denies it, which is more than that none allows it."""
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.denies(principal.name, permission, resource)

    def is_operator(self, principal: Principal, resource: str) -> bool:
        """Whether a binding allows `*` on it, and none denies that."""
        return self.allows(principal, "*", resource)

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.filter(principal.name, permission, parent)

    def entries(self, principal: str, permission: str) -> Iterator[str]:
        """Every name at which it can change whether a binding allows or denies that; none: no binding bears on it."""
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.entries(principal, permission)

    def knows(self, principal: str) -> bool:
        """Whether any binding names the principal."""
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.knows(principal)

    def certificate_principal(self, uri: str) -> Principal | None:
        """Whom a certificate with this URI makes a caller without a token: only where the policy names the SPIFFE
        id."""
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.certificates.get(uri)

    def limits_of(self, principal: str) -> Limits | None:
        return self._limits.get(principal)

    async def watch(self) -> None:
        """Reads the file again whenever it changes, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._settled and self._stamp_now() == self._stamp:
                continue
            read = await asyncio.to_thread(self._read)
            # Meanwhile a call may have put something newer in force; a file that has changed since is not what was
            # read.
            if self._stamp_now() == read.stamp and self._take(read):
                self._tell_others()

    def reload_if_changed(self) -> None:
        """One look at the file; other processes are told of what is new in it."""
        if self._reload():
            self._tell_others()

    def _tell_others(self) -> None:
        if self._shared is not None and self._shared.increase(Word.POLICY) == self._seen + 1:
            self._seen += 1  # else others have told of something, too, which the next decision looks for

    def _catch_up(self) -> None:
        """Another process has read a changed file."""
        seen = self._words[Word.POLICY]  # before the file: what changes meanwhile is told anew
        stamp = self._stamp_now()
        if stamp != self._stamp and stamp is not None and stamp.size_bytes > _AT_ONCE_BYTES:
            return
        self._seen = seen
        self._reload()

    def _reload(self) -> bool:
        """Whether something new is in force."""
        return self._stamp_now() != self._stamp and self._take(self._read())

    def _take(self, read: _Read) -> bool:
        """Puts in force what was read. Whether there is something new."""
        known = read.digest == self._digest
        self._stamp, self._settled, self._digest, found = read
        if known:
            return False
        if isinstance(found, PolicyError):
            self.problem = str(found)
            _log.error(
                "policy_not_reloaded", error=str(found), remedy="mend the file; the former policy stays in force"
            )
            return False
        self._policy, self._limits = found
        self.problem = ""
        self._version += 1
        _log.info("policy_reloaded", file=str(self._path))
        return True

    def _read(self) -> _Read:
        """The stamp is of the very file that was read: another one may stand in its place a moment before and after."""
        now_ns = time.time_ns()
        try:
            with open(self._path, "rb") as file:
                stamp = _stamp_of(os.fstat(file.fileno()))
                content = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return _Read(None, True, b"", _NOTHING)
        except OSError as error:
            return _Read(None, True, str(error).encode(), unreadable(self._path, error))
        settled = not 0 <= now_ns - stamp.changed_ns < _SETTLED_NS
        return _Read(stamp, settled, hashlib.blake2b(content).digest(), self._found_in(content))

    def _found_in(self, content: bytes) -> _Found | PolicyError:
        try:
            rules = rules_of(self._path, content)
            return _Found(compile_policy(rules.bindings, self._trust_domain), rules.limits)
        except PolicyError as error:
            return error

    def _stamp_now(self) -> _Stamp | None:
        try:
            return _stamp_of(os.stat(self._path))
        except OSError:
            return None


def _stamp_of(found: os.stat_result) -> _Stamp:
    return _Stamp(found.st_ctime_ns, found.st_mtime_ns, found.st_size, found.st_ino)
