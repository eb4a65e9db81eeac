"""What the platform and its administrator show and believe: put in force at the start, kept fresh, read again on
demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cryptography import x509

from portico_server.host.supervisor.announcement import StartError
from portico_server.host.supervisor.believed import Believed
from portico_server.host.supervisor.in_force import InForce
from portico_server.host.supervisor.profile import Profile, profile_folder
from portico_server.host.supervisor.renewal import refresh_profile, renew_node_certificate, unending
from portico_server.platform.keyring import Keyring
from portico_server.platform.keyring.keyring import KeyPair
from portico_server.platform.settings import Settings

Tell = Callable[[str, str], None]
"""Takes the name of what is at fault, and what is wrong; empty: nothing any more."""


class Credentials:
    """The keyring of a platform that runs at `address`, and the administrator's profile for it."""

    def __init__(self, settings: Settings, in_force: InForce, tell: Tell) -> None:
        """`tell` is told what cannot be put in force or renewed. Raises StartError where a key cannot be used."""
        self._settings = settings
        self._in_force = in_force
        self._tell = tell
        self._profile = Profile(profile_folder(settings.data))
        self._keyring = self._open()
        self._believed = Believed(settings, in_force, lambda: self._keyring)
        self._node_certificate = self._new_node_certificate()
        self._reloading = asyncio.Lock()

    @property
    def profile(self) -> Path:
        """The profile's folder."""
        return self._profile.folder

    def put_in_force(self) -> None:
        """Raises OSError; StartError where the list of what has been revoked cannot be read."""
        try:
            self._believed.put_in_force()
        except ValueError as error:
            raise StartError(f"{error}. Restore it from a backup, or mend it by hand.") from error
        self._in_force.use_keys(self._keyring)
        self._in_force.use_certificate(self._node_certificate)
        self._refresh_profile()

    async def reload(self) -> str:
        """Reads the keys again, and puts them in force: first who is believed, then what is shown. No connection is
        dropped. Answers why the keys of before stay in force, if they do."""
        async with self._reloading:
            return await self._reload()

    async def _reload(self) -> str:
        try:
            self._keyring = self._open()
            self._believed.put_in_force()
            self._in_force.use_keys(self._keyring)
            if not self._shows_issuing_authority():
                self._node_certificate = self._new_node_certificate()
                self._in_force.use_certificate(self._node_certificate)
            await asyncio.to_thread(self._refresh_profile)
        except (StartError, OSError, ValueError) as error:
            self._tell("keys", f"{error}; those of before stay in force")
            return str(error)
        self._tell("keys", "")
        return ""

    async def keep_fresh(self) -> None:
        """For ever."""
        of_node, of_profile, of_revoked = (
            partial(self._tell, name) for name in ("node certificate", "profile", "revoked certificates")
        )
        lifetime_seconds = self._settings.node_certificate_seconds
        await asyncio.gather(
            unending(
                lambda: renew_node_certificate(
                    lambda: self._node_certificate, lifetime_seconds, self._renew_node_certificate, of_node
                ),
                of_node,
            ),
            unending(lambda: refresh_profile(self._refresh_profile, of_profile), of_profile),
            unending(lambda: self._believed.keep_fresh(of_revoked), of_revoked),
        )

    def _renew_node_certificate(self) -> None:
        renewed = self._new_node_certificate()
        self._in_force.use_certificate(renewed)
        self._node_certificate = renewed

    def _shows_issuing_authority(self) -> bool:
        shown = x509.load_pem_x509_certificate(self._node_certificate.certificate_pem)
        return self._keyring.authorities.issuing.has_issued(shown)

    def _new_node_certificate(self) -> KeyPair:
        return self._keyring.new_node_certificate(lifetime_seconds=self._settings.node_certificate_seconds)

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
            listens = (self._settings.listen, self._settings.web_listen, self._settings.s3_listen)
            self._profile.refresh(self._keyring, self._settings.data, *listens)
        except OSError:
            if self._profile.folder == self._settings.data / "profile":
                raise
            # The user's configuration folder cannot be written (read-only, no home): the data directory can.
            self._profile = Profile(self._settings.data / "profile")
            self._refresh_profile()
