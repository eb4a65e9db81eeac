"""URLs that requests go to: taken apart strictly, so that nobody behind reads one differently."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from portico_server.platform.outgoing.addresses import AddressRules

MAX_URL_BYTES = 2048
_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT = 1024
"""Below it are services that speak other protocols: mail, remote shells, directories."""
_MAX_PORT = 65535

_VISIBLE = re.compile(r"[!-\[\]-~]+")  # ASCII without spaces, controls and the backslash, which some take for a slash
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*([a-z]([a-z0-9-]{0,61}[a-z0-9])?)")
"""The last label begins with a letter: what resolvers take for an IPv4 address in another spelling does not."""
_PORT = re.compile(r"[1-9][0-9]{0,4}")


class UrlRefused(ValueError):
    """No request goes there; the message goes on behind the name of the field: what is wrong, and what to do."""


class Destination(NamedTuple):
    """`host` is a name in lower case, or an address as `ipaddress` writes it; `target` the path with the query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """For the header `host`: without the port where it is the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """In one spelling."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def is_address(self) -> bool:
        return ":" in self.host or self.host[-1].isdigit()


class DestinationRules:
    """Where requests may go. `http_hosts`: those that may be reached without TLS."""

    def __init__(self, addresses: AddressRules, http_hosts: Collection[str] = ()) -> None:
        self.addresses = addresses
        self._http_hosts = frozenset(http_hosts)

    def destination(self, url: str) -> Destination:
        """Where a URL leads, if that may be. Raises UrlRefused."""
        found = destination(url)
        if found.scheme == "http" and found.host not in self._http_hosts:
            raise UrlRefused("must begin with https://; the operator's setting webhook_http_hosts allows http by host")
        if found.is_address and not self.addresses.allow(found.host):
            raise UrlRefused(
                "names an address that may not be reached; give a public one, or one in a network that the operator's"
                " setting webhook_networks names"
            )
        return found


def destination(url: str) -> Destination:
    """Where a URL leads, whether that may be or not. Raises UrlRefused."""
    if len(url.encode()) > MAX_URL_BYTES:
        raise UrlRefused(f"has more than {MAX_URL_BYTES} bytes; give a shorter one")
    if not _VISIBLE.fullmatch(url):
        raise UrlRefused("has characters that no URL has; encode those of the path as %XX, the host as an A-label")
    scheme, host, port, target = _parts(url)
    found = Destination(scheme, host, port or _PORTS[scheme], target)
    if found.port != _PORTS[scheme] and not _FIRST_FREE_PORT <= found.port <= _MAX_PORT:
        raise UrlRefused(f"names port {found.port}; give {_PORTS[scheme]}, or one from {_FIRST_FREE_PORT} on")
    return found


def _parts(url: str) -> tuple[str, str, int, str]:
    """Scheme, host, port (0: none is named), path and query."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UrlRefused("is no URL; give one as https://example.com/hook") from None
    if parts.scheme not in _PORTS:
        raise UrlRefused("must begin with https://")
    if "#" in url:
        raise UrlRefused("has a fragment, which is never sent; leave it out")
    if "@" in parts.netloc:
        raise UrlRefused("names a user; what is sent is signed instead: leave it out")
    named, port = parts.netloc, ""
    if (colon := named.rfind(":")) > named.rfind("]"):
        named, port = named[:colon], named[colon + 1 :]
        if not _PORT.fullmatch(port):
            raise UrlRefused("has a port that is no number from 1 to 65535")
    target = parts.path or "/"
    if "?" in url:
        target += f"?{parts.query}"
    return parts.scheme, _host(named), int(port or 0), target


def _host(named: str) -> str:
    try:
        if named.startswith("[") and named.endswith("]") and "%" not in named:
            return str(ipaddress.IPv6Address(named[1:-1]))
        if named[-1:].isdigit():
            return str(ipaddress.IPv4Address(named))
    except ValueError:
        raise UrlRefused("has a host that is no IP address as usually written") from None
    host = named.lower()
    if not _NAME.fullmatch(host):
        raise UrlRefused("has a host that is no name of the DNS, in ASCII and without a dot at its end")
    return host
