"""Conditions of policies and bounds of tokens, made ready to be judged.

Judging has three outcomes: holds, does not hold, or None: it cannot be told (no address known, no clock, a network that
cannot be read). Conditions together hold if all do, and do not if one of them surely does not; else it cannot be told.
So an unknown address does not bring back a deny that expired years ago.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from portico_server.platform.access.circumstances import Circumstances, parse_address
from portico_server.platform.access.model import ApiToken, Conditions

MAX_CLOCK_SKEW_SECONDS = 60
"""So much later than now a token may have been issued: as much as Envoy forgives."""

_LATEST_SECONDS = 2.0**53
_MAPPED_BITS = 96
_Network = tuple[int, int, int]  # version, mask, the address under it


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one condition; `outcome` is None if it could not be told."""

    condition: str
    """The field of `Conditions`."""
    outcome: bool | None
    detail: str


class Condition:
    """Conditions, compiled; equal if these are."""

    __slots__ = ("_networks", "_unreadable", "given")

    def __init__(self, given: Conditions) -> None:
        self.given = given
        networks = [_network(text) for text in given.source_cidrs]
        self._networks = [network for network in networks if network is not None]
        self._unreadable = [text for text, network in zip(given.source_cidrs, networks, strict=True) if network is None]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.given == other.given

    def __hash__(self) -> int:
        return hash(self.given)

    def holds(self, circumstances: Circumstances) -> bool | None:
        unknown = False
        for finding in self.findings(circumstances):
            if finding.outcome is False:
                return False
            unknown = unknown or finding.outcome is None
        return None if unknown else True

    def findings(self, circumstances: Circumstances) -> Iterator[Finding]:
        """What comes of each condition that is given."""
        given, now = self.given, circumstances.now
        clock = 0 < now < _LATEST_SECONDS
        if given.certificate_required:
            spoken = "speaks" if circumstances.certificate else "does not speak"
            yield Finding("certificate_required", circumstances.certificate, f"the caller {spoken} with a certificate")
        if given.not_before:
            outcome = now >= given.not_before if clock else None
            yield Finding("not_before", outcome, _at(now, clock))
        if given.not_after:
            outcome = now < given.not_after if clock else None
            yield Finding("not_after", outcome, _at(now, clock))
        if given.source_cidrs:
            yield self._from_where(circumstances.address)
        if given.max_token_age_seconds:
            yield _token_age(given.max_token_age_seconds, circumstances.issued_at, now, clock)

    def _from_where(self, text: str) -> Finding:
        address = parse_address(text) if text else None
        if address is None:
            return Finding("source_cidrs", None, f"{text!r} is no address" if text else "the address is not known")
        version, number = address
        if any(version == of and number & mask == network for of, mask, network in self._networks):
            return Finding("source_cidrs", True, f"the caller's address is {text}")
        if self._unreadable:
            return Finding("source_cidrs", None, f"{self._unreadable[0]!r} is no network")
        return Finding("source_cidrs", False, f"the caller's address is {text}")


_NONE = Conditions()


def compiled(given: Conditions) -> Condition | None:
    """None for what always holds."""
    return None if given == _NONE else Condition(given)


def bounds_of(token: ApiToken) -> Condition | None:
    """When and from where a token may be used; None: always, from everywhere."""
    return compiled(
        Conditions(not_before=token.not_before, not_after=token.expires_at, source_cidrs=token.source_cidrs)
    )


def _at(now: float, clock: bool) -> str:
    return f"it is {int(now)}" if clock else "the time is not known"


def _token_age(most: int, issued_at: int, now: float, clock: bool) -> Finding:
    age = now - issued_at
    if not clock or issued_at <= 0 or age < -MAX_CLOCK_SKEW_SECONDS:
        return Finding("max_token_age_seconds", None, "when the caller's token was issued is not known")
    return Finding("max_token_age_seconds", age <= most, f"the caller's token is {int(age)} s old")


def _network(text: str) -> _Network | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    first, bits = network.network_address, network.prefixlen
    if isinstance(first, ipaddress.IPv6Address) and first.ipv4_mapped is not None and bits >= _MAPPED_BITS:
        first, bits = first.ipv4_mapped, bits - _MAPPED_BITS
    width = first.max_prefixlen
    mask = ((1 << bits) - 1) << (width - bits)
    return first.version, mask, int(first) & mask
