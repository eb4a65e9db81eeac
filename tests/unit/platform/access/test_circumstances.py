"""Conditions hold, do not hold, or cannot be told: then a deny denies, and an allow does not allow."""

from __future__ import annotations

import pytest

from portico_server.platform.access.circumstances import Circumstances
from tests.unit.platform.access.build import ADA, NOW, READ, ZONE, A, Account


def decisions(circumstances: Circumstances, **conditions: object) -> tuple[bool, bool]:
    """What an allow with these conditions comes to, and what a deny with them does beside an allow without."""
    allowing, denying = Account(), Account()
    allowing.allow(ADA, READ, A, **conditions)
    denying.allow(ADA, READ, A)
    denying.deny(ADA, READ, A, **conditions)
    return (
        allowing.snapshot().allows(ADA, READ, ZONE, circumstances),
        not denying.snapshot().allows(ADA, READ, ZONE, circumstances),
    )


HOLDS, FAILS, CANNOT_BE_TOLD = (True, True), (False, False), (False, True)


@pytest.mark.parametrize(
    ("now", "outcome"),
    [
        (NOW - 1, FAILS),
        (NOW, HOLDS),
        (NOW + 9.999, HOLDS),
        (NOW + 10, FAILS),
        (0, CANNOT_BE_TOLD),
        (-1, CANNOT_BE_TOLD),
        (float("nan"), CANNOT_BE_TOLD),
        (float("inf"), CANNOT_BE_TOLD),
    ],
)
def test_a_window_holds_from_its_first_second_to_before_its_end(now: float, outcome: tuple[bool, bool]) -> None:
    assert decisions(Circumstances(now=now), not_before=NOW, not_after=NOW + 10) == outcome


@pytest.mark.parametrize(
    ("address", "cidrs", "outcome"),
    [
        ("10.1.2.3", ("10.0.0.0/8",), HOLDS),
        ("11.0.0.0", ("10.0.0.0/8",), FAILS),
        ("10.1.2.3", ("192.0.2.0/24", "10.1.2.3/32"), HOLDS),
        ("10.1.2.3", ("10.1.2.3",), HOLDS),
        ("10.1.2.3", ("10.9.9.9/8",), HOLDS),
        ("::ffff:10.1.2.3", ("10.0.0.0/8",), HOLDS),
        ("10.1.2.3", ("::ffff:10.0.0.0/104",), HOLDS),
        ("10.1.2.3", ("::/0",), FAILS),
        ("2001:db8::1", ("0.0.0.0/0",), FAILS),
        ("2001:db8::1", ("2001:db8::/32",), HOLDS),
        ("2001:DB8:0::1", ("2001:db8::1/128",), HOLDS),
        ("2001:db9::1", ("2001:db8::/32",), FAILS),
        ("", ("0.0.0.0/0", "::/0"), CANNOT_BE_TOLD),
        ("10.1.2.3:443", ("0.0.0.0/0",), CANNOT_BE_TOLD),
        ("10.1.2", ("0.0.0.0/0",), CANNOT_BE_TOLD),
        ("010.1.2.3", ("0.0.0.0/0",), CANNOT_BE_TOLD),
        ("localhost", ("0.0.0.0/0",), CANNOT_BE_TOLD),
        ("10.1.2.3", ("nonsense",), CANNOT_BE_TOLD),
        ("10.1.2.3", ("nonsense", "10.0.0.0/8"), HOLDS),
        ("10.1.2.3", ("nonsense", "11.0.0.0/8"), CANNOT_BE_TOLD),
        ("10.1.2.3", ("10.0.0.0/33",), CANNOT_BE_TOLD),
    ],
)
def test_an_address_is_in_one_of_the_networks(address: str, cidrs: tuple[str, ...], outcome: tuple[bool, bool]) -> None:
    assert decisions(Circumstances(now=NOW, address=address), source_cidrs=cidrs) == outcome


def test_a_certificate_is_required() -> None:
    assert decisions(Circumstances(certificate=True), certificate_required=True) == HOLDS
    assert decisions(Circumstances(certificate=False), certificate_required=True) == FAILS


@pytest.mark.parametrize(
    ("issued_at", "outcome"),
    [
        (NOW, HOLDS),
        (NOW - 60, HOLDS),
        (NOW - 61, FAILS),
        (NOW + 60, HOLDS),
        (NOW + 61, CANNOT_BE_TOLD),
        (0, CANNOT_BE_TOLD),
        (-5, CANNOT_BE_TOLD),
    ],
)
def test_a_token_must_be_young(issued_at: int, outcome: tuple[bool, bool]) -> None:
    assert decisions(Circumstances(now=NOW, issued_at=issued_at), max_token_age_seconds=60) == outcome
    without_clock = Circumstances(now=0, issued_at=issued_at)
    assert decisions(without_clock, max_token_age_seconds=60) == CANNOT_BE_TOLD


def test_all_conditions_must_hold() -> None:
    given = {"not_before": NOW, "certificate_required": True, "source_cidrs": ("10.0.0.0/8",)}
    assert decisions(Circumstances(NOW, "10.0.0.1", True), **given) == HOLDS
    assert decisions(Circumstances(NOW, "10.0.0.1", False), **given) == FAILS
    assert decisions(Circumstances(NOW, "", True), **given) == CANNOT_BE_TOLD


def test_what_surely_does_not_hold_needs_nothing_else_to_be_known() -> None:
    """A deny that expired stays so, also for callers whose address is not known."""
    given = {"not_after": NOW, "source_cidrs": ("10.0.0.0/8",)}
    assert decisions(Circumstances(NOW, ""), **given) == FAILS


def test_a_condition_of_one_policy_does_not_touch_another() -> None:
    account = Account()
    account.allow(ADA, READ, A, certificate_required=True)
    account.allow(ADA, READ, ZONE)
    assert account.snapshot().allows(ADA, READ, ZONE, Circumstances(NOW))
    account.deny(ADA, READ, account.resources(A, excluded=(f"{ZONE}/records/www",)), not_before=NOW)
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, Circumstances(NOW - 1))
    assert not snapshot.allows(ADA, READ, ZONE, Circumstances(NOW))
    assert snapshot.allows(ADA, READ, f"{ZONE}/records/www", Circumstances(NOW))
