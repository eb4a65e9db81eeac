"""Revocation as the gateway opens it: the log of this machine and, with PostgreSQL, the table of all nodes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from importlib import resources

import structlog

from portico_server.gateway.revocation_list import OPERATORS_LIST, OperatorsList
from portico_server.gateway.revocation_log import LogFull, RevocationLog
from portico_server.gateway.revocation_nodes import SharedRevocations
from portico_server.gateway.revocations import Add
from portico_server.gateway.revoked import NoteSerial
from portico_server.platform.database import DatabaseError
from portico_server.platform.keyring.authorities import Authorities
from portico_server.platform.product import Databases
from portico_server.platform.revocations import FILE, Kind, Revocation
from portico_server.platform.settings import Settings
from portico_server.platform.shared_words import SharedWords

PRUNING_SECONDS = 3600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Revocations:
    """`log` says what is revoked, `add` revokes. `age_seconds` answers how old the knowledge of other nodes is.
    `note_serial` has handshakes refuse a certificate whose number was not known when it was revoked. `problem` answers
    why the operator's list cannot be used, if it cannot."""

    log: RevocationLog
    add: Add
    age_seconds: Callable[[], float]
    note_serial: NoteSerial
    problem: Callable[[], str]


@contextlib.asynccontextmanager
async def open_revocations(
    settings: Settings, words: SharedWords, databases: Databases | None, authorities: Authorities
) -> AsyncIterator[Revocations]:
    """Opens the log in the keys' folder, and keeps it up to date, also with the operator's list, which must be of one
    of the authorities. Raises OSError, ValueError, DatabaseError."""
    log = RevocationLog(settings.data / "keys" / FILE, words)
    shared: SharedRevocations | None = None
    if databases is not None and settings.database != "sqlite":
        database = await databases.open("gateway", resources.files("portico_server.gateway") / "migrations")
        shared = SharedRevocations(database, log)
        await shared.read()  # before the first call: this node may have been away
    add = shared.add if shared is not None else functools.partial(_add, log)
    listed = OperatorsList(settings.data / OPERATORS_LIST, authorities, log)
    await asyncio.to_thread(listed.look)  # before the first call
    tasks = [asyncio.create_task(_prune(log, shared)), asyncio.create_task(listed.follow())]
    if shared is not None:
        tasks.append(asyncio.create_task(shared.follow()))
    try:
        yield Revocations(
            log,
            add,
            lambda: time.monotonic() - shared.fresh_at if shared is not None else 0.0,
            Noting(log, add),
            lambda: listed.problem,
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _add(log: RevocationLog, revocation: Revocation) -> Revocation:
    return (await asyncio.to_thread(log.add, revocation))[0]


class Noting:
    """Notes the serial numbers of certificates as they are refused, once each, in the background."""

    def __init__(self, log: RevocationLog, add: Add) -> None:
        self._log = log
        self._add = add
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def __call__(self, kind: Kind, account: str, subject: str, serial: str) -> None:
        if serial not in self._tasks:
            self._tasks[serial] = task = asyncio.create_task(self._note(kind, account, subject, serial))
            task.add_done_callback(lambda _: self._tasks.pop(serial))

    async def _note(self, kind: Kind, account: str, subject: str, serial: str) -> None:
        known = self._log.find(kind, account, subject)
        if known is None:
            return
        try:
            await self._add(dataclasses.replace(known, listed_serial=serial))
        except (OSError, ValueError, LogFull, DatabaseError) as error:
            _log.error("revoked_certificate_not_listed", serial=serial, error=str(error))


async def _prune(log: RevocationLog, shared: SharedRevocations | None) -> None:
    while True:
        await asyncio.sleep(PRUNING_SECONDS)
        try:
            await asyncio.to_thread(log.prune)
            if shared is not None:
                await shared.prune()
        except (OSError, ValueError, DatabaseError) as error:
            _log.error("revocations_not_pruned", error=str(error))
