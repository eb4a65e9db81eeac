"""Who may do what, a sentence a test. Conditions, tokens, lists and explanations have files of their own."""

from __future__ import annotations

import pytest

from tests.unit.platform.access.build import ADA, BOB, DELETE, EDIT, HOW, OTHER, READ, ZONE, A, Account


def test_nothing_matching_is_deny() -> None:
    account = Account()
    account.allow(BOB, READ, A)
    assert not account.snapshot().allows(ADA, READ, ZONE, HOW)


def test_what_is_allowed_above_is_allowed_below() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    snapshot = account.snapshot()
    for resource in (A, ZONE, f"{ZONE}/records/www", f"{A}/buckets/b/objects/a/deep/key"):
        assert snapshot.allows(ADA, READ, resource, HOW)


@pytest.mark.parametrize("denied", [A, ZONE, f"{ZONE}/records/www"])
def test_a_deny_anywhere_on_the_way_to_the_root_wins(denied: str) -> None:
    account = Account()
    account.allow(ADA, READ, f"{ZONE}/records/www")
    account.allow(ADA, READ, A)
    account.deny(ADA, READ, denied)
    snapshot = account.snapshot()
    assert not snapshot.allows(ADA, READ, f"{ZONE}/records/www", HOW)
    assert snapshot.allows(ADA, READ, OTHER, HOW) == (denied != A)


def test_a_deny_of_one_permission_leaves_the_others() -> None:
    account = Account()
    account.allow(ADA, "dns.*", A)
    account.deny(ADA, DELETE, A)
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, EDIT, ZONE, HOW)
    assert not snapshot.allows(ADA, DELETE, ZONE, HOW)


def test_who_is_not_in_the_account_may_do_nothing_there_whatever_policies_say() -> None:
    account = Account(members=(BOB,))
    account.allow(ADA, "*", A)
    account.allow(account.group(ADA, BOB), "*", A)
    snapshot = account.snapshot()
    assert not snapshot.allows(ADA, READ, ZONE, HOW)
    assert snapshot.allows(BOB, READ, ZONE, HOW)


def test_a_principal_of_another_account_may_be_a_member() -> None:
    guest = "accounts/b/principals/guest"
    account = Account(members=(guest,))
    account.allow(guest, READ, A)
    assert account.snapshot().allows(guest, READ, ZONE, HOW)


def test_a_policy_counts_only_within_its_account() -> None:
    one, other = Account(members=(ADA,)), Account("accounts/b", members=(ADA,))
    for reached in ("accounts/b", "accounts/b/zones/x", "accounts", "", "accounts/"):
        one.allow(ADA, "*", one.resources("accounts/b", reached))
        one.allow(ADA, "*", reached)
        one.allow(ADA, "*", one.resources(A, excluded=(reached,), domain_groups=(one.domains(reached),)))
    snapshot = one.snapshot(other)
    for resource in ("accounts/b", "accounts/b/zones/x", "accounts/ab", "accounts", "accounts/", ""):
        assert not snapshot.allows(ADA, READ, resource, HOW), resource


def test_a_deny_of_one_account_does_not_reach_into_another() -> None:
    one, other = Account(members=(ADA,)), Account("accounts/b", members=(ADA,))
    one.deny(ADA, "*", "accounts/b")
    other.allow(ADA, READ, "accounts/b")
    assert one.snapshot(other).allows(ADA, READ, "accounts/b/zones/x", HOW)


def test_objects_count_only_within_the_scope() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(ZONE, OTHER, f"{ZONE}/records/www"))
    account.allow(ADA, EDIT, account.resources(ZONE, A))
    snapshot = account.snapshot()
    assert not snapshot.allows(ADA, READ, OTHER, HOW)
    assert snapshot.allows(ADA, READ, f"{ZONE}/records/www", HOW)
    assert not snapshot.allows(ADA, READ, ZONE, HOW)
    assert snapshot.allows(ADA, EDIT, ZONE, HOW)
    assert not snapshot.allows(ADA, EDIT, OTHER, HOW)


@pytest.mark.parametrize(
    "neighbour",
    [
        f"{ZONE}x",
        f"{ZONE}.x",
        f"{ZONE}-x",
        ZONE[:-1],
        ZONE.upper(),
        f"{A}/zones",
        f"{A}/zones/",
        f"{A}//zones/example.com",
        f"{A}/buckets/example.com",
        f"{A}x/zones/example.com",
        "accounts/ab/zones/example.com",
        f"/{ZONE}",
        f" {ZONE}",
        f"{A}/zones/еxample.com",  # a Cyrillic е
        "zones/example.com",
        "accounts",
        "accounts/",
        "/",
        "",
    ],
)
def test_names_that_look_alike_are_others(neighbour: str) -> None:
    account = Account()
    account.allow(ADA, READ, ZONE)
    assert not account.snapshot().allows(ADA, READ, neighbour, HOW)


def test_a_name_with_a_slash_behind_it_stands_below_the_name() -> None:
    account = Account()
    account.allow(ADA, READ, ZONE)
    account.deny(BOB, READ, ZONE)
    account.allow(BOB, READ, A)
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, f"{ZONE}/", HOW)
    assert not snapshot.allows(BOB, READ, f"{ZONE}/", HOW)
    assert not snapshot.allows(BOB, READ, f"{ZONE}//", HOW)


def test_a_prefix_of_keys_ends_in_a_slash_and_covers_what_begins_with_it() -> None:
    objects = f"{A}/buckets/b/objects"
    account = Account()
    account.allow(ADA, READ, account.resources(A, f"{objects}/logs/"))
    snapshot = account.snapshot()
    shown = {"logs/": True, "logs/x": True, "logs/x/y": True, "logs//": True, "logs": False, "logsx": False, "": False}
    assert {key: snapshot.allows(ADA, READ, f"{objects}/{key}", HOW) for key in shown} == shown


@pytest.mark.parametrize(
    ("pattern", "covers"),
    [
        ("*", True),
        ("dns.*", True),
        ("dns.record.*", True),
        (READ, True),
        ("dns.record", False),
        ("dns", False),
        ("dn*", False),
        ("dns*", False),
        ("dns.rec*", False),
        ("dns.record.re*", False),
        ("*.record.read", False),
        ("dns.*.read", False),
        ("**", False),
        ("*.*", False),
        ("*.*.*", False),
        (".*", False),
        ("", False),
        ("DNS.record.read", False),
        ("objects.*", False),
    ],
)
def test_wildcards_stand_for_whole_ends(pattern: str, covers: bool) -> None:
    account = Account()
    account.allow(ADA, pattern, A)
    assert account.snapshot().allows(ADA, READ, ZONE, HOW) is covers


@pytest.mark.parametrize("asked", ["dns.*", "dns.record.*", "*", "", "dns", "dns.record", "dns.record.read.x", " "])
def test_a_wildcard_is_no_permission_to_ask_for(asked: str) -> None:
    """Who holds part of `dns.*` must not be told that he holds it."""
    account = Account()
    for pattern in ("*", "dns.*", "dns.record.*", asked):
        account.allow(ADA, pattern, A)
    account.deny(ADA, DELETE, A)
    assert not account.snapshot().allows(ADA, asked, ZONE, HOW)


def test_a_permission_that_is_not_known_matches_by_its_wildcard_and_is_not_kept() -> None:
    account = Account()
    account.allow(ADA, "dns.*", A)
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, "dns.key.roll", ZONE, HOW)
    compiled = snapshot.account_of(A)
    assert compiled is not None
    assert all("dns.key.roll" not in tables for tables in compiled.tables.values())


def test_groups_hold_groups() -> None:
    account = Account()
    inner = account.group(ADA)
    outer = account.group(account.group(inner), BOB)
    account.allow(outer, READ, A)
    account.deny(inner, READ, OTHER)
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, HOW)
    assert not snapshot.allows(ADA, READ, OTHER, HOW)
    assert snapshot.allows(BOB, READ, OTHER, HOW)


def test_groups_in_a_circle_end() -> None:
    account = Account()
    first, second = f"{A}/groups/0", f"{A}/groups/1"
    account.group(second, ADA)
    account.group(first)
    account.allow(second, READ, A)
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, HOW)
    assert not snapshot.with_element(A, first, None).allows(ADA, READ, ZONE, HOW)


def test_a_domain_group_names_zones_for_allow_and_deny() -> None:
    account = Account()
    production = account.domains(ZONE, "accounts/b/zones/foreign")
    account.allow(ADA, READ, account.resources(A, domain_groups=(production,)))
    account.allow(BOB, READ, A)
    account.deny(BOB, READ, account.resources(A, domain_groups=(production,)))
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, f"{ZONE}/records/www", HOW)
    assert not snapshot.allows(ADA, READ, OTHER, HOW)
    assert not snapshot.allows(BOB, READ, ZONE, HOW)
    assert snapshot.allows(BOB, READ, OTHER, HOW)


def test_at_or_below_an_excluded_name_nothing_is_granted() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, excluded=(ZONE,)))
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, OTHER, HOW)
    assert snapshot.allows(ADA, READ, f"{ZONE}x", HOW)
    for resource in (ZONE, f"{ZONE}/", f"{ZONE}/records/www"):
        assert not snapshot.allows(ADA, READ, resource, HOW)


def test_an_exclusion_does_not_take_away_what_another_policy_allows() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, excluded=(ZONE,)))
    account.allow(ADA, READ, f"{ZONE}/records/www")
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, f"{ZONE}/records/www", HOW)
    assert not snapshot.allows(ADA, READ, f"{ZONE}/records/mail", HOW)


def test_an_exclusion_of_one_deny_does_not_take_away_what_another_denies() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    account.deny(ADA, READ, account.resources(A, excluded=(ZONE,)))
    snapshot = account.snapshot()
    assert snapshot.allows(ADA, READ, ZONE, HOW)
    assert not snapshot.allows(ADA, READ, OTHER, HOW)
    account.deny(ADA, READ, f"{ZONE}/records/www")
    assert not account.snapshot().allows(ADA, READ, f"{ZONE}/records/www", HOW)


def test_an_exclusion_does_not_allow() -> None:
    account = Account()
    account.deny(ADA, READ, account.resources(A, excluded=(ZONE,)))
    assert not account.snapshot().allows(ADA, READ, ZONE, HOW)


def test_an_exclusion_above_all_that_is_named_leaves_nothing() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, ZONE, excluded=(f"{A}/zones",)))
    account.allow(ADA, READ, account.resources(A, ZONE, excluded=(A,)))
    assert not account.snapshot().allows(ADA, READ, ZONE, HOW)


def test_what_a_policy_names_need_not_exist() -> None:
    account = Account()
    allow = account.allow(ADA, READ, account.resources(A, excluded_domain_groups=(f"{A}/domainGroups/none",)))
    assert not account.snapshot().allows(ADA, READ, ZONE, HOW), f"{allow} may have been meant to leave that zone out"
    account.allow(ADA, READ, f"{A}/resourceGroups/none")
    account.allow(f"{A}/groups/none", READ, A)
    assert not account.snapshot().allows(ADA, READ, ZONE, HOW)
    account.allow(ADA, READ, A)
    account.deny(ADA, READ, account.resources(ZONE, excluded_domain_groups=(f"{A}/domainGroups/none",)))
    assert not account.snapshot().allows(ADA, READ, ZONE, HOW)
    assert account.snapshot().allows(ADA, READ, OTHER, HOW)


def test_strangers_are_not_kept() -> None:
    account = Account()
    account.allow(ADA, READ, A)
    snapshot = account.snapshot()
    for number in range(100):
        assert not snapshot.allows(f"{A}/principals/stranger-{number}", READ, ZONE, HOW)
    compiled = snapshot.account_of(A)
    assert compiled is not None
    assert not compiled.role_of


def test_the_longest_names_are_decided() -> None:
    account = Account()
    deepest = f"{A}/buckets/b/objects/" + "/" * 1000 + "end"
    account.allow(ADA, READ, account.resources(A, excluded=(deepest,)))
    snapshot = account.snapshot()
    long = f"{A}/buckets/b/objects/" + "/" * (2048 - len(f"{A}/buckets/b/objects/"))
    assert snapshot.allows(ADA, READ, long, HOW)
    assert snapshot.allows(ADA, READ, deepest + "x", HOW)
    assert not snapshot.allows(ADA, READ, deepest, HOW)
    assert not snapshot.allows(ADA, READ, deepest + "/x", HOW)


def test_a_long_name_is_looked_up_no_further_than_the_longest_entry() -> None:
    """The look-ups of a decision are bounded by what policies say, not by what callers ask."""
    account = Account()
    account.allow(ADA, READ, ZONE)
    snapshot = account.snapshot()
    assert not snapshot.allows(ADA, READ, A, HOW)
    compiled = snapshot.account_of(A)
    assert compiled is not None
    table = compiled.table(ADA, READ)
    looked_up: list[str] = []

    class Effects(dict[str, int]):
        def get(self, key: str, default: int = 0) -> int:  # type: ignore[override]
            looked_up.append(key)
            return super().get(key, default)

    table._effects = Effects(table._effects)
    assert table.allows(f"{ZONE}/records/" + "x/" * 1000, HOW)
    assert looked_up == [f"{ZONE}/"]
