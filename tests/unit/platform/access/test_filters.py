"""What lists show: prefixes of names, and what is left out of them."""

from __future__ import annotations

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.authorization import Filter, Part
from tests.unit.platform.access.build import ADA, HOW, NOW, OTHER, READ, ZONE, A, Account

NOTHING = Filter(False)


def shown(account: Account, parent: str = A, how: Circumstances = HOW) -> Filter:
    return account.snapshot().filter(ADA, READ, parent, how)


def test_without_policies_nothing_is_shown() -> None:
    assert shown(Account()) == NOTHING
    assert shown(Account(members=())) == NOTHING
    assert shown(Account(), "accounts/none") == NOTHING
    assert shown(Account(), "") == NOTHING


def test_an_allow_at_or_above_the_parent_shows_everything() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    assert shown(account) == shown(account, f"{A}/zones") == shown(account, ZONE) == Filter(True)


def test_an_allow_below_the_parent_shows_its_part() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, ZONE, f"{A}/zones/x", f"{ZONE}/records/www"))
    assert shown(account) == Filter(False, (ZONE, f"{A}/zones/x"))
    assert shown(account, ZONE) == Filter(True)
    assert shown(account, OTHER) == NOTHING


def test_denies_are_left_out() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    account.deny(ADA, READ, ZONE)
    assert shown(account) == Filter(True, (), (ZONE,))
    assert shown(account, ZONE) == shown(account, f"{ZONE}/records") == NOTHING


def test_an_exclusion_is_left_out() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, excluded=(ZONE,)))
    assert shown(account) == Filter(True, (), (ZONE,))


def test_an_exclusion_does_not_hide_what_another_policy_shows() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, excluded=(ZONE,)))
    account.allow(ADA, READ, f"{ZONE}/records/www")
    found = shown(account)
    assert found == Filter(False, parts=(Part(A, (ZONE,)), Part(f"{ZONE}/records/www")))
    account.allow(ADA, READ, ZONE)
    assert shown(account) == Filter(True)


def test_an_exclusion_of_a_deny_shows_what_is_allowed_there() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    account.deny(ADA, READ, account.resources(f"{A}/zones", excluded=(ZONE,)))
    assert shown(account) == Filter(False, parts=(Part(A, (f"{A}/zones",)), Part(ZONE)))
    assert shown(account, f"{A}/zones") == Filter(False, (ZONE,))


def test_conditions_are_judged_when_a_list_is_asked_for() -> None:
    account = Account()
    account.allow(ADA, READ, A, not_before=NOW)
    account.deny(ADA, READ, ZONE, certificate_required=True)
    assert shown(account, how=Circumstances(NOW - 1)) == NOTHING
    assert shown(account, how=Circumstances(NOW)) == Filter(True)
    assert shown(account, how=Circumstances(NOW, certificate=True)) == Filter(True, (), (ZONE,))


def test_names_that_sort_between_a_name_and_what_is_below_it_do_not_confuse() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    account.deny(ADA, READ, account.resources(A, f"{A}/zones/x", f"{A}/zones/x-1", f"{A}/zones/x/records/r"))
    assert shown(account).deny == (f"{A}/zones/x", f"{A}/zones/x-1")
