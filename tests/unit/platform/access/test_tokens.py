"""An API token may do what its own policies allow *and* its principal may do at that moment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import ApiToken
from portico_server.platform.access.snapshot import Snapshot
from tests.unit.platform.access.build import ADA, BOB, EDIT, NOW, OTHER, READ, ZONE, A, Account


def by(token_id: str, now: float = NOW, address: str = "10.0.0.1") -> Circumstances:
    return Circumstances(now=now, address=address, token_id=token_id)


def one_token(**bounds: object) -> tuple[Account, str]:
    """Ada may do anything with DNS in the account; her token may read one zone's."""
    account = Account()
    account.allow(ADA, "dns.*", A)
    return account, account.token(ADA, READ, ZONE, **bounds)


def test_a_token_may_do_no_more_than_its_policies() -> None:
    account, token = one_token()
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, by(token))
    assert not snapshot.allows(ADA, EDIT, ZONE, by(token))
    assert not snapshot.allows(ADA, READ, OTHER, by(token))
    assert snapshot.allows(ADA, EDIT, OTHER, by(""))
    assert snapshot.allows(ADA, EDIT, OTHER, by("a-session")), "another token of hers is not narrowed"


def test_a_token_may_do_no_more_than_its_principal() -> None:
    account = Account()
    account.allow(ADA, READ, ZONE)
    token = account.token(ADA, "*", A)
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, by(token))
    assert not snapshot.allows(ADA, EDIT, ZONE, by(token))
    assert not snapshot.allows(ADA, READ, OTHER, by(token))


def test_a_token_loses_what_its_principal_loses_at_once() -> None:
    account, token = one_token()
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, by(token))
    (policy,) = account.policies.policies
    for demoted in (snapshot.with_element(A, policy, None), snapshot.with_principals(A, removed=[ADA])):
        assert not demoted.allows(ADA, READ, ZONE, by(token))


def test_a_deny_of_the_principal_denies_its_tokens_and_a_deny_of_a_token_nobody_else() -> None:
    account, token = one_token()
    account.deny(ADA, READ, ZONE)
    assert not account.snapshot().allows(ADA, READ, ZONE, by(token))
    account, token = one_token()
    name = f"{A}/apiTokens/0"
    own = account.policies.tokens[name]
    denying = replace(own.policies[0], deny=True)
    account.policies.tokens[name] = replace(own, policies=(*own.policies, denying))
    assert not account.snapshot().allows(ADA, READ, ZONE, by(token))
    assert account.snapshot().allows(ADA, READ, ZONE, by(""))


@pytest.mark.parametrize(
    ("now", "address", "allowed"),
    [
        (NOW, "10.0.0.1", True),
        (NOW + 59, "10.0.0.1", True),
        (NOW - 1, "10.0.0.1", False),
        (NOW + 60, "10.0.0.1", False),
        (0, "10.0.0.1", False),
        (NOW, "11.0.0.1", False),
        (NOW, "", False),
        (NOW, "nonsense", False),
    ],
)
def test_a_token_is_good_in_its_time_and_from_its_networks(now: float, address: str, allowed: bool) -> None:
    account, token = one_token(not_before=NOW, expires_at=NOW + 60, source_cidrs=("10.0.0.0/8",))
    assert account.snapshot().allows(ADA, READ, ZONE, by(token, now, address)) is allowed


def test_a_token_serves_its_own_principal_alone() -> None:
    account, token = one_token()
    account.allow(BOB, "*", A)
    assert not account.snapshot().allows(BOB, READ, ZONE, by(token))


def test_a_token_serves_its_own_account_alone() -> None:
    account, token = one_token()
    other = Account("accounts/b", members=(ADA,))
    other.allow(ADA, "*", "accounts/b")
    snapshot = account.snapshot(other)
    assert snapshot.allows(ADA, READ, "accounts/b/zones/x", by(""))
    assert not snapshot.allows(ADA, READ, "accounts/b/zones/x", by(token))


def test_a_token_that_is_no_more_may_do_nothing() -> None:
    """It must not be taken for a token that may do all that its principal may."""
    account, token = one_token()
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, by(token))
    gone = snapshot.with_element(A, f"{A}/apiTokens/0", None)
    assert not gone.allows(ADA, READ, ZONE, by(token))
    assert not gone.filter(ADA, READ, A, by(token)).shows(ZONE)
    assert not snapshot.without_account(A).with_account(Account().policies).allows(ADA, READ, ZONE, by(token))


def test_an_id_that_two_tokens_claim_opens_nothing() -> None:
    account, token = one_token()
    twice = account.snapshot().with_element(A, f"{A}/apiTokens/1", _copy(account, f"{A}/apiTokens/1"))
    assert not twice.allows(ADA, READ, ZONE, by(token))
    assert twice.with_element(A, f"{A}/apiTokens/1", None).allows(ADA, READ, ZONE, by(token))


def test_a_token_is_rolled_to_another_id() -> None:
    account, token = one_token()
    name = f"{A}/apiTokens/0"
    rolled = account.snapshot().with_element(A, name, replace(account.policies.tokens[name], token_id="api.rolled"))
    assert rolled.allows(ADA, READ, ZONE, by("api.rolled"))
    assert not rolled.allows(ADA, READ, ZONE, by(token))


def test_a_tokens_name_is_no_principal() -> None:
    account, _ = one_token()
    snapshot: Snapshot = account.snapshot()
    assert not snapshot.allows(f"{A}/apiTokens/0", READ, ZONE, by(""))


def test_lists_and_permissions_are_narrowed_by_the_token_too() -> None:
    account, token = one_token()
    snapshot = account.snapshot()
    shown = snapshot.filter(ADA, READ, A, by(token))
    assert (shown.shows(ZONE), shown.shows(OTHER)) == (True, False)
    assert snapshot.permissions_of(ADA, ZONE, by(token)) == {READ}
    assert len(snapshot.permissions_of(ADA, ZONE, by(""))) == 4


def _copy(account: Account, name: str) -> ApiToken:
    return replace(account.policies.tokens[f"{A}/apiTokens/0"], name=name)
