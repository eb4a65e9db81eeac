"""Whose certificates are believed in handshakes: those of the authorities, without the revoked ones."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable

from portico_server.host.supervisor.clock import renewal_time
from portico_server.host.supervisor.in_force import InForce
from portico_server.host.supervisor.revoked_certificates import RevokedCertificates
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.authority import BACKDATED
from portico_server.platform.settings import Settings

POLL_SECONDS = 0.5
"""How often it is looked whether another certificate has been revoked. Until then calls with it are refused, not yet
its handshakes."""


class Believed:
    """Puts the authorities of the keyring and the lists of revoked certificates in force. The lists are signed anew
    when a third of their life is left: an expired one would have every certificate refused."""

    def __init__(self, settings: Settings, in_force: InForce, keyring: Callable[[], Keyring]) -> None:
        self._lifetime_seconds = settings.revocation_list_seconds
        self._in_force = in_force
        self._keyring = keyring
        self._revoked = RevokedCertificates(settings.data / "keys")
        self._signed: datetime.datetime | None = None  # None: there is no list, so none expires

    def put_in_force(self) -> None:
        """Raises OSError; ValueError, which names the file that cannot be read."""
        self._revoked.look()
        self._put()

    async def keep_fresh(self, tell: Callable[[str], None]) -> None:
        """For ever. `tell` is told what is wrong; empty: nothing any more."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                if await asyncio.to_thread(self._revoked.look) or self._is_due():
                    self._put()
                tell("")
            except (OSError, ValueError) as error:
                tell(f"{error}; handshakes are checked against the list of before")

    def _put(self) -> None:
        authorities, numbers = self._keyring().authorities, self._revoked.serial_numbers()
        now = datetime.datetime.now(datetime.UTC)
        lists = authorities.revocation_lists(numbers, lifetime_seconds=self._lifetime_seconds) if numbers else b""
        self._in_force.use_authorities(authorities.certificates_pem, lists)
        self._signed = now if numbers else None

    def _is_due(self) -> bool:
        """Also where the clock was set back to before the list holds."""
        if self._signed is None:
            return False
        now = datetime.datetime.now(datetime.UTC)
        end = self._signed + datetime.timedelta(seconds=self._lifetime_seconds)
        return now < self._signed - BACKDATED or now >= renewal_time(self._signed, end)
