"""Which addresses a request to where a user says may reach, by HTTP or to a name server: public ones, and those in
networks that an operator allows.

Whoever names a URL must not reach through the platform what he cannot reach himself: this machine, its neighbours, the
metadata services of clouds. Lists of our own, not `ipaddress.is_global`: what that counts as global differs from one
release of Python to the next.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NOT_PUBLIC_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network (RFC 791); Linux takes it for this machine
            "10.0.0.0/8",  # private (RFC 1918)
            "100.64.0.0/10",  # behind carriers' NAT (RFC 6598)
            "127.0.0.0/8",  # this machine
            "169.254.0.0/16",  # link-local (RFC 3927), metadata services
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # IETF's protocols (RFC 6890)
            "192.0.2.0/24",  # documentation (RFC 5737)
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)
_PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
"""All that is global unicast so far (RFC 4291). What maps or translates IPv4 addresses stands outside, but for 6to4."""
_NOT_PUBLIC_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # IETF's protocols, Teredo among them (RFC 2928)
            "2001:db8::/32",  # documentation (RFC 3849)
            "2002::/16",  # 6to4: holds IPv4 addresses (RFC 3056)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_NEVER = frozenset(
    map(
        ipaddress.ip_address,
        (
            "169.254.169.254",  # metadata of most clouds
            "169.254.170.2",  # credentials of containers
            "169.254.170.23",
            "100.100.100.200",
            "168.63.129.16",  # a public address of a cloud's own machinery
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
        ),
    )
)
"""What gives credentials to whoever asks from this machine: in whatever network the operator allows."""


class AddressRules:
    """`networks`: those that may be reached besides public addresses."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        """Raises ValueError for what is no network."""
        self._networks: tuple[Network, ...] = tuple(map(ipaddress.ip_network, networks))

    def allow(self, text: str) -> bool:
        """Whether an address, as IPv4 or IPv6 is written, may be reached; not what is none, or has a zone."""
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and (address.scope_id or address.ipv4_mapped is not None):
            return False
        if address in _NEVER:
            return False
        return _is_public(address) or any(address in network for network in self._networks)


PUBLIC = AddressRules()
"""No others."""


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _PUBLIC_V6 and not any(address in network for network in _NOT_PUBLIC_V6)
