"""What the value of each setting may be, and what to give in the place of one that may not.

A rule is a pair: whether a value may be, and the words behind "give". What it needs more than the value itself for (the
names of products, a free port) is found where that is known, when the platform starts.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from portico_server.platform.limits import SERVING_PROCESSES

_MIB, _GIB, _TIB = 1 << 20, 1 << 30, 1 << 40
_HOUR = 3600
_DAY = 24 * _HOUR
_MAX_PATH_BYTES = 4000  # of Linux's PATH_MAX, 4096, with room for what stands below

_DNS_NAME = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.I)
_MAX_DNS_NAME = 253  # RFC 1035
_TRUST_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9._-]{0,253}[a-z0-9])?")  # SPIFFE-ID, section 2.1
_ORIGIN = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")  # RFC 6454, 6.2
_NEEDLESS_PORT = re.compile(r"http:.*[^:]:80|https:.*[^:]:443")  # browsers leave it out
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_PRODUCT = re.compile(r"[a-z][a-z0-9_]*")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


class Rule(NamedTuple):
    """`give` says what is allowed, in words that follow "give"."""

    allows: Callable[[Any], bool]
    give: str


def address(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT or [IPv6]:PORT. Raises ValueError."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit():
        raise ValueError(f"{text!r} has no port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _is_address(text: str) -> bool:
    try:
        host, port = address(text)
    except ValueError:
        return False
    return bool(host) and not any(character.isspace() for character in host) and port < 65536


def _is_address_or_empty(text: str) -> bool:
    return not text or _is_address(text)


def _is_peer(text: str) -> bool:
    product, equals, where = text.partition("=")
    return bool(equals) and _PRODUCT.fullmatch(product) is not None and _is_address(where) and address(where)[1] > 0


def _is_loopback_or_empty(text: str) -> bool:
    try:
        host, port = address(text) if text else ("127.0.0.1", 1)
        return ipaddress.ip_address(host).is_loopback and 0 < port < 65536
    except ValueError:
        return False


def _is_ip_address_and_port(text: str) -> bool:
    try:
        host, port = address(text)
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return 0 < port < 65536


def _is_origin(text: str) -> bool:
    return _ORIGIN.fullmatch(text) is not None and _NEEDLESS_PORT.fullmatch(text) is None


def _is_server_name(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return len(text) <= _MAX_DNS_NAME and _DNS_NAME.fullmatch(text) is not None
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return "/" in text


def _is_folder(path: Path) -> bool:
    text = str(path)
    return "\0" not in text and len(text.encode(errors="surrogateescape")) <= _MAX_PATH_BYTES


def _each(allows: Callable[[str], bool]) -> Callable[[tuple[str, ...]], bool]:
    return lambda values: all(map(allows, values))


def _matching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _between(least: float, most: float, unit: str = "") -> Rule:
    """A number with both ends; NaN is in no range."""
    return Rule(lambda value: least <= value <= most, f"a number from {least:,} to {most:,}{unit}".replace(",", "_"))


def _one_of(*values: str) -> Rule:
    return Rule(lambda value: value in values, f"{', '.join(values[:-1])} or {values[-1]}")


RULES: Mapping[str, Rule] = {
    "data": Rule(_is_folder, "the path of a folder"),
    "listen": Rule(_is_address, "HOST:PORT, as 127.0.0.1:8443"),
    "web_listen": Rule(lambda text: not text or _is_address(text), "HOST:PORT, as 127.0.0.1:9443, or nothing"),
    "s3_listen": Rule(lambda text: not text or _is_address(text), "HOST:PORT, as 127.0.0.1:9000, or nothing"),
    "web_origins": Rule(
        _each(_is_origin),
        "origins as browsers write them, in lower case and without a path or the usual port: https://app.example.com",
    ),
    "hostnames": Rule(_each(_is_server_name), "DNS names and IP addresses, as portico.example.com,192.0.2.1"),
    "trust_domain": Rule(
        _matching(_TRUST_DOMAIN), "lower-case letters, digits, dots, dashes and underscores, as portico.example.com"
    ),
    "client_certificates": _one_of("required", "optional"),
    "only": Rule(_each(_matching(_PRODUCT)), "names of products, as objects"),
    "extra_products": Rule(_each(_matching(_MODULE)), "Python modules, as my_company.my_product"),
    "extra_descriptors": Rule(_each(lambda path: _is_folder(Path(path))), "paths of files"),
    "processes": Rule(_each(_matching(_PRODUCT)), "names of products, as objects"),
    "workers": _between(1, SERVING_PROCESSES),
    "peers": Rule(_each(_is_peer), "PRODUCT=HOST:PORT of other nodes, as objects=192.0.2.7:8444"),
    "mesh_listen": Rule(_is_address_or_empty, "HOST:PORT, as 0.0.0.0:8444, or nothing"),
    "host": _one_of("embedded", "plain"),
    "database": Rule(
        lambda value: value == "sqlite" or value.startswith(("postgresql://", "postgres://")),
        "sqlite or postgresql://user@host/name",
    ),
    "envoy_threads": _between(1, 256),
    # Clients send objects in messages of 1 MiB and a little.
    "max_message_bytes": _between(2 * _MIB, _GIB, " bytes"),
    "max_connections": _between(1, 10_000_000),
    "max_streams": _between(1, 1_000_000),
    "calls_per_second": _between(0, 1_000_000),
    "call_burst": _between(0, 10_000_000),
    "concurrent_calls": _between(0, 10_000_000),
    "first_message_seconds": _between(0.1, _HOUR, " seconds"),
    "sample_ratio": _between(0, 1),
    "spans": _one_of("sampled", "all"),
    "slow_seconds": _between(0, _HOUR, " seconds"),
    "telemetry_bytes": _between(_MIB, _TIB, " bytes"),
    "reserve_bytes": _between(0, _TIB, " bytes"),
    "drain_seconds": _between(0, _HOUR, " seconds"),
    "unresponsive_seconds": _between(1, _HOUR, " seconds"),
    "mesh_messages": _one_of("shared", "serialized"),
    "node_certificate_seconds": _between(60, 400 * _DAY, " seconds"),
    "revocation_list_seconds": _between(_HOUR, 400 * _DAY, " seconds"),
    "metrics_listen": Rule(
        _is_loopback_or_empty,
        "HOST:PORT of this machine alone, as 127.0.0.1:9464; metrics are given without credentials",
    ),
    "dns_name_servers": Rule(
        _each(_matching(_HOST_NAME)), "names of hosts in lower case, without a dot at their end, as ns1.example.net"
    ),
    "dns_listen": Rule(
        lambda text: not text or _is_ip_address_and_port(text),
        "an IP address with a port, as 192.0.2.53:53, or nothing",
    ),
    "dns_queries_per_second": _between(1, 100_000),
    "dns_resolvers": Rule(_each(_is_ip_address_and_port), "IP addresses with a port, as 192.0.2.53:53"),
    "dns_zones": _between(1, 100_000),
    # All of a zone are read at once for a zone file.
    "dns_records": _between(1, 20_000),
    "objects_scrub_days": _between(0, 400, " days"),
    "objects_scrub_bytes_per_second": _between(64 * 1024, 100 * _GIB, " bytes"),
    "webhook_networks": Rule(
        _each(_is_network), "networks in their own spelling, without bits behind the prefix, as 10.1.0.0/16"
    ),
    "webhook_http_hosts": Rule(
        _each(lambda text: _is_server_name(text) and text == text.lower() and not text.startswith("*")),
        "DNS names and IP addresses in lower case, as hooks.internal",
    ),
    "webhook_authorities": Rule(lambda path: _is_folder(Path(path)), "the path of a file"),
    "log_level": _one_of("debug", "info", "warning", "error"),
}
