"""Secrets are compared in the same steps whatever is wrong with them, so that the time tells nothing."""

from __future__ import annotations

import hmac
import random

import pytest

from portico_server.access import secrets
from portico_server.access.secrets import INVITATION, Secrets, proves
from portico_server.access.store import Proof

SECRETS = Secrets(random.SystemRandom())


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The lengths in bytes of what was compared in constant time."""
    found: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        found.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(secrets.hmac, "compare_digest", compare)
    return found


def test_whatever_is_wrong_two_hashes_are_compared_once(compared: list[tuple[int, int]]) -> None:
    secret = SECRETS.new(f"{INVITATION}ada.")
    kept = SECRETS.proof("accounts/a/members/ada", "accounts/a", secret, 100)
    tries: list[tuple[Proof | None, str, float]] = [
        (kept, secret, 99),
        (kept, secret, 100),
        (kept, secret[:-1], 99),
        (kept, "", 99),
        (kept, secret * 1000, 99),
        (kept, "\u00e9" * 43, 99),
        (None, secret, 99),
        (None, "", 99),
    ]
    assert [proves(*one) for one in tries] == [True, *[False] * 7]
    assert compared == [(32, 32)] * len(tries)


def test_nothing_proves_what_is_not_kept() -> None:
    """Not even a secret whose hash were that which stands in for a missing one."""
    assert not proves(None, secrets.NO_PROOF.hash.decode("latin-1"), 0)


def test_equal_secrets_leave_nothing_equal() -> None:
    one, other = (SECRETS.proof("n", "a", "same") for _ in range(2))
    assert one.salt != other.salt
    assert one.hash != other.hash
