"""Leases: of all processes that share a database, one holds a name, until it releases it or stops renewing it.

A lease is a row with an expiry and a fence, a number that grows with every new holder. Whoever writes in the name of a
lease puts `lease.guard()` and `lease.lock` into the batch: then a holder that was thought dead cannot write once
another has taken over, however late its batch arrives. Expiry is judged by each process's own clock, so clocks must
not differ by as much as `LIFETIME_SECONDS`; the fence holds even where they do. An expiry that lies further ahead than
any is written was made by a clock that has been set back since, and counts as past. So does one whose holder has
certainly died (`process_identity.py`): what a process of this machine left behind goes on at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable

from portico_server.platform import process_identity
from portico_server.platform.clock import Clock
from portico_server.platform.database import ANY, Batch, Database, DatabaseError, GuardFailed, Statement

LIFETIME_SECONDS = 30.0
"""How long a lease lasts that is not renewed: so long may its work stand still after its holder's machine died."""

RENEWAL_SECONDS = 10.0

FURTHEST_SECONDS = 25 * 3600.0
"""How far ahead an expiry may lie; `Lease.keep_until` puts it there."""

_FURTHEST_US = int(FURTHEST_SECONDS * 1e6)
_LIFETIME_US = int(LIFETIME_SECONDS * 1e6)
_FORGOTTEN_AFTER_US = 24 * 3600 * 1_000_000

_ACQUIRE = """
INSERT INTO platform_lease (name, holder, fence, expires_at_us) VALUES ($1, $2, $3, $4)
ON CONFLICT (name) DO UPDATE SET
  holder = excluded.holder,
  fence = CASE WHEN excluded.fence > platform_lease.fence THEN excluded.fence ELSE platform_lease.fence + 1 END,
  expires_at_us = excluded.expires_at_us
WHERE platform_lease.expires_at_us <= $3 OR platform_lease.expires_at_us > $5
RETURNING fence"""
_GET = "SELECT holder, fence, expires_at_us FROM platform_lease WHERE name = $1"
_TAKE_OVER = """
UPDATE platform_lease SET holder = $2, fence = CASE WHEN $3 > fence THEN $3 ELSE fence + 1 END, expires_at_us = $4
WHERE name = $1 AND holder = $5 AND fence = $6 RETURNING fence"""
_LEAVE = "UPDATE platform_lease SET expires_at_us = $4, holder = '' WHERE name = $1 AND holder = $2 AND fence = $3"
_RENEW = "UPDATE platform_lease SET expires_at_us = $4 WHERE name = $1 AND holder = $2 AND fence = $3"
_RELEASE = "DELETE FROM platform_lease WHERE name = $1 AND holder = $2 AND fence = $3"
_FORGET = "DELETE FROM platform_lease WHERE expires_at_us <= $1"
_HOLDS = "SELECT 1 FROM platform_lease WHERE name = $1 AND holder = $2 AND fence = $3"


class LeaseLost(Exception):
    """Another holder has taken the lease over."""


class Lease:
    """A lease that was acquired."""

    def __init__(self, leases: Leases, name: str, fence: int, expires_at_us: int) -> None:
        self.name = name
        self.fence = fence
        self.expires_at_us = expires_at_us
        self._leases = leases

    @property
    def lock(self) -> str:
        """For `Batch.locks`, beside the guard."""
        return _lock(self.name)

    def guard(self) -> Statement:
        """For a batch: fails, with the reason `lease`, if another has taken over."""
        return Statement(_HOLDS, self._key, 1, "lease")

    async def renew(self) -> None:
        """Puts the expiry off. Raises LeaseLost."""
        expires_at_us = self._leases.clock.now_us() + _LIFETIME_US
        await self._write(_RENEW, expires_at_us)
        self.expires_at_us = expires_at_us

    async def release(self) -> None:
        """Lets go. A lease that was lost is left to its new holder."""
        with contextlib.suppress(LeaseLost):
            await self._write(_RELEASE)

    async def keep_until(self, at_us: int) -> None:
        """Lets go, but nobody may take it before that time (microseconds since 1970).

        Raises LeaseLost; ValueError for a time beyond `FURTHEST_SECONDS`.
        """
        if at_us > self._leases.clock.now_us() + _FURTHEST_US:
            raise ValueError(f"a lease cannot be kept for more than {FURTHEST_SECONDS:g} s")
        await self._write(_LEAVE, at_us)

    @property
    def _key(self) -> tuple[str, str, int]:
        return self.name, self._leases.holder, self.fence

    async def _write(self, sql: str, *args: int) -> None:
        try:
            await self._leases.database.batch(Batch([Statement(sql, (*self._key, *args))], [self.lock], frees=True))
        except GuardFailed:
            raise LeaseLost(f"another process has taken over {self.name}") from None


class Leases:
    """The leases of one database, as one process sees them."""

    def __init__(self, database: Database, clock: Clock, holder: str = "") -> None:
        self.database = database
        self.clock = clock
        self.holder = holder or f"{process_identity.own()} {secrets.token_hex(8)}"

    async def acquire(self, name: str) -> Lease | None:
        """The lease, for `LIFETIME_SECONDS`; None while another holds it."""
        now_us = self.clock.now_us()
        expires_at_us = now_us + _LIFETIME_US
        rows = await self.database.read(_GET, name)
        if rows and now_us < rows[0][2] <= now_us + _FURTHEST_US:
            holder, fence, _ = rows[0]
            if not process_identity.is_dead(holder.partition(" ")[0]):
                return None
            taking = Statement(_TAKE_OVER, (name, self.holder, now_us, expires_at_us, holder, fence), ANY)
        else:
            taking = Statement(_ACQUIRE, (name, self.holder, now_us, expires_at_us, now_us + _FURTHEST_US), ANY)
        (done,) = await self.database.batch(Batch([taking], [_lock(name)], frees=True))
        return Lease(self, name, done.rows[0][0], expires_at_us) if done.rows else None

    async def forget_expired(self) -> None:
        """Removes the rows of holders that died more than a day ago. For a job."""
        await self.database.batch(
            Batch([Statement(_FORGET, (self.clock.now_us() - _FORGOTTEN_AFTER_US,), ANY)], frees=True)
        )

    async def hold(self, lease: Lease, work: Callable[[Lease], Awaitable[None]]) -> None:
        """Does the work while renewing the lease. The work is cancelled when the lease is lost (LeaseLost)."""
        task = asyncio.ensure_future(work(lease))
        try:
            while not (await asyncio.wait({task}, timeout=RENEWAL_SECONDS))[0]:
                await self._renew(lease)
        except BaseException:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        await task

    async def _renew(self, lease: Lease) -> None:
        """A database that is away for a moment does not end the work while the lease still lasts."""
        try:
            await lease.renew()
        except DatabaseError as error:
            if self.clock.now_us() >= lease.expires_at_us:
                raise LeaseLost(f"{lease.name} could not be renewed in time: {error}") from error


def _lock(name: str) -> str:
    return f"lease {name}"
