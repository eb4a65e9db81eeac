"""Keeps what expires fresh while the platform runs: the node's certificate, and the administrator's profile."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

from cryptography import x509

from portico_server.host.supervisor.clock import expires_soon, renewal_time
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.keyring import KeyPair

_LONGEST_SLEEP_SECONDS = 60.0
"""The machine may sleep or its clock be set: look at the clock again and again rather than once for a long time."""
_PROFILE_SECONDS = 3600.0


async def renew_node_certificate(
    keyring: Keyring, lifetime_seconds: int, current: KeyPair, use: Callable[[KeyPair], None]
) -> None:
    """For ever: replaces the node's certificate when a third of its life is left."""
    while True:
        certificate = x509.load_pem_x509_certificate(current.certificate_pem)
        # It is backdated for clients whose clock is behind; its life here begins when it was made.
        end = certificate.not_valid_after_utc
        begin = end - datetime.timedelta(seconds=lifetime_seconds)
        while not expires_soon(begin, end):
            left = renewal_time(begin, end) - datetime.datetime.now(datetime.UTC)
            await asyncio.sleep(min(max(left.total_seconds(), 0.01), _LONGEST_SLEEP_SECONDS))
        current = keyring.new_node_certificate(lifetime_seconds=lifetime_seconds)
        use(current)


async def refresh_profile(refresh: Callable[[], None]) -> None:
    """For ever: looks every hour whether the profile needs a new certificate or token."""
    while True:
        await asyncio.sleep(_PROFILE_SECONDS)
        refresh()
