"""Every setting, in one typed object, read once at start.

Where a value comes from, strongest first: the command line, `PORTICO_*` environment variables (`PORTICO_LISTEN`),
`portico.toml` in the data directory or named by `--config` (keys as below), the default here.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints


class SettingError(Exception):
    """A setting that cannot be used; the message names it, where it came from, and what to do."""


def default_data() -> Path:
    """`$XDG_DATA_HOME/portico`, or `~/.local/share/portico`."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "portico"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a platform."""

    data: Path = dataclasses.field(default_factory=default_data)
    """The data directory: databases, bytes, keys. One platform at a time."""

    listen: str = "127.0.0.1:8443"
    """Address of the API door (gRPC and REST; a client certificate is required). Port 0: chosen by the system."""

    hostnames: tuple[str, ...] = ("localhost",)
    """DNS names and IP addresses that the node's certificate is for, besides 127.0.0.1 and ::1."""

    trust_domain: str = "portico.local"
    """The SPIFFE trust domain of certificates, and with it the issuer of tokens."""

    client_certificates: str = "required"
    """`required`, or `optional`: clients with a token only are let in too."""

    only: tuple[str, ...] = ()
    """Run only these products; empty: all."""

    extra_products: tuple[str, ...] = ()
    """Modules with a `PRODUCT` of their own, besides the built-in ones: `my_company.my_product`."""

    extra_descriptors: tuple[str, ...] = ()
    """Descriptor sets (files) of those products' contracts, for REST."""

    database: str = "sqlite"
    """`sqlite`, or a PostgreSQL connection string: `postgresql://user@host/database`."""

    envoy_threads: int = 1
    """Envoy's worker threads. Python has one thread of its own beside them."""

    max_message_bytes: int = 8 * 1024 * 1024
    """The largest message that is accepted, after decompression."""

    max_connections: int = 10_000
    """Connections at once; further ones are closed."""

    max_streams: int = 1_000
    """Calls at once on one connection."""

    first_message_seconds: float = 10.0
    """How long a stream may wait with its first message, on which it is authorized."""

    sample_ratio: float = 0.01
    """The share of calls whose spans are recorded though the caller did not ask for it."""

    telemetry_bytes: int = 64 * 1024 * 1024
    """How much request events and spans may take on disk; the oldest go first."""

    drain_seconds: float = 10.0
    """How long calls in flight may take to end when the platform stops."""

    node_certificate_seconds: int = 24 * 3600
    """Life of the node's certificate; it is replaced when a third of it is left."""

    metrics_listen: str = ""
    """HOST:PORT on this machine where Prometheus may read /metrics without credentials, as 127.0.0.1:9464; empty: only
    on the socket run/front.sock."""

    log_level: str = "info"
    """`debug`, `info`, `warning` or `error`."""

    def replace(self, **changes: Any) -> Settings:
        return dataclasses.replace(self, **changes)

    @property
    def run(self) -> Path:
        """Where the running platform keeps its sockets and rendered configuration."""
        return self.data / "run"

    @property
    def listen_address(self) -> tuple[str, int]:
        """Host and port of the API door."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    def to_json(self) -> str:
        return json.dumps({key: _plain(getattr(self, key)) for key in setting_names()}, indent=2)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


def setting_names() -> list[str]:
    return [field.name for field in dataclasses.fields(Settings)]


def load(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    config: Path | None = None,
) -> Settings:
    """The settings in force. Raises SettingError."""
    values: dict[str, Any] = {}
    strongest = {key: value for key, value in (flags or {}).items() if value is not None}
    from_environment = {key: environ[name] for key in setting_names() if (name := f"PORTICO_{key.upper()}") in environ}
    if config is None and "PORTICO_CONFIG" in environ:
        config = Path(environ["PORTICO_CONFIG"])
    if config is None:
        data = Path(strongest.get("data") or from_environment.get("data") or default_data())
        config = data / "portico.toml" if (data / "portico.toml").exists() else None
    if config is not None:
        for key, value in _read_toml(config).items():
            values[key] = _typed(key, value, str(config))
    for key, text in from_environment.items():
        values[key] = _typed(key, text, f"the environment variable PORTICO_{key.upper()}")
    for key, value in strongest.items():
        values[key] = _typed(key, value, f"the option --{key.replace('_', '-')}")
    settings = Settings(**values)
    _check(settings)
    return settings.replace(data=settings.data.expanduser().resolve())


def from_json(text: str) -> Settings:
    """What `Settings.to_json` wrote."""
    return Settings(**{key: _typed(key, value, "the settings file") for key, value in json.loads(text).items()})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise SettingError(f"cannot read {path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingError(f"{path} is not TOML: {error}") from error


def _typed(key: str, value: Any, source: str) -> Any:
    """The value in the setting's own type; text is converted, as environment variables and options need it."""
    if key not in setting_names():
        raise SettingError(f"{source} sets {key!r}, which is not a setting; `portico config --help` lists them")
    kind = get_type_hints(Settings)[key]
    try:
        if kind is Path:
            return Path(value)
        if kind == tuple[str, ...]:
            return (
                tuple(part for part in value.split(",") if part) if isinstance(value, str) else tuple(map(str, value))
            )
        if kind is int and isinstance(value, str):
            return int(value.replace("_", ""))
        if kind is float and isinstance(value, (str, int)):
            return float(value)
    except ValueError:
        raise SettingError(f"{key} from {source} is {value!r}: give a number") from None
    if not isinstance(value, kind):
        raise SettingError(f"{key} from {source} is {value!r}: give a {kind.__name__}")
    return value


def _check(settings: Settings) -> None:
    try:
        host, port = settings.listen_address
        if not host or not 0 <= port < 65536:
            raise ValueError
    except ValueError:
        raise SettingError(f"listen is {settings.listen!r}: give HOST:PORT, as 127.0.0.1:8443") from None
    if settings.metrics_listen and not _is_loopback(settings.metrics_listen):
        raise SettingError(
            f"metrics_listen is {settings.metrics_listen!r}: give HOST:PORT of this machine alone, as 127.0.0.1:9464;"
            " metrics are given without credentials"
        )
    if settings.client_certificates not in ("required", "optional"):
        raise SettingError(f"client_certificates is {settings.client_certificates!r}: give required or optional")
    if settings.database != "sqlite" and not settings.database.startswith(("postgresql://", "postgres://")):
        raise SettingError(f"database is {settings.database!r}: give sqlite or postgresql://user@host/name")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingError(f"log_level is {settings.log_level!r}: give debug, info, warning or error")
    if not 0 <= settings.sample_ratio <= 1:
        raise SettingError(f"sample_ratio is {settings.sample_ratio}: give a number from 0 to 1")


def _is_loopback(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback and 0 < int(port) < 65536
    except ValueError:
        return False
