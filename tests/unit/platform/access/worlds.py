"""Small random worlds of policies: two accounts, few names, so that everything meets everything."""

from __future__ import annotations

from functools import cache
from typing import TypeVar

from hypothesis import strategies as st

from portico_server.platform.access.changes import Element
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.model import (
    AccessKey,
    AccountPolicies,
    ApiToken,
    Conditions,
    DomainGroup,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)

ACCOUNTS = ("accounts/a", "accounts/b")
PRINCIPALS = tuple(f"{account}/principals/{one}" for account in ACCOUNTS for one in ("ada", "bob"))
KNOWN = ("dns.record.read", "dns.record.delete", "dns.zone.read", "objects.object.read")
PERMISSIONS = (*KNOWN, "dns.record.unknown")
PATTERNS = (*PERMISSIONS, "dns.record.*", "dns.*", "*", "dns*", "*.record.read", "objects.object.*")
TOKEN_IDS = ("api.one", "api.two", "three")


def names_in(account: str) -> tuple[str, ...]:
    """Look-alikes among them."""
    zone, bucket = f"{account}/zones/x", f"{account}/buckets/x"
    return (
        account,
        f"{account}x",
        f"{account}/zones",
        zone,
        f"{zone}/",
        f"{zone}/records/r",
        f"{zone}/records/r/deep",
        f"{zone}y",
        f"{zone}.y",
        bucket,
        f"{bucket}/objects/k",
        f"{bucket}/objects/k/",
        f"{bucket}/objects/k//",
        f"{bucket}/objects/k/l",
        f"{bucket}/objects/k/l/m",
        f"{bucket}/objects/kl",
    )


UNIVERSE = (*names_in(ACCOUNTS[0]), *names_in(ACCOUNTS[1]), "", "/", "accounts", "accounts/", "operations/a/b")

names = st.sampled_from(UNIVERSE)
T = TypeVar("T")

few_names = st.lists(names, max_size=3).map(tuple)


def mostly(usual: st.SearchStrategy[T], rarely: st.SearchStrategy[T], one_in: int = 5) -> st.SearchStrategy[T]:
    """So that questions come to something: what is random in every respect is nearly always denied."""
    return st.sampled_from(range(one_in)).flatmap(lambda number: rarely if number == one_in - 1 else usual)


conditions = mostly(
    st.just(Conditions()),
    st.builds(
        Conditions,
        not_before=st.sampled_from((0, 0, 100)),
        not_after=st.sampled_from((0, 0, 200)),
        source_cidrs=st.sampled_from(((), (), ("10.0.0.0/8",), ("nonsense",), ("10.0.0.0/8", "nonsense"), ("::/0",))),
        certificate_required=st.sampled_from((False, False, True)),
        max_token_age_seconds=st.sampled_from((0, 0, 50)),
    ),
)
circumstances = st.builds(
    Circumstances,
    now=st.sampled_from((0, 50, 150, 250)),
    address=st.sampled_from(("", "nonsense", "10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1")),
    certificate=st.booleans(),
    token_id=st.sampled_from(("", "", "", "unknown", "api.unknown", *TOKEN_IDS)),
    issued_at=st.sampled_from((0, 60, 120, 240)),
)


@cache
def ids(account: str, collection: str) -> st.SearchStrategy[str]:
    return st.sampled_from(
        [f"{account}/{collection}/{number}" for number in range(2 if collection != "policies" else 5)]
    )


def some(strategy: st.SearchStrategy[str], most: int = 2) -> st.SearchStrategy[tuple[str, ...]]:
    """Rarely none."""
    return mostly(st.lists(strategy, min_size=1, max_size=most), st.just([]), 8).map(tuple)


def policies(account: str, name: st.SearchStrategy[str], principals: st.SearchStrategy[tuple[str, ...]]):  # type: ignore[no-untyped-def]
    return st.builds(
        Policy,
        name,
        some(ids(account, "permissionGroups")),
        some(ids(account, "resourceGroups")),
        principals,
        deny=st.sampled_from((False, False, False, True)),
        conditions=conditions,
    )


@cache
def elements(account: str) -> dict[str, st.SearchStrategy[Element]]:
    """One of each kind, by the field of AccountPolicies."""
    zones = some(ids(account, "domainGroups"), 1)
    token_policies = policies(account, st.just(f"{account}/apiTokens/own"), st.just(()))
    own_names = st.lists(st.sampled_from(names_in(account)), min_size=1, max_size=3).map(tuple)
    return {
        "permission_groups": st.builds(
            PermissionGroup,
            ids(account, "permissionGroups"),
            some(mostly(st.sampled_from(("*", "dns.*", "dns.record.*")), st.sampled_from(PATTERNS), 2), 3),
        ),
        "resource_groups": st.builds(
            ResourceGroup,
            ids(account, "resourceGroups"),
            scope=mostly(st.just(account), names),
            everything=st.booleans(),
            objects=own_names,
            domain_groups=zones,
            excluded=mostly(st.just(()), st.one_of(own_names, few_names), 2),
            excluded_domain_groups=zones,
        ),
        "domain_groups": st.builds(DomainGroup, ids(account, "domainGroups"), st.one_of(own_names, few_names)),
        "groups": st.integers(0, 2).flatmap(lambda number: _group(account, number)),
        "policies": policies(
            account,
            ids(account, "policies"),
            some(st.one_of(st.sampled_from(PRINCIPALS), ids(account, "groups")), 4),
        ),
        "tokens": st.builds(
            ApiToken,
            ids(account, "apiTokens"),
            st.sampled_from(TOKEN_IDS),
            st.sampled_from(PRINCIPALS),
            st.lists(token_policies, max_size=2).map(tuple),
            not_before=st.sampled_from((0, 100)),
            expires_at=st.sampled_from((0, 200)),
            source_cidrs=st.sampled_from(((), ("10.0.0.0/8",))),
        ),
        "access_keys": st.builds(
            AccessKey,
            ids(account, "accessKeys"),
            st.sampled_from(PRINCIPALS),
            st.sampled_from(("c2VhbGVk", "b3RoZXI=")),
            created_at=st.sampled_from((0, 100)),
        ),
    }


@cache
def _group(account: str, number: int) -> st.SearchStrategy[Element]:
    """Groups hold such of a lesser number only, so that there is no circle."""
    lesser = [f"{account}/groups/{other}" for other in range(number)]
    return st.builds(Group, st.just(f"{account}/groups/{number}"), some(st.sampled_from([*PRINCIPALS, *lesser]), 3))


def accounts(name: str) -> st.SearchStrategy[AccountPolicies]:
    """Few of a kind, rarely none, so that most of what policies name is there."""
    kinds = {
        kind: st.lists(one, min_size=2, max_size=5).map(lambda found: {element.name: element for element in found})
        for kind, one in elements(name).items()
    }
    kinds["tokens"] = st.lists(elements(name)["tokens"], max_size=2).map(lambda found: {one.name: one for one in found})
    members = mostly(st.just(frozenset(PRINCIPALS)), st.frozensets(st.sampled_from(PRINCIPALS)))
    return st.builds(AccountPolicies, st.just(name), principals=members, **kinds)


worlds = st.tuples(*map(accounts, ACCOUNTS)).map(lambda found: {one.account: one for one in found})
changes = st.sampled_from(ACCOUNTS).flatmap(
    lambda account: st.sampled_from(sorted(elements(account))).flatmap(
        lambda kind: st.tuples(st.just(account), st.just(kind), elements(account)[kind], st.booleans())
    )
)
"""An account, a kind, an element, and whether the one of its name is removed instead."""
