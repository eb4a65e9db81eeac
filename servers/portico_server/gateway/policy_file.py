"""The built-in policy: bindings in data/policy.toml, behind the interface that the access product will fill.

    [[bindings]]
    principals = ["accounts/default/principals/admin"]   # or a SPIFFE id: then its certificate alone names the caller
    permissions = ["*"]                                  # or "objects.*", "objects.object.*", "objects.object.read"
    resources = ["accounts/default"]                     # and all below; of a key, a prefix that ends in "/"
    access = "allow"                                     # or "deny", which wins wherever it stands

The file is read again when it changes. A broken one is logged, and the policy that was in force stays.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import structlog

from portico_server.gateway.policy import Policy, compile_policy
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.policy_bindings import PolicyError, read_bindings

POLL_SECONDS = 1.0

_log = structlog.get_logger(__name__)

_Stamp = tuple[int, int, int]


class PolicyFile:
    """An Authorizer on a file."""

    def __init__(self, path: Path, trust_domain: str) -> None:
        """Raises PolicyError, which names the file, the line and the element."""
        self._path = path
        self._trust_domain = trust_domain
        self._stamp = self._stamp_now()
        self._policy = self._load()

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        return self._policy.allows(principal.name, permission, resource)

    def filter(self, principal: Principal, permission: str, parent: str) -> Filter:
        return self._policy.filter(principal.name, permission, parent)

    def knows(self, principal: str) -> bool:
        """Whether any binding names the principal."""
        return self._policy.knows(principal)

    def certificate_principal(self, uri: str) -> Principal | None:
        """Whom a certificate with this URI makes a caller without a token: only where the policy names the SPIFFE
        id."""
        return self._policy.certificates.get(uri)

    async def watch(self) -> None:
        """Reads the file again whenever it changes, until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if self._stamp_now() != self._stamp:
                await asyncio.to_thread(self.reload_if_changed)

    def reload_if_changed(self) -> None:
        """One look at the file."""
        stamp = self._stamp_now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._policy = self._load()
        except PolicyError as error:
            _log.error(
                "policy_not_reloaded", error=str(error), remedy="mend the file; the former policy stays in force"
            )
        else:
            _log.info("policy_reloaded", file=str(self._path))

    def _load(self) -> Policy:
        return compile_policy(read_bindings(self._path), self._trust_domain)

    def _stamp_now(self) -> _Stamp | None:
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
