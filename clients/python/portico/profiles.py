"""Profiles: how to reach a platform and who to be there.

A profile is a folder (0700) with files (0600): `profile.toml` (address, account, web_address), `ca.pem`, `client.pem`,
`client.key` and `token`; with `client_id`, of a service account, also `secret`. `portico up` writes the profile
`default` on its first start, `portico login` others. They stand in
`$XDG_CONFIG_HOME/portico/profiles/` (`~/.config` by default); `PORTICO_PROFILE` names another one,
`PORTICO_PROFILE_DIR` the whole folder of one. Over a profile's values stand `PORTICO_ADDRESS`, `PORTICO_ACCOUNT` and
`PORTICO_TOKEN` (which is then used as it is, and never renewed).
"""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from portico._files import locked, settle_pair, write_secret
from portico.errors import ProfileError

DEFAULT = "default"
CERTIFICATE, KEY, AUTHORITY, TOKEN, SECRET = "client.pem", "client.key", "ca.pem", "token", "secret"
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
API_TOKEN_PREFIX = "portico_token_"  # noqa: S105
"""Of API tokens, which are sent as they are."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything needed to open a channel. Certificates and key are PEM; `folder` is where renewed ones are written;
    `web_address` is that of the door for browsers, `s3_address` of the S3 door, each empty where there is none.
    `fixed_authority`: the authority was given beside the profile, so that the folder's does not take its place.
    `client_id` is a service account's name, `client_secret` a secret of its own: by these tokens are got, in the place
    of a certificate."""

    address: str
    account: str = "default"
    name: str = ""
    folder: Path | None = None
    data: Path | None = None
    authority: bytes | None = None
    certificate: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    fixed_token: bool = False
    web_address: str = ""
    fixed_authority: bool = False
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    s3_address: str = ""

    @property
    def renewable(self) -> bool:
        """Whether token and certificate can be renewed: there is a certificate to show and a folder to write to."""
        return self.folder is not None and self.certificate is not None and self.key is not None

    @property
    def has_tokens(self) -> bool:
        """Whether it can get tokens: none was given that is to be sent as it is."""
        return not self.fixed_token and (self.renewable or bool(self.folder and self.client_id and self.client_secret))


def profiles_folder() -> Path:
    """`$XDG_CONFIG_HOME/portico/profiles`, or `~/.config/portico/profiles`."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "portico" / "profiles"


def folder_of(name: str | None = None) -> Path:
    """The folder of the named profile; without a name, that of the environment's or the default one. What holds a slash
    is a folder itself."""
    if name is None and (folder := os.environ.get("PORTICO_PROFILE_DIR")):
        return Path(folder)
    chosen = name or os.environ.get("PORTICO_PROFILE") or DEFAULT
    if "/" in chosen:
        return Path(chosen).expanduser()
    return profiles_folder() / chosen


def names() -> list[str]:
    """The names of this user's profiles."""
    folder = profiles_folder()
    return sorted(path.parent.name for path in folder.glob("*/profile.toml")) if folder.is_dir() else []


def load(name: str | None = None) -> Profile:
    """Reads a profile. Raises ProfileError where it is missing, unreadable, or open to other users."""
    folder = folder_of(name)
    values = _values(folder)
    if (folder / f"{KEY}.next").exists() or (
        folder / f"{CERTIFICATE}.next"
    ).exists():  # a renewal was cut short, or runs
        with locked(folder, exclusive=True):
            settle_pair(folder / KEY, folder / CERTIFICATE)
    with locked(folder, exclusive=False):
        given = os.environ.get("PORTICO_TOKEN", "")
        token = given or stored_token(folder)
        return Profile(
            address=os.environ.get("PORTICO_ADDRESS") or _text(folder, values, "address"),
            account=_account(folder, values),
            name=folder.name,
            folder=folder,
            data=Path(_text(folder, values, "data")) if "data" in values else None,
            authority=_read(folder / AUTHORITY),
            certificate=_read(folder / CERTIFICATE),
            key=_read_secret(folder / KEY),
            token=token,
            fixed_token=bool(given) or token.startswith(API_TOKEN_PREFIX),
            web_address=_text(folder, values, "web_address") if "web_address" in values else "",
            s3_address=_text(folder, values, "s3_address") if "s3_address" in values else "",
            client_id=_text(folder, values, "client_id") if "client_id" in values else "",
            client_secret=(_read_secret(folder / SECRET) or b"").decode("ascii", "replace").strip(),
        )


def address_of(folder: Path) -> str:
    """The address in a profile's folder. Raises ProfileError."""
    return _text(folder, _values(folder), "address")


def write(profile: Profile) -> None:
    """Writes a new profile into its folder: 0700, the files 0600."""
    folder = profile.folder
    assert folder is not None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    contents = {AUTHORITY: profile.authority, KEY: profile.key, CERTIFICATE: profile.certificate}
    secrets = {TOKEN: profile.token.encode(), SECRET: profile.client_secret.encode()}
    for name, content in {**contents, **secrets}.items():
        if content:
            write_secret(folder / name, content)
    values = {"address": profile.address, "account": profile.account}
    if profile.web_address:
        values["web_address"] = profile.web_address
    if profile.s3_address:
        values["s3_address"] = profile.s3_address
    if profile.client_id:
        values["client_id"] = profile.client_id
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in values.items()]
    write_secret(folder / "profile.toml", "".join(lines).encode())  # last: it makes a folder a profile


def account_id(given: str, where: str) -> str:
    """The id of an account, which `where` says. Raises ProfileError for what is none."""
    if _ACCOUNT.fullmatch(given):
        return given
    meant = given.removeprefix("accounts/")
    rule = f'write "{meant}"' if _ACCOUNT.fullmatch(meant) else "1 to 63 lower-case letters, digits and hyphens"
    raise ProfileError(f"{where} is {given!r}, which is no account's id: {rule}", reason="PROFILE_UNREADABLE")


def _account(folder: Path, values: dict[str, object]) -> str:
    if given := os.environ.get("PORTICO_ACCOUNT"):
        return account_id(given, "the variable PORTICO_ACCOUNT")
    where = f"account in {folder / 'profile.toml'} (the profile {folder.name})"
    return account_id(_text(folder, values, "account", "default"), where)


def stored_token(folder: Path) -> str:
    """The token in a profile's folder, empty if there is none."""
    return (_read_secret(folder / TOKEN) or b"").decode("ascii", "replace").strip()


def _values(folder: Path) -> dict[str, object]:
    path = folder / "profile.toml"
    try:
        return tomllib.loads(path.read_text())
    except FileNotFoundError:
        remedy = "start a platform with `portico up`, which writes one, or choose another by PORTICO_PROFILE"
        raise ProfileError(f"there is no profile at {folder}: {remedy}", reason="PROFILE_MISSING") from None
    except (OSError, ValueError) as error:
        raise ProfileError(f"cannot read {path}: {error}", reason="PROFILE_UNREADABLE") from None


def _text(folder: Path, values: dict[str, object], key: str, default: str = "") -> str:
    value = values.get(key, default)
    if not isinstance(value, str) or not value:
        raise ProfileError(f'{folder / "profile.toml"} needs {key} = "…"', reason="PROFILE_UNREADABLE")
    return value


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProfileError(f"cannot read {path}: {error.strerror}", reason="PROFILE_UNREADABLE") from None


def _read_secret(path: Path) -> bytes | None:
    """Like `_read`, and refuses what other users could read, if it is ours to close."""
    content = _read(path)
    if content is not None:
        status = path.stat()
        if status.st_uid == os.getuid() and stat.S_IMODE(status.st_mode) & 0o077:
            raise ProfileError(f"other users may read {path}: run chmod 600 {path}", reason="PROFILE_OPEN")
    return content
