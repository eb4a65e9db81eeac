"""Keeps further issuers and their keys in force: watches `issuers.toml` and the files that it names, fetches JWK sets.

What cannot be used changes nothing: the former stays in force, and the log, the doctor and a metric say so. The last
good set of each URL is kept in the data directory, for a start while its server is away.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from portico_server.host.envoy.jwt import TrustedIssuer
from portico_server.host.supervisor.in_force import InForce
from portico_server.host.supervisor.jwks import fetch
from portico_server.platform.issuers import FILE, IN_FORCE, Issuer, IssuersError, parse_issuers, read_issuers
from portico_server.platform.keyring.foreign_keys import MAX_SET_BYTES, believed_keys
from portico_server.platform.keyring.identity import issuer_of
from portico_server.platform.private_files import make_private_folder, replace_file
from portico_server.platform.settings import Settings

POLL_SECONDS = 0.5
RETRY_SECONDS = 30.0
"""After a fetch that failed, where the issuer's own time is not shorter."""
FOLDER = "issuers"
"""In the data directory: the last good JWK set of each URL."""

_RUN_FOLDER = "the run folder"
_Source = tuple[str, str, tuple[str, ...]]
"""Issuer, where its keys are from, and which are believed: keys of another source are never taken for this one's."""


class Issuers:
    """The further issuers of a platform that runs."""

    def __init__(self, settings: Settings, in_force: InForce, complain: Callable[[str], None]) -> None:
        self._settings = settings
        self._in_force = in_force
        self._complain = complain
        self._own = issuer_of(settings.trust_domain)
        self._text = ""
        self._issuers: dict[str, Issuer] = {}
        self._keys: dict[_Source, dict[str, Any]] = {}
        self._problems: dict[str, str] = {}
        self._due: dict[_Source, float] = {}
        self._fetches: dict[_Source, asyncio.Task[None]] = {}
        self._stamp: object = None
        self._published: tuple[bytes, list[TrustedIssuer]] = b"", []

    def put_in_force(self) -> None:
        """What the files say now. Raises OSError where the run folder cannot be written."""
        stamp = self._stamp_now()
        if stamp != self._stamp:
            self._stamp = stamp  # before the files: what comes meanwhile is read again
            self._read()
        self._publish()

    async def keep_fresh(self) -> None:
        """For ever."""
        try:
            while True:
                try:
                    self.put_in_force()
                    self._say(_RUN_FOLDER, "")
                except OSError as error:
                    self._say(_RUN_FOLDER, str(error))
                self._start_fetches()
                await asyncio.sleep(POLL_SECONDS)
        finally:
            for task in self._fetches.values():
                task.cancel()

    def _read(self) -> None:
        path, before = self._settings.data / FILE, self._issuers
        try:
            self._text = read_issuers(path, self._own)
            self._issuers = parse_issuers(self._text, self._own)
            self._say(FILE, "")
        except IssuersError as error:
            self._say(FILE, str(error))
        sources = {_source(issuer) for issuer in self._issuers.values()}
        for gone in (self._keys.keys() | self._due.keys()) - sources:
            self._keys.pop(gone, None)
            self._due.pop(gone, None)
        for name in self._problems.keys() - {FILE, *self._issuers}:
            del self._problems[name]
        for issuer in self._issuers.values():
            if issuer.jwks_file:
                self._take(issuer, self._settings.data / issuer.jwks_file)
            elif before.get(issuer.issuer) != issuer:
                self._due[_source(issuer)] = 0.0
                if _source(issuer) not in self._keys and self._kept(issuer).exists():
                    self._take(issuer, self._kept(issuer))

    def _take(self, issuer: Issuer, path: Path) -> None:
        try:
            with path.open("rb") as file:
                content = file.read(MAX_SET_BYTES + 1)
            self._keys[_source(issuer)] = believed_keys(content, issuer.algorithms)
            self._say(issuer.issuer, "")
        except (OSError, ValueError) as error:
            self._say(issuer.issuer, f"{path}: {error}")

    def _start_fetches(self) -> None:
        for issuer in self._issuers.values():
            source = _source(issuer)
            if issuer.jwks_url and self._due[source] <= time.monotonic() and source not in self._fetches:
                task = self._fetches[source] = asyncio.create_task(self._fetch(issuer))
                task.add_done_callback(functools.partial(self._fetched, source))

    def _fetched(self, source: _Source, task: asyncio.Task[None]) -> None:
        del self._fetches[source]

    async def _fetch(self, issuer: Issuer) -> None:
        source, wait_seconds, problem = _source(issuer), float(issuer.refresh_seconds), ""
        try:
            ca_file = self._settings.data / issuer.ca_file if issuer.ca_file else None
            content = await fetch(issuer.jwks_url, ca_file)
            keys = believed_keys(content, issuer.algorithms)
            if self._issuers.get(issuer.issuer) != issuer:
                return  # others are asked for meanwhile
            if keys != self._keys.get(source) or not self._kept(issuer).exists():
                self._keys[source] = keys
                make_private_folder(self._settings.data / FOLDER)
                replace_file(self._kept(issuer), content)
        except (OSError, ValueError) as error:
            problem = f"{issuer.jwks_url}: {error or type(error).__name__}"
            wait_seconds = min(wait_seconds, RETRY_SECONDS)
        if self._issuers.get(issuer.issuer) == issuer:
            self._say(issuer.issuer, problem)
            self._due[source] = time.monotonic() + wait_seconds

    def _publish(self) -> None:
        """First whom they name, then whose tokens are good: no process knows a token without its mapping."""
        trusted = [
            TrustedIssuer(issuer.issuer, issuer.audiences, self._keys[_source(issuer)])
            for issuer in self._issuers.values()
            if _source(issuer) in self._keys
        ]
        problems = [f"{name}: {problem}" for name, problem in sorted(self._problems.items())]
        keys = {issuer.issuer: issuer.jwks for issuer in trusted}
        told = json.dumps({"text": self._text, "problems": problems, "keys": keys}).encode()
        told_before, trusted_before = self._published
        if told != told_before:
            replace_file(self._settings.run / IN_FORCE, told)
        if trusted != trusted_before:  # each time Envoy forgets which tokens it has verified
            self._in_force.use_issuers(trusted)
        self._published = told, trusted

    def _say(self, name: str, problem: str) -> None:
        """Once for each problem, and once when it is over."""
        if problem == self._problems.get(name, ""):
            return
        if problem:
            self._problems[name] = problem
            self._complain(f"issuers: {name}: {problem}; what was in force before stays")
        else:
            del self._problems[name]
            self._complain(f"issuers: {name}: mended")

    def _kept(self, issuer: Issuer) -> Path:
        name = hashlib.sha256(f"{issuer.issuer}\n{issuer.jwks_url}".encode()).hexdigest()
        return self._settings.data / FOLDER / f"{name}.json"

    def _stamp_now(self) -> object:
        """Of all files that are looked at; differs when one is replaced."""
        names = [FILE, *(issuer.jwks_file for issuer in self._issuers.values() if issuer.jwks_file)]
        return [(name, _stamp_of(self._settings.data / name)) for name in names]


def _source(issuer: Issuer) -> _Source:
    return issuer.issuer, issuer.jwks_url or issuer.jwks_file, issuer.algorithms


def _stamp_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
