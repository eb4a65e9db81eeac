"""Keeps what expires fresh while the platform runs: the node's certificate, and the administrator's profile."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable, Coroutine
from typing import Any

from cryptography import x509

from portico_server.host.supervisor.clock import is_due, renewal_time
from portico_server.platform.keyring.keyring import KeyPair

PATIENCE_SECONDS = 60.0
"""How long to wait at most before the clock is looked at again (the machine may sleep, or its clock be set), and after
a failure (a full disk)."""
PROFILE_SECONDS = 3600.0

Tell = Callable[[str], None]
"""Takes what is wrong; empty: nothing any more."""


async def unending(begin: Callable[[], Coroutine[Any, Any, None]], tell: Tell) -> None:
    """For ever: does what is to be done for ever, and begins it again where it failed in a way that nobody expected."""
    while True:
        try:
            await begin()
        except Exception as error:
            tell(f"it failed, and begins again in a minute: {error!r}")
        await asyncio.sleep(PATIENCE_SECONDS)
        tell("")


async def renew_node_certificate(
    current: Callable[[], KeyPair],
    lifetime_seconds: int,
    renew: Callable[[], None],
    tell: Tell,
) -> None:
    """For ever: replaces the node's certificate when a third of its life is left, and tries again until that works."""
    while True:
        await _until_due(current, lifetime_seconds)
        try:
            renew()
            tell("")
        except OSError as error:
            tell(f"it cannot be renewed: {error}")
            await asyncio.sleep(PATIENCE_SECONDS)


async def refresh_profile(refresh: Callable[[], None], tell: Tell) -> None:
    """For ever: looks every hour whether the profile needs a new certificate or token."""
    while True:
        await asyncio.sleep(PROFILE_SECONDS)
        try:
            await asyncio.to_thread(refresh)  # it waits for programs that have the profile's lock
            tell("")
        except OSError as error:
            tell(f"the administrator's cannot be renewed: {error}")


async def _until_due(current: Callable[[], KeyPair], lifetime_seconds: int) -> None:
    """A certificate is backdated for clients whose clock is behind; its life begins when it was made. It may be
    replaced meanwhile, because the authority changes."""
    while True:
        certificate = x509.load_pem_x509_certificate(current().certificate_pem)
        end = certificate.not_valid_after_utc
        begin = end - datetime.timedelta(seconds=lifetime_seconds)
        if is_due(certificate, begin):
            return
        left = renewal_time(begin, end) - datetime.datetime.now(datetime.UTC)
        await asyncio.sleep(min(max(left.total_seconds(), 0.01), PATIENCE_SECONDS))
