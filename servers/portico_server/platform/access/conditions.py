"""Conditions of policies and bounds of tokens, made ready to be judged.

Judging has three outcomes: holds, does not hold, or None: it cannot be told (no address known, no clock, a network that
cannot be read). Conditions together hold if all do, and do not if one of them surely does not; else it cannot be told.
So an unknown address does not bring back a deny that expired years ago.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

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

    __slots__ = ("_checks", "given")

    def __init__(self, given: Conditions) -> None:
        self.given = given
        self._checks = tuple(_checks(given))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.given == other.given

    def __hash__(self) -> int:
        return hash(self.given)

    def holds(self, circumstances: Circumstances) -> bool | None:
        unknown = False
        for _, check in self._checks:
            outcome = check(circumstances)
            if outcome is False:
                return False
            unknown = unknown or outcome is None
        return None if unknown else True

    def findings(self, circumstances: Circumstances) -> Iterator[Finding]:
        """What comes of each condition that is given."""
        for condition, check in self._checks:
            yield Finding(condition, check(circumstances), _detail(condition, circumstances))


_Check = Callable[[Circumstances], bool | None]


def _checks(given: Conditions) -> Iterator[tuple[str, _Check]]:
    """Each condition that is given, by the name of its field; the cheapest first."""
    if given.certificate_required:
        yield "certificate_required", lambda circumstances: circumstances.certificate
    if given.not_before:
        first = given.not_before
        yield "not_before", lambda circumstances: circumstances.now >= first if _is_time(circumstances.now) else None
    if given.not_after:
        end = given.not_after
        yield "not_after", lambda circumstances: circumstances.now < end if _is_time(circumstances.now) else None
    if given.max_token_age_seconds:
        yield "max_token_age_seconds", partial(_is_young, given.max_token_age_seconds)
    if given.source_cidrs:
        networks = [_network(text) for text in given.source_cidrs]
        readable = tuple(network for network in networks if network is not None)
        yield "source_cidrs", partial(_is_from, readable, None if None in networks else False)


def _is_time(now: float) -> bool:
    return 0 < now < _LATEST_SECONDS


def _is_young(most_seconds: int, circumstances: Circumstances) -> bool | None:
    now, issued_at = circumstances.now, circumstances.issued_at
    if not _is_time(now) or issued_at <= 0 or issued_at - now > MAX_CLOCK_SKEW_SECONDS:
        return None
    return now - issued_at <= most_seconds


def _is_from(networks: tuple[_Network, ...], otherwise: bool | None, circumstances: Circumstances) -> bool | None:
    """`otherwise`: what to answer of an address that is in none of the networks."""
    address = parse_address(circumstances.address)
    if address is None:
        return None
    version, number = address
    return any(version == of and number & mask == network for of, mask, network in networks) or otherwise


def _detail(condition: str, circumstances: Circumstances) -> str:
    """What is known of the caller, for one condition."""
    if condition == "certificate_required":
        return "the caller speaks with a certificate" if circumstances.certificate else "the caller has no certificate"
    if condition == "source_cidrs":
        return f"the caller's address is {circumstances.address!r}" if circumstances.address else "no address is known"
    if not _is_time(circumstances.now):
        return "no time is known"
    if condition == "max_token_age_seconds":
        issued_at = circumstances.issued_at
        return f"the caller's token was issued at {issued_at}" if issued_at > 0 else "no time of issue is known"
    return f"it is {int(circumstances.now)}"


_NONE = Conditions()


def compiled(given: Conditions) -> Condition | None:
    """None for what always holds."""
    return None if given == _NONE else Condition(given)


def bounds_of(token: ApiToken) -> Condition | None:
    """When and from where a token may be used; None: always, from everywhere."""
    return compiled(
        Conditions(not_before=token.not_before, not_after=token.expires_at, source_cidrs=token.source_cidrs)
    )


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
