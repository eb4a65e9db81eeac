"""The administrator's client profile: what the CLI and the SDK on this machine need to come through the door."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from portico_server.host.supervisor.clock import is_due
from portico_server.platform.keyring import Keyring, certificate_uri
from portico_server.platform.private_files import locked, make_private_folder, replace_file, replace_pair, settle_pair

ACCOUNT = "default"
ADMIN = f"accounts/{ACCOUNT}/principals/admin"
CERTIFICATE_SECONDS = 30 * 24 * 3600
TOKEN_SECONDS = 12 * 3600
CLIENT_ID = "portico-cli"
LOCK_SECONDS = 30.0
"""How long a program may hold the profile's lock: one that is stopped must not hold up the platform."""


def profile_folder(data: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the profile of the platform on `data` is: the folder that PORTICO_PROFILE_DIR names, or the profile
    PORTICO_PROFILE (default: `default`) in the user's configuration folder. One that belongs to another platform is
    left alone; then it is data/profile."""
    if "PORTICO_PROFILE_DIR" in environ:
        return Path(environ["PORTICO_PROFILE_DIR"]).absolute()
    configuration = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folder = configuration / "portico" / "profiles" / environ.get("PORTICO_PROFILE", "default")
    owner = _owner(folder)
    return folder if owner in (None, data) or not (owner / "keys").exists() else data / "profile"


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile's folder: profile.toml, ca.pem, client.pem, client.key, token; all of them their owner's only."""

    folder: Path

    def refresh(self, keyring: Keyring, data: Path, address: str, web_address: str = "", s3_address: str = "") -> None:
        """Writes what is missing, of another platform, or near its end."""
        make_private_folder(self.folder)
        settings = {"address": address, "account": ACCOUNT, "data": str(data)}
        if web_address:
            settings["web_address"] = web_address
        if s3_address:
            settings["s3_address"] = s3_address
        lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items()]
        replace_file(self.folder / "profile.toml", "".join(lines).encode())
        with locked(self.folder, LOCK_SECONDS):  # the SDK reads and renews the same files
            self._refresh_certificate(keyring)
        token = keyring.sign_token(ADMIN, client_id=CLIENT_ID, lifetime_seconds=TOKEN_SECONDS)
        replace_file(self.folder / "token", token.encode())

    def _refresh_certificate(self, keyring: Keyring) -> None:
        key, certificate = self.folder / "client.key", self.folder / "client.pem"
        settle_pair(key, certificate)
        if self._read("ca.pem") == keyring.authority_pem and not self._certificate_ends_soon():
            return
        uri = certificate_uri(keyring.trust_domain, ADMIN)
        pair = keyring.new_client_certificate(uri, lifetime_seconds=CERTIFICATE_SECONDS)
        replace_pair(key, pair.private_key_pem, certificate, pair.certificate_pem)
        replace_file(self.folder / "ca.pem", keyring.authority_pem)

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def _certificate_ends_soon(self) -> bool:
        pem = self._read("client.pem")
        if pem is None or self._read("client.key") is None:
            return True
        try:
            certificate = x509.load_pem_x509_certificate(pem)
        except ValueError:
            return True
        return is_due(certificate, certificate.not_valid_before_utc)


def _owner(folder: Path) -> Path | None:
    """The data directory that a profile says it is of; None where there is none."""
    try:
        return Path(tomllib.loads((folder / "profile.toml").read_text())["data"])
    except (OSError, tomllib.TOMLDecodeError, KeyError):
        return None
