"""The machine at the other end of a call."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Peer:
    """The machine that speaks, from its verified certificate. Empty strings where it gave none.

    `fingerprint` is the SHA-256 of the certificate's DER, in hexadecimal; `uri` its SPIFFE id; `serial` its serial
    number, in hexadecimal without leading zeros.
    """

    address: str = ""
    fingerprint: str = ""
    uri: str = ""
    serial: str = ""


NOBODY = Peer()
"""Where there is no certificate, or none to be told of."""
