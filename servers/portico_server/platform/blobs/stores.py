"""The stores of bytes besides the data directory: `stores.toml` in the data directory, read and checked.

default = "archive"                          # where bytes go that nothing else is said of; else local

[local]                                      # where this platform's own disks are
location = "weur"
jurisdiction = "eu"

[[stores]]
name = "archive"                             # for good: it is in the ids of the bytes
endpoint = "https://s3.example.com"          # http:// of this machine alone
bucket = "portico-bytes"                     # there already, without versions, and nobody else's
prefix = "platform-one/"                     # of all keys; may be left out
region = "auto"
addressing = "path"                          # or "virtual": https://BUCKET.HOST
ca_file = "archive-ca.pem"                   # authorities for the endpoint, beside stores.toml; else the system's
access_key_id = "AKEXAMPLE"
secret_file = "archive.secret"               # beside stores.toml, mode 0600: the secret access key
location = "weur"
jurisdiction = "eu"
"""

from __future__ import annotations

import ipaddress
import re
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from portico_server.platform.blobs.interface import LOCAL, Store
from portico_server.platform.private_files import own_as
from portico_server.platform.settings import SettingError

FILE = "stores.toml"
CLAIMS = "claims"
"""A folder of a product's: a file of a store's name in it says that this platform shall have that store."""
MAX_STORES = 16
HERE = Store(LOCAL)
_MAX_FILE_BYTES = 64 * 1024
_MAX_TEXT = 2048
_MAX_SECRET_BYTES = 1024
_ADDRESSING = ("path", "virtual")

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_PLACE = re.compile(r"([a-z0-9][a-z0-9-]{0,31})?")  # as the contract of buckets has it
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_PREFIX = re.compile(r"([A-Za-z0-9._-]+/)*")
_REGION = re.compile(r"[a-zA-Z0-9-]{1,64}")
_KEY_ID = re.compile(r"[\x21-\x2b\x2d\x2e\x30-\x7e]{1,256}")  # printable; a `/` or `,` would end it in a signature


@dataclass(frozen=True, slots=True)
class S3Store:
    """A store that speaks S3, and how to reach it."""

    store: Store
    endpoint: str
    bucket: str
    access_key_id: str
    secret: str = field(repr=False)
    prefix: str = ""
    region: str = "auto"
    virtual: bool = False
    """The bucket is named by the host, not by the path."""
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Stores:
    """What there is: this machine, the others by name, and which of all is the usual one."""

    local: Store = HERE
    others: tuple[S3Store, ...] = ()
    default: str = LOCAL


def read_stores(folder: Path) -> Stores:
    """What stores.toml in that folder says; the local store alone where there is none. Raises SettingError."""
    path = folder / FILE
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return Stores()
    except OSError as error:
        raise SettingError(f"{path}: cannot be read: {error.strerror}") from error
    if len(content) > _MAX_FILE_BYTES:
        raise SettingError(f"{path}: larger than {_MAX_FILE_BYTES} bytes")
    try:
        return _stores(tomllib.loads(content.decode()), folder)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingError(f"{path}: not TOML: {error}") from error
    except SettingError as error:
        raise SettingError(f"{path}: {error}") from error


def claim(data: Path, name: str) -> list[Path]:
    """Says that this platform shall have a store, whoever had it before: to each product with bytes, which see to it
    within a minute. Answers what was written. Raises OSError."""
    folders = [path for path in sorted((data / "blobs").glob("*")) if path.is_dir()]
    claims = [folder / CLAIMS / name for folder in folders]
    for path in claims:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        own_as(path.parent.parent, path.parent)
        path.touch(mode=0o600)
        own_as(path.parent, path)
    return claims


def not_described(name: str) -> str:
    """What to tell the operator of a store in which bytes are, and which the file does not describe."""
    return (
        f"holds bytes of objects, and {FILE} does not describe it any more, so they cannot be read: describe {name} "
        "again as it was, and `portico restart`; if it is gone for good, put those objects again or delete them"
    )


def _stores(document: dict[str, Any], folder: Path) -> Stores:
    local = document.pop("local", {})
    items = document.pop("stores", [])
    default = document.pop("default", LOCAL)
    if document or not isinstance(items, list) or not isinstance(local, dict) or len(items) > MAX_STORES:
        raise SettingError(f"only default, [local] and [[stores]] may stand here, {MAX_STORES} of them at most")
    here = Store(LOCAL, _matching("local", local, "location", _PLACE, ""), _jurisdiction("local", local))
    _check_empty("local", local)
    others: dict[str, S3Store] = {}
    for index, item in enumerate(items):
        one = _store(f"stores[{index}]", item, folder)
        if one.store.name in (LOCAL, *others):
            raise SettingError(f"stores[{index}].name: {one.store.name} is taken; each has a name of its own")
        others[one.store.name] = one
    if default not in (LOCAL, *others):
        raise SettingError(f"default: must be one of {', '.join((LOCAL, *others))}")
    return Stores(here, tuple(others.values()), default)


def _store(where: str, item: Any, folder: Path) -> S3Store:
    if not isinstance(item, dict):
        raise SettingError(f"{where}: must be a table, headed [[stores]]")
    rest = dict(item)
    name = _matching(where, rest, "name", _NAME)
    place = _matching(where, rest, "location", _PLACE, "")
    ca_file = _text(where, rest, "ca_file", "")
    found = S3Store(
        store=Store(name, place, _jurisdiction(where, rest)),
        endpoint=_endpoint(where, _text(where, rest, "endpoint")),
        bucket=_matching(where, rest, "bucket", _BUCKET),
        access_key_id=_matching(where, rest, "access_key_id", _KEY_ID),
        secret=_secret(where, folder / _text(where, rest, "secret_file")),
        prefix=_matching(where, rest, "prefix", _PREFIX, ""),
        region=_matching(where, rest, "region", _REGION, "auto"),
        virtual=_one_of(where, rest, "addressing", _ADDRESSING) == "virtual",
        ca_file=folder / ca_file if ca_file else None,
    )
    _check_empty(where, rest)
    if found.ca_file is not None and not found.ca_file.is_file():
        raise SettingError(f"{where}.ca_file: there is no file {found.ca_file}")
    return found


def _endpoint(where: str, text: str) -> str:
    """Scheme and authority, without a slash behind them."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
        bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password)
        good = bare and bool(host) and port != 0 and text.isascii() and text.isprintable() and " " not in text
    except ValueError:
        good, host, parts = False, "", urlsplit("")
    if not good or parts.scheme not in ("http", "https") or (parts.scheme == "http" and not _is_loopback(host)):
        raise SettingError(f"{where}.endpoint: must be https://HOST[:PORT], or http:// of a loopback address")
    return f"{parts.scheme}://{parts.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(where: str, path: Path) -> str:
    """What stands in a file that nobody else can read."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise SettingError(f"{where}.secret_file: others can read {path}: chmod 600 it, and use a new secret")
            content = file.read(_MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise SettingError(f"{where}.secret_file: {path} cannot be read: {error.strerror}") from error
    secret = content.strip()
    if not 0 < len(secret) <= _MAX_SECRET_BYTES or not secret.isascii() or any(byte < 0x21 for byte in secret):
        raise SettingError(f"{where}.secret_file: {path} must hold the secret access key alone, in one line")
    return secret.decode("ascii")


def _jurisdiction(where: str, item: dict[str, Any]) -> str:
    return _matching(where, item, "jurisdiction", _PLACE, "")


def _check_empty(where: str, rest: dict[str, Any]) -> None:
    if rest:
        raise SettingError(f"{where}.{min(rest)}: there is no such field")


def _one_of(where: str, item: dict[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    value = _text(where, item, name, allowed[0])
    if value not in allowed:
        raise SettingError(f"{where}.{name}: must be {' or '.join(allowed)}")
    return value


def _matching(where: str, item: dict[str, Any], name: str, pattern: re.Pattern[str], default: str | None = None) -> str:
    value = _text(where, item, name, default)
    if not pattern.fullmatch(value):
        raise SettingError(f"{where}.{name}: {value[:64]!r} cannot be one; it must match {pattern.pattern}")
    return value


def _text(where: str, item: dict[str, Any], name: str, default: str | None = None) -> str:
    value = item.pop(name, default)
    if not isinstance(value, str) or len(value) > _MAX_TEXT or "\0" in value or (default is None and not value):
        raise SettingError(f"{where}.{name}: must be a text of 1 to {_MAX_TEXT} characters")
    return value
