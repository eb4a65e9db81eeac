"""How a caller comes: what conditions and tokens are judged by, besides who calls."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

ADDRESSES_REMEMBERED = 4096

Address = tuple[int, int]
"""The version (4 or 6) and the number of an address. An IPv4 address that is written as IPv6 is an IPv4 address."""


@dataclass(slots=True)
class Circumstances:
    """Of one call. What is not known is left out; a condition that needs it errs."""

    now: float = 0
    """Seconds since 1970; 0: no clock to believe."""
    address: str = ""
    """The caller's IP address, without a port."""
    certificate: bool = False
    """Whether the caller speaks with a client certificate of this platform."""
    token_id: str = ""
    """The `jti` of the caller's token; empty without one."""
    issued_at: int = 0
    """When that token was issued, seconds since 1970."""


@lru_cache(ADDRESSES_REMEMBERED)
def parse_address(text: str) -> Address | None:
    """None for what is no address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)
