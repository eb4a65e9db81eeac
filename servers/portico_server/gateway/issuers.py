"""Which issuers' tokens name whom, as it is in force: what the supervisor has put into the run folder."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from portico_server.platform.issuers import IN_FORCE, Issuer, IssuersError, parse_issuers

POLL_SECONDS = 0.2

_log = structlog.get_logger(__name__)


class Issuers:
    """The platform's own issuer and the further ones. `on_change` is called when others, or other mappings, come into
    force: what was concluded from the former must be forgotten. `problems` counts what is wrong with them."""

    def __init__(self, own: str = "", run: Path | None = None) -> None:
        """`own` empty: there is no other issuer (for tests of what has nothing to do with them)."""
        self.own = own
        self.problems = 0
        self.on_change: Callable[[], None] = lambda: None
        self._path = run / IN_FORCE if run is not None else None
        self._stamp: tuple[int, int, int] | None = None
        self._text = ""
        self._foreign: dict[str, Issuer] = {}
        self._keys: dict[str, list[dict[str, str]]] = {}
        self.refresh()

    def is_own(self, issuer: object) -> bool:
        return issuer == self.own or not self.own

    def find(self, issuer: object) -> Issuer | None:
        """A further issuer. Looks at the file: Envoy may believe a new issuer before the next poll."""
        self.refresh()
        return self._foreign.get(issuer) if isinstance(issuer, str) else None

    def keys_of(self, issuer: Issuer) -> list[dict[str, str]]:
        """The public keys (JWK) that are believed of a further issuer, each with its one algorithm (`alg`)."""
        return self._keys.get(issuer.issuer, [])

    async def watch(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.refresh()

    def refresh(self) -> None:
        """One look at the file. What cannot be read leaves what is in force; the supervisor writes none such."""
        if self._path is None:
            return
        try:
            found = os.stat(self._path)
            stamp = found.st_mtime_ns, found.st_size, found.st_ino
            if stamp == self._stamp:
                return
            content = self._path.read_bytes()
        except OSError:  # looked at again with the next poll
            return
        self._stamp = stamp
        try:
            self._use(json.loads(content))
        except (ValueError, KeyError, TypeError, IssuersError) as error:
            _log.error("issuers_not_read", error=str(error), remedy="start the platform again")

    def _use(self, content: dict[str, Any]) -> None:
        self.problems = len(content["problems"])
        self._keys = {issuer: jwks["keys"] for issuer, jwks in content.get("keys", {}).items()}
        if content["text"] != self._text:
            self._foreign = parse_issuers(content["text"], self.own)
            self._text = content["text"]
            self.on_change()
