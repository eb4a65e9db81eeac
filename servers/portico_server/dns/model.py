"""The values of the domain as they are stored, and the contract's numbers by name."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

AUTOMATIC_TTL = 1
AUTOMATIC_TTL_SECONDS = 300
"""What is served for records whose TTL is automatic."""


class ZoneState(IntEnum):
    """Where a zone stands; the contract's numbers."""

    PENDING = 1
    ACTIVE = 2
    PAUSED = 3


class Proof(IntEnum):
    """How a zone was verified; the contract's numbers of VerificationMethod."""

    NONE = 0
    TXT = 1
    DELEGATION = 2


class Type(IntEnum):
    """What a record says; the contract's numbers of RecordType. The names are those of the DNS."""

    A = 1
    AAAA = 2
    CNAME = 3
    MX = 4
    TXT = 5
    SRV = 6
    CAA = 7
    NS = 8


PROXIABLE = frozenset({Type.A, Type.AAAA, Type.CNAME})


class Zone(NamedTuple):
    """A zone, in the order of its table's columns."""

    name: str
    domain: str
    created_at_us: int
    updated_at_us: int
    etag: str
    display_name: str
    description: str
    paused: int
    verified_at_us: int
    verified_by: int
    token: str
    serial: int
    records: int

    @property
    def state(self) -> ZoneState:
        if not self.verified_at_us:
            return ZoneState.PENDING
        return ZoneState.PAUSED if self.paused else ZoneState.ACTIVE


class Record(NamedTuple):
    """A record, in the order of its table's columns."""

    name: str
    zone: str
    domain_name: str
    place: str
    type: int
    rdata: bytes
    ttl_seconds: int
    proxied: int
    comment: str
    etag: str
    created_at_us: int
    updated_at_us: int

    @property
    def says(self) -> tuple[int, bytes]:
        """What no two records of a name may have alike."""
        return self.type, self.rdata

    @property
    def served_ttl_seconds(self) -> int:
        return AUTOMATIC_TTL_SECONDS if self.ttl_seconds == AUTOMATIC_TTL else self.ttl_seconds
