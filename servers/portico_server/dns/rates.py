"""How much of the DNS is answered: to one network, and in all."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

_BURST_SECONDS = 2.0
_BURST_OF_ALL_SECONDS = 0.5
_MOST_NETWORKS = 10_000
_PREFIX = {4: 24, 6: 56}


class Bucket:
    """So many a second, on average; `burst` of them at once."""

    def __init__(self, a_second: float, burst: float, now: float) -> None:
        self._a_second = a_second
        self._burst = self._left = burst
        self._at = now

    def take(self, now: float) -> bool:
        self._left = min(self._burst, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Rates:
    """Counts queries by the network that they come from, as far as can be told: senders of datagrams are forged."""

    def __init__(self, a_network: float, in_all: float, clock: Callable[[], float]) -> None:
        """Queries a second; `clock` answers seconds that only grow."""
        self._a_network = a_network
        self._clock = clock
        self._all = Bucket(in_all, in_all * _BURST_OF_ALL_SECONDS, clock())
        self._networks: OrderedDict[str, Bucket] = OrderedDict()

    def any_left(self) -> bool:
        """Whether one more may be looked at at all."""
        return self._all.take(self._clock())

    def allows(self, address: str) -> bool:
        """Whether the network of the address may be answered one more."""
        now = self._clock()
        network = network_of(address)
        bucket = self._networks.pop(network, None) or Bucket(self._a_network, self._a_network * _BURST_SECONDS, now)
        self._networks[network] = bucket
        if len(self._networks) > _MOST_NETWORKS:
            self._networks.popitem(last=False)
        return bucket.take(now)


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /56 of an IPv6 address."""
    found = ipaddress.ip_address(address.partition("%")[0])
    return str(ipaddress.ip_network((found, _PREFIX[found.version]), strict=False))
