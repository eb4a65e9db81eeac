"""What the platform and its administrator show and believe: put in force at the start, kept fresh, read again on
demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.in_force import InForce
from portico_server.host.supervisor.profile import Profile, profile_folder
from portico_server.host.supervisor.renewal import refresh_profile, renew_node_certificate
from portico_server.platform.keyring import Keyring
from portico_server.platform.settings import Settings


class Credentials:
    """The keyring of a platform that runs at `address`, and the administrator's profile for it."""

    def __init__(self, settings: Settings, in_force: InForce, complain: Callable[[str], None]) -> None:
        """Raises StartError where a key cannot be used."""
        self._settings = settings
        self._in_force = in_force
        self._complain = complain
        self._profile = Profile(profile_folder(settings.data))
        self._keyring = self._open()
        lifetime_seconds = settings.node_certificate_seconds
        self._node_certificate = self._keyring.new_node_certificate(lifetime_seconds=lifetime_seconds)

    @property
    def profile(self) -> Path:
        """The profile's folder."""
        return self._profile.folder

    def put_in_force(self) -> None:
        self._in_force.use_keys(self._keyring)
        self._in_force.use_certificate(self._node_certificate)
        self._refresh_profile()

    def reload(self) -> None:
        """Reads the keys again: a new token key is believed at once, no connection is dropped."""
        try:
            self._keyring = self._open()
            self._in_force.use_keys(self._keyring)
            self._refresh_profile()
        except (StartError, OSError) as error:
            self._complain(f"The keys of before stay in force: {error}")

    async def keep_fresh(self) -> None:
        """For ever."""
        lifetime_seconds = self._settings.node_certificate_seconds
        await asyncio.gather(
            renew_node_certificate(
                lambda: self._keyring,
                lifetime_seconds,
                self._node_certificate,
                self._in_force.use_certificate,
                self._complain,
            ),
            refresh_profile(self._refresh_profile, self._complain),
        )

    def _open(self) -> Keyring:
        settings = self._settings
        try:
            return Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
        except (ValueError, OSError) as error:
            folder = settings.data / "keys"
            raise StartError(
                f"A key in {folder} cannot be used: {error}. Restore it from a backup; or move the folder away to "
                "begin with a new authority, which no client of before will trust."
            ) from error

    def _refresh_profile(self) -> None:
        try:
            self._profile.refresh(self._keyring, self._settings.data, self._settings.listen, self._settings.web_listen)
        except OSError:
            if self._profile.folder == self._settings.data / "profile":
                raise
            # The user's configuration folder cannot be written (read-only, no home): the data directory can.
            self._profile = Profile(self._settings.data / "profile")
            self._refresh_profile()
