"""A list shows exactly what would be allowed one by one, whatever policies and the operator's file say together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portico_server.gateway.account_policies import AccountPoliciesBesideFile
from portico_server.gateway.policy import compile_policy
from portico_server.platform.access.snapshot import Snapshot
from portico_server.platform.authorization import Filter, Principal, below
from portico_server.platform.errors import ApiError
from portico_server.platform.policy_bindings import Binding
from tests.unit.platform.access.build import ADA, OTHER, ZONE, A, Account
from tests.unit.platform.access.worlds import ACCOUNTS, KNOWN, PRINCIPALS, UNIVERSE, names_in, worlds

PARENTS = ("accounts/a", "accounts/a/zones", "accounts/a/zones/x", "accounts/b/buckets/x/objects/k/")
TOKENS = ("", "", "", "api.one", "api.unknown")
bindings = st.lists(
    st.builds(
        Binding,
        st.sampled_from(PRINCIPALS[:2]).map(lambda one: (one,)),
        st.sampled_from((("*",), ("dns.*",), ("dns.record.read",))),
        st.lists(st.sampled_from(names_in(ACCOUNTS[0])), min_size=1, max_size=2).map(tuple),
        st.booleans(),
    ),
    max_size=3,
)


class File:
    """The operator's file, as `PolicyFile` answers."""

    def __init__(self, given: list[Binding]) -> None:
        self._policy = compile_policy(given, "portico.local")

    def allows(self, principal: Principal, permission: str, resource: str) -> bool:
        return self._policy.allows(principal.name, permission, resource)

    def denies(self, principal: Principal, permission: str, resource: str) -> bool:
        return self._policy.denies(principal.name, permission, resource)

    def entries(self, principal: str, permission: str) -> Iterator[str]:
        return self._policy.entries(principal, permission)


class Shared:
    """Policies that were handed on; `fresh`: compared with their store lately."""

    def __init__(self, snapshot: Snapshot, *, fresh: bool) -> None:
        self.unreadable: dict[str, str] = {}
        self._snapshot = snapshot
        self._fresh = fresh

    def current(self) -> Snapshot:
        return self._snapshot

    def is_fresh(self) -> bool:
        return self._fresh


def deciding(world: Any, file: list[Binding], *, fresh: bool = True) -> AccountPoliciesBesideFile:
    shared = Shared(Snapshot.compile(world.values(), KNOWN), fresh=fresh)
    return AccountPoliciesBesideFile(File(file), shared)  # type: ignore[arg-type]


def listed(decides: AccountPoliciesBesideFile, caller: Principal, permission: str) -> Filter | None:
    """None where the list is refused because policies are stale."""
    try:
        return decides.filter(caller, permission, "accounts/a")
    except ApiError as refused:
        if refused.reason != "POLICIES_STALE":
            raise
        return None


ASKED = (worlds, bindings, st.sampled_from(PRINCIPALS), st.sampled_from(KNOWN))


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck))


@given(*ASKED, st.sampled_from(TOKENS))
@examples(20)
def test_what_is_listed_is_what_is_allowed(
    world: Any, file: list[Binding], principal: str, permission: str, token: str
) -> None:
    check_list(world, file, principal, permission, token)


@pytest.mark.long
@given(*ASKED, st.sampled_from(TOKENS))
@examples(500)
def test_what_is_listed_is_what_is_allowed_in_many_worlds(
    world: Any, file: list[Binding], principal: str, permission: str, token: str
) -> None:
    check_list(world, file, principal, permission, token)


def check_list(world: Any, file: list[Binding], principal: str, permission: str, token: str) -> None:
    decides = deciding(world, file)
    caller = Principal(principal, principal.split("/")[1], token, credential=token)
    for parent in PARENTS:
        shown = decides.filter(caller, permission, parent)
        for name in UNIVERSE:
            if below(name, parent):
                assert shown.shows(name) == decides.allows(caller, permission, name), (parent, name, shown)


@given(*ASKED)
@examples(15)
def test_a_list_by_stale_policies_is_refused_where_it_would_lack_something(
    world: Any, file: list[Binding], principal: str, permission: str
) -> None:
    decides, caller = deciding(world, file, fresh=False), Principal(principal, principal.split("/")[1])
    whole = deciding(world, file).filter(caller, permission, "accounts/a")
    shown = listed(decides, caller, permission)
    if shown is None:
        return
    assert shown == whole
    for name in UNIVERSE:
        if below(name, "accounts/a") and shown.shows(name):
            assert decides.allows(caller, permission, name)


def test_a_deny_that_leaves_something_out_hides_all_but_that() -> None:
    """And not the whole list."""

    account = Account()
    account.allow(ADA, "dns.zone.read", A)
    account.deny(ADA, "dns.zone.read", account.resources(A, excluded=(ZONE,)))
    decides = deciding({A: account.policies}, [])
    shown = decides.filter(Principal(ADA, "a"), "dns.zone.read", A)
    assert shown.shows(ZONE)
    assert not shown.shows(OTHER)
    with pytest.raises(ApiError):
        deciding({A: account.policies}, [], fresh=False).filter(Principal(ADA, "a"), "dns.zone.read", A)
