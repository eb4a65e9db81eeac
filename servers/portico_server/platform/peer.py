"""The machine at the other end of a call."""

from __future__ import annotations

import functools
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """The machine that speaks, from its verified certificate. Empty strings where it gave none.

    `address` is its IP address, which is also known without a certificate; `fingerprint` is the SHA-256 of the
    certificate's DER, in hexadecimal; `uri` its SPIFFE id; `serial` its serial number, in hexadecimal without leading
    zeros.
    """

    address: str = ""
    fingerprint: str = ""
    uri: str = ""
    serial: str = ""


NOBODY = Peer()
"""Where there is neither a certificate nor an address, or none to be told of."""


def peer_at(client: tuple[str, int] | None) -> Peer:
    """One of which no more than host and port is known yet, if that."""
    return _peer(client[0]) if client is not None else NOBODY


@functools.lru_cache(1024)  # who calls, mostly calls again
def _peer(address: str) -> Peer:
    return Peer(address)
