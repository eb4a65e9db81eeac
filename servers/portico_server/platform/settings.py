"""Every setting, in one typed object, read once at start.

Where a value comes from, strongest first: the command line, `PORTICO_*` environment variables (`PORTICO_LISTEN`),
`portico.toml` in the data directory or named by `--config` (keys as below), the default here. What is nearly the name
of a setting is refused, wherever it stands: a typo must not go unnoticed.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from portico_server.platform.settings_rules import RULES, address

_MAX_SHOWN = 100  # characters of a value that cannot be used
_SECRET = frozenset({"database"})  # may hold a password

PREFIX = "PORTICO_"
OTHER_VARIABLES = frozenset(
    PREFIX + name
    for name in (
        *("PROFILE", "PROFILE_DIR", "ADDRESS", "ACCOUNT", "TOKEN"),  # of the SDK
        *("CONFIG", "DEBUG", "PYTHON", "GRPCURL_TOKEN", "DEMO_TOKEN"),  # of the command line and its launcher
        *("SETTINGS_FILE", "APPLICATION", "PROCESS"),  # from the supervisor to what it starts
    )
)
"""Variables of ours that are no settings."""

_NEAR = 0.8
"""How like a setting's name a variable must be to be taken for a typo of it."""


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

    web_listen: str = "127.0.0.1:9443"
    """Address of the web door (the same services, for browsers too: a token is enough; a client certificate may be
    shown, and must be good then). Port 0: chosen by the system; empty: no web door."""

    s3_listen: str = "127.0.0.1:9000"
    """Address of the S3 door (S3's HTTP API; requests are signed, no client certificate is asked for), where the
    platform serves a product that speaks S3. Port 0: chosen by the system; empty: no S3 door."""

    web_origins: tuple[str, ...] = ()
    """Web pages that may call from a browser, at the web door, by their exact origins: `https://app.example.com`.
    Empty: none."""

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

    processes: tuple[str, ...] = ()
    """Products that get a process of their own each, so that their crash or hunger is theirs alone."""

    workers: int = 1
    """How many processes share the doors and serve the other products alike; more than one needs PostgreSQL."""

    peers: tuple[str, ...] = ()
    """Products that other nodes serve, each as PRODUCT=HOST:PORT with the address of that node's mesh door."""

    mesh_listen: str = ""
    """HOST:PORT where other nodes of the same authority may call, and nobody else; empty: nowhere, or, where products
    have processes of their own, at a port of the loopback address that the system chooses."""

    host: str = "embedded"
    """`embedded`: Python runs inside Envoy; or `plain`: beside it, slower. Where this Python cannot be embedded, the
    plain host steps in by itself."""

    database: str = "sqlite"
    """`sqlite`, or a PostgreSQL connection string: `postgresql://user@host/database`."""

    envoy_threads: int = 1
    """Envoy's worker threads. Python has one thread of its own beside them."""

    max_message_bytes: int = 8 * 1024 * 1024
    """The largest message that is accepted, after decompression."""

    max_connections: int = 10_000
    """Connections at once, of each worker; further ones are closed."""

    max_streams: int = 100
    """Calls at once on one connection; a client keeps further ones back until one of them has ended. Raise it for
    clients that keep many calls open, such as watches, on one connection; the more, the longer a crowd's line."""

    calls_per_second: float = 50_000.0
    """How many calls a second one principal may make of this machine, on average; 0: as many as it likes. The policy
    may give a principal other limits."""

    call_burst: int = 100_000
    """How many calls a principal may make at once, before `calls_per_second` counts; 0: those of a second."""

    concurrent_calls: int = 5_000
    """How many calls of one principal, streams among them, may be in flight on this machine; 0: as many as it likes."""

    first_message_seconds: float = 10.0
    """How long a stream may wait with its first message, on which it is authorized."""

    sample_ratio: float = 0.01
    """The share of calls whose spans are recorded though the caller did not ask for it."""

    spans: str = "sampled"
    """`sampled`: spans are recorded for the calls that are chosen when they begin. `all`: for every call, and kept also
    of those that turn out to be slow or to fail by the server's fault."""

    slow_seconds: float = 1.0
    """From when on a call is slow, whose spans are kept where `spans` is `all`."""

    telemetry_bytes: int = 64 * 1024 * 1024
    """How much request events and spans may take on disk; the oldest go first."""

    reserve_bytes: int = 8 * 1024 * 1024
    """How much of the data directory's disk is kept, in the file `reserve` there, so that on a full disk objects can be
    deleted; less on a small disk; 0: nothing. Not needed, and not kept, with PostgreSQL."""

    drain_seconds: float = 10.0
    """How long calls in flight may take to end when the platform stops."""

    unresponsive_seconds: float = 15.0
    """How long the serving process may leave the supervisor without an answer before it is ended and started again."""

    mesh_messages: str = "shared"
    """`shared`: calls between products of one process hand their messages over. `serialized`: they make bytes of them
    and parse them again, to find in a test what relies on the other."""

    node_certificate_seconds: int = 24 * 3600
    """Life of the node's certificate; it is replaced when a third of it is left."""

    revocation_list_seconds: int = 7 * 24 * 3600
    """Life of the list of revoked certificates that handshakes are checked against; a new one is signed when a third of
    it is left. A platform that cannot write a new one for so long believes no certificate."""

    metrics_listen: str = ""
    """HOST:PORT on this machine where Prometheus may read /metrics without credentials, as 127.0.0.1:9464; empty: only
    on the sockets run/front/control.sock and so on."""

    dns_name_servers: tuple[str, ...] = ()
    """Names of the name servers that answer for this platform's zones, in lower case: ns1.example.net. What domains are
    delegated to; empty: zones are verified by TXT record alone."""

    dns_listen: str = ""
    """IP:PORT where the DNS is answered, by UDP and TCP, from the records of active zones; empty: nowhere. Of several
    processes that have the product, one answers."""

    dns_queries_per_second: float = 200.0
    """How many DNS queries a second one network (of IPv4 a /24, of IPv6 a /56) may make by UDP; what is more is told to
    come by TCP, or not answered."""

    dns_resolvers: tuple[str, ...] = ()
    """HOST:PORT of the resolvers that are asked when a zone is verified, their hosts as IP addresses; empty: those of
    the system."""

    dns_zones: int = 1_000
    """How many zones an account may have."""

    dns_records: int = 5_000
    """How many records a zone may have."""

    objects_scrub_days: float = 14.0
    """How often all stored objects are read again and compared with their digests: days from the begin of a round to
    that of the next; 0: never."""

    objects_scrub_bytes_per_second: int = 10 * 1024 * 1024
    """How fast such a round reads at most: on average, and over all processes."""

    webhook_networks: tuple[str, ...] = ()
    """Networks that webhooks may reach besides public addresses, as 10.1.0.0/16: for receivers inside. Whoever may set
    a bucket's rules can then have the platform send to whatever is there."""

    webhook_http_hosts: tuple[str, ...] = ()
    """Hosts that webhooks may reach by http, without TLS: names or addresses, in lower case."""

    webhook_authorities: str = ""
    """A file of certificates (PEM) of authorities whose receivers of webhooks are believed, besides the system's."""

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
        return address(self.listen)

    @property
    def web_address(self) -> tuple[str, int] | None:
        """Host and port of the web door; None where there is none."""
        return address(self.web_listen) if self.web_listen else None

    @property
    def s3_address(self) -> tuple[str, int] | None:
        """Host and port of the S3 door; None where there is none."""
        return address(self.s3_listen) if self.s3_listen else None

    @property
    def mesh_address(self) -> tuple[str, int] | None:
        """Host and port of the mesh door; None where there is none."""
        return address(self.mesh_listen) if self.mesh_listen else None

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Host and port of `metrics_listen`; None where it is empty."""
        return address(self.metrics_listen) if self.metrics_listen else None

    @property
    def dns_address(self) -> tuple[str, int] | None:
        """Host and port of `dns_listen`; None where it is empty."""
        return address(self.dns_listen) if self.dns_listen else None

    @property
    def dns_resolver_addresses(self) -> tuple[tuple[str, int], ...]:
        """Host and port of each of `dns_resolvers`."""
        return tuple(map(address, self.dns_resolvers))

    def to_json(self) -> str:
        return json.dumps({key: _plain(getattr(self, key)) for key in setting_names()}, indent=2)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value


def setting_names() -> list[str]:
    return [field.name for field in dataclasses.fields(Settings)]


def variable(key: str) -> str:
    """The environment variable of a setting."""
    return PREFIX + key.upper()


def load(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    config: Path | None = None,
) -> Settings:
    """The settings in force. Raises SettingError."""
    values: dict[str, Any] = {}
    strongest = {key: value for key, value in (flags or {}).items() if value is not None}
    from_environment = {key: environ[variable(key)] for key in setting_names() if variable(key) in environ}
    _refuse_typos(environ)
    if (file := _config_file(strongest, environ, config)) is not None:
        for key, value in _read_toml(file).items():
            values[key] = _checked(key, value, str(file))
    for key, text in from_environment.items():
        values[key] = _checked(key, text, f"the environment variable {variable(key)}")
    for key, value in strongest.items():
        values[key] = _checked(key, value, "the command line")
    settings = Settings(**values)
    return settings.replace(data=settings.data.expanduser().resolve())


def load_running(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] = os.environ, config: Path | None = None
) -> Settings:
    """The settings of the platform on a data directory as it was started, or the defaults where none was: to stop it
    and to ask it, whatever has become of its portico.toml. Raises SettingError where only a file that cannot be read
    would say which directory."""
    strongest = {key: value for key, value in (flags or {}).items() if value is not None}
    data = strongest.get("data") or environ.get(variable("data"))
    if not data and (file := _config_file(strongest, environ, config)) is not None:
        try:
            data = _checked("data", _read_toml(file).get("data", str(default_data())), str(file))
        except SettingError:
            if file != default_data() / "portico.toml":
                raise
    folder = Path(data or default_data()).expanduser().resolve()
    try:
        return from_json((folder / "run" / "settings.json").read_text()).replace(data=folder)
    except (OSError, ValueError, SettingError):
        return Settings(data=folder)


def ignored_variables(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Variables that look like ours and are not: somebody else's, or of another version."""
    known = {variable(key) for key in setting_names()} | OTHER_VARIABLES
    return sorted(name for name in environ if name.startswith(PREFIX) and name not in known)


def _refuse_typos(environ: Mapping[str, str]) -> None:
    for name in ignored_variables(environ):
        if near := difflib.get_close_matches(name.removeprefix(PREFIX).lower(), setting_names(), 1, _NEAR):
            meant = variable(near[0])
            raise SettingError(f"the environment variable {name} is no setting: {meant} is; rename or unset it")


def _config_file(strongest: Mapping[str, Any], environ: Mapping[str, str], config: Path | None) -> Path | None:
    """The portico.toml to read: the one that is named, else that of the data directory if it has one."""
    if config is not None:
        return config
    if named := environ.get(PREFIX + "CONFIG"):
        return Path(named)
    data = Path(strongest.get("data") or environ.get(variable("data")) or default_data()).expanduser()
    return data / "portico.toml" if os.path.exists(data / "portico.toml") else None


def from_json(text: str) -> Settings:
    """What `Settings.to_json` wrote: of values that were checked when they were loaded."""
    return Settings(**{key: _typed(key, value, "the settings file") for key, value in json.loads(text).items()})


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise SettingError(f"cannot read {path}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise SettingError(f"{path} is not TOML: {error}") from error


def _checked(key: str, value: Any, source: str) -> Any:
    """The value in the setting's own type, and within its bounds."""
    typed = _typed(key, value, source)
    rule = RULES[key]
    if not rule.allows(typed):
        raise SettingError(f"{key} from {source} {_shown(key, value)}: give {rule.give}")
    return typed


@functools.cache
def _kinds() -> Mapping[str, Any]:
    """The type of each setting. To find them out takes a millisecond, and each value asks."""
    return get_type_hints(Settings)


def _typed(key: str, value: Any, source: str) -> Any:
    """The value in the setting's own type; text is converted, as environment variables and options need it."""
    if key not in setting_names():
        near = difflib.get_close_matches(key, setting_names(), 1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise SettingError(f"{source} sets {key!r}, which is not a setting; {hint}`portico config --help` lists them")
    kind = _kinds()[key]
    try:
        return _CONVERSIONS[kind](value)
    except ValueError:
        raise SettingError(f"{key} from {source} {_shown(key, value)}: give {_KINDS[kind]}") from None


def _path(value: Any) -> Path:
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError
    return Path(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part for part in value.split(",") if part)
    if not isinstance(value, (list, tuple)):
        raise ValueError
    return tuple(map(_text, value))


def _whole_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise ValueError
    return int(value)  # of text, `16_000_000` too


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueError
    return float(value)


_CONVERSIONS: dict[Any, Callable[[Any], Any]] = {
    Path: _path,
    str: _text,
    tuple[str, ...]: _texts,
    int: _whole_number,
    float: _number,
}
_KINDS: dict[Any, str] = {
    Path: "the path of a folder",
    str: "a text",
    tuple[str, ...]: "a list of texts",
    int: "a whole number",
    float: "a number",
}


def _shown(key: str, value: Any) -> str:
    if key in _SECRET:
        return "cannot be used"
    shown = repr(value)
    return f"is {shown}" if len(shown) <= _MAX_SHOWN else f"is {shown[:_MAX_SHOWN]}…"
