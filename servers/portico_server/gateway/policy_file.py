"""The built-in policy: bindings in data/policy.toml, behind the interface that the access product will fill.

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

The file is read again when it changes. A broken one is logged, and the policy that was in force stays. Of several
processes the first that has read a changed file raises a shared word; the others look at that word before each
decision, so that none decides by the old policy once one of them decides by the new.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import structlog

from portico_server.gateway.policy import Policy, compile_policy
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.limits import Limits
from portico_server.platform.policy_bindings import PolicyError, read_rules
from portico_server.platform.shared_words import SharedWords, Word

POLL_SECONDS = 0.2

_AT_ONCE_BYTES = 16 * 1024
"""So much is read within a call, some 10 ms; a larger file waits for the next poll and a thread."""

_log = structlog.get_logger(__name__)

_Stamp = tuple[int, int, int]


class _Found(NamedTuple):
    """What a file says."""

    policy: Policy
    limits: Mapping[str, Limits]


class PolicyFile:
    """An Authorizer on a file, and the limits in it. `version` changes with what is in force; `problem` says why the
    file holds something else than that, because it cannot be used."""

    def __init__(self, path: Path, trust_domain: str, words: SharedWords | None = None) -> None:
        """`words` are those of the platform. Raises PolicyError, which names the file, the line and the element."""
        self._path = path
        self._trust_domain = trust_domain
        self._shared = words
        self._words: memoryview | list[int] = words.words if words is not None else [0]
        self._seen = self._words[Word.POLICY]
        self._stamp = self._stamp_now()
        self._policy, self._limits = self._load()
        self.version = 0
        self.problem = ""

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.allows(principal.name, permission, resource)

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        if self._words[Word.POLICY] != self._seen:
            self._catch_up()
        return self._policy.filter(principal.name, permission, parent)

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
            stamp = self._stamp_now()
            if stamp == self._stamp:
                continue
            found = await asyncio.to_thread(self._read)
            # Meanwhile a call may have put this, or something newer, in force; and a file that has changed since is not
            # what was read.
            if self._stamp_now() == stamp != self._stamp and self._take(stamp, found):
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
        if stamp != self._stamp and stamp is not None and stamp[1] > _AT_ONCE_BYTES:
            return
        self._seen = seen
        self._reload()

    def _reload(self) -> bool:
        """Whether something new is in force."""
        stamp = self._stamp_now()
        return stamp != self._stamp and self._take(stamp, self._read())

    def _take(self, stamp: _Stamp | None, found: _Found | PolicyError) -> bool:
        """Puts in force what was found in the file of this stamp. Whether there is something new."""
        self._stamp = stamp
        if isinstance(found, PolicyError):
            self.problem = str(found)
            _log.error(
                "policy_not_reloaded", error=str(found), remedy="mend the file; the former policy stays in force"
            )
            return False
        self._policy, self._limits = found
        self.problem = ""
        self.version += 1
        _log.info("policy_reloaded", file=str(self._path))
        return True

    def _read(self) -> _Found | PolicyError:
        try:
            return self._load()
        except PolicyError as error:
            return error

    def _load(self) -> _Found:
        rules = read_rules(self._path)
        return _Found(compile_policy(rules.bindings, self._trust_domain), rules.limits)

    def _stamp_now(self) -> _Stamp | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
