"""What must hold of every change of an account, whatever path it takes: judged on the state before and after.

- What is removed is referred to by nothing that is left, and no policy names more than one may.
- An account that has a Super Administrator keeps one; one that has a member who is, keeps such a member: a service
  account is nobody who could sign in.
- Who is no Super Administrator gives nobody more than he holds himself, leaves those alone who are, and does not touch
  what denies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portico_server.access import powers
from portico_server.access.compiling import account_policies
from portico_server.access.errors import GrantsMoreThanHeld, LastSuperAdministrator, NotSuperAdministrator, in_use
from portico_server.access.kinds import (
    API_TOKEN,
    DOMAIN_GROUP,
    PERMISSION_GROUP,
    POLICY,
    POLICY_SET,
    RESOURCE_GROUP,
    kind_of,
)
from portico_server.access.narrowing import only_narrows
from portico_server.access.sizes import check_sizes
from portico_server.access.state import AccountState
from portico_server.platform.access.model import AccountPolicies

_DECIDING = {*POLICY_SET}
_SIZED = {POLICY, RESOURCE_GROUP, DOMAIN_GROUP, PERMISSION_GROUP, API_TOKEN}


def check(before: AccountState, after: AccountState, removed: Sequence[str], put: Sequence[str], caller: str) -> None:
    """`caller`: a principal; empty: the platform itself. Raises DomainError."""
    for name in removed:
        if referrers := after.referrers(name):
            raise in_use(kind_of(name), name, referrers)
    were, are = super_administrators(before), super_administrators(after)
    if after.exists:
        _check_one_is_left(before, after, were, are)
    if sized := [name for name in put if kind_of(name) in _SIZED]:
        check_sizes(account_policies(after), sized)
    touched = [name for name in (*removed, *put) if kind_of(name) in _DECIDING]
    if caller and touched and not _is_super_administrator(before, caller):
        if demoted := sorted(were - are):
            raise NotSuperAdministrator(
                f"{demoted[0]} would be no Super Administrator of {after.account} any more, and {caller}, who is none, "
                "may not do that",
                resource=after.account,
            )
        _check_gains(account_policies(before), account_policies(after), touched, caller)


def _check_one_is_left(before: AccountState, after: AccountState, were: frozenset[str], are: frozenset[str]) -> None:
    if were and not are:
        raise LastSuperAdministrator(
            f"{after.account} would be left without a Super Administrator: give somebody else the role first",
            resource=after.account,
        )
    if were & before.people() and not are & after.people():
        raise LastSuperAdministrator(
            f"{after.account} would be left with no Super Administrator but service accounts: give another member the "
            "role first",
            resource=after.account,
        )


def super_administrators(state: AccountState) -> frozenset[str]:
    """The principals who may do everything in the account; looked for once a state."""
    if state.administrators is None:
        state.administrators = frozenset(powers.super_administrators(account_policies(state)))
    return state.administrators


def _is_super_administrator(state: AccountState, caller: str) -> bool:
    """Whether the caller is one, and so is the API token that he came by; or the operator, who can bring one back."""
    if isinstance(caller, powers.Caller) and caller.is_operator_of(state.account):
        return True
    if caller not in super_administrators(state):
        return False
    token_id = powers.token_of(caller)
    return not token_id or powers.is_of_everything(token_id, caller, account_policies(state))


def check_super_administrator(state: AccountState, caller: str, what: str) -> None:
    """Raises NotSuperAdministrator."""
    if not _is_super_administrator(state, caller):
        raise NotSuperAdministrator(
            f"only a Super Administrator of {state.account} may {what}, and {caller} is none", resource=state.account
        )


def _check_gains(was: AccountPolicies, now: AccountPolicies, touched: Sequence[str], caller: str) -> None:
    for name in sorted(_policies_touched(was, touched) | _policies_touched(now, touched)):
        before, after = was.policies.get(name), now.policies.get(name)
        if (before is not None and before.deny) or (after is not None and after.deny):
            raise NotSuperAdministrator(
                f"the policy {name} denies: only a Super Administrator may change what it does", resource=name
            )
        if after is not None and set(touched) == {name} and only_narrows(before, after):
            continue
        if after is not None and (lacking := powers.lacks(caller, after, now, was)):
            raise GrantsMoreThanHeld(
                f"the policy {name} would give {lacking}, which {caller} does not hold without a condition",
                resource=name,
            )


def _policies_touched(policies: AccountPolicies, touched: Iterable[str]) -> set[str]:
    """Those that these names are, or on which they bear."""
    bearing = set(touched)
    for group in policies.resource_groups.values():
        if not bearing.isdisjoint((*group.domain_groups, *group.excluded_domain_groups)):
            bearing.add(group.name)
    grown = True
    while grown:
        found = {one.name for one in policies.groups.values() if not bearing.isdisjoint(one.members)} - bearing
        bearing |= found
        grown = bool(found)
    return {
        one.name
        for one in policies.policies.values()
        if one.name in bearing
        or not bearing.isdisjoint((*one.permission_groups, *one.resource_groups, *one.principals))
    }
