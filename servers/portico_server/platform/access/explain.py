"""Says why a decision is what it is: which policy and which rule of it decided, or what an allow was short of.

Looks at the policies themselves and not at what is compiled of them, so it names what they name. A property test holds
that both decide alike.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from portico_server.platform.access.account import CompiledAccount
from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.conditions import Finding, bounds_of, compiled
from portico_server.platform.access.model import AccountPolicies, Policy, ResourceGroup
from portico_server.platform.access.permissions import patterns_of
from portico_server.platform.access.regions import missing_exclusion, named_by
from portico_server.platform.access.snapshot import Credential, Snapshot
from portico_server.platform.authorization import below


class Reason(enum.StrEnum):
    """What decided."""

    ALLOWED = "allowed"
    DENIED = "denied"
    """By a policy that denies: `match` says which."""
    NOTHING_ALLOWS = "nothing allows"
    """`nearest` says which policy comes nearest to it, if any is the caller's."""
    NOT_A_MEMBER = "not a member"
    NO_ACCOUNT = "no account"
    """The resource stands in no account that there is."""
    NOT_A_PERMISSION = "not a permission"
    """What was asked for is not of the form `product.noun.verb`."""
    TOKEN_UNKNOWN = "token unknown"  # noqa: S105
    TOKEN_OF_ANOTHER = "token of another"  # noqa: S105
    """The API token is another principal's, or another account's."""
    TOKEN_OUT_OF_BOUNDS = "token out of bounds"  # noqa: S105
    """The API token may not be used now, or not from there: `findings` say which."""


class Element(enum.StrEnum):
    """What a policy can fail by: the nearer to an allow the sooner."""

    CONDITION = "condition"
    EXCLUSION = "exclusion"
    SCOPE = "scope"
    PERMISSION = "permission"


@dataclass(frozen=True, slots=True)
class Match:
    """A policy that decided, and by what of it. `principal`: the name in the policy that stands for the caller, itself
    or a group; empty in a token's policies. `entry`: the resource's own name or one above it."""

    policy: str
    principal: str
    permission_group: str
    permission: str
    resource_group: str
    entry: str


@dataclass(frozen=True, slots=True)
class NearMiss:
    """A policy that would have allowed but for what failed. `detail` says more of the first of these."""

    policy: str
    failed: tuple[Element, ...]
    detail: str


@dataclass(frozen=True, slots=True)
class PolicyFinding:
    """What came of a condition of a policy (or of an API token's bounds) that bears on the question."""

    policy: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Explanation:
    """`token`: the name of the API token that decided; empty if the principal's own policies did. `findings`: of every
    condition that did not hold, or of which nothing could be told (`outcome` None)."""

    allowed: bool
    reason: Reason
    match: Match | None = None
    nearest: NearMiss | None = None
    findings: tuple[PolicyFinding, ...] = ()
    token: str = ""

    @property
    def errors(self) -> tuple[PolicyFinding, ...]:
        """The conditions of which nothing could be told: a deny denies then, and an allow does not allow."""
        return tuple(found for found in self.findings if found.finding.outcome is None)


class Unfinished(Exception):
    """There was no time to look through all policies."""


def _never() -> bool:
    return False


def explanation(
    snapshot: Snapshot,
    principal: str,
    permission: str,
    resource: str,
    circumstances: Circumstances,
    ended: Callable[[], bool] = _never,
) -> Explanation:
    """Why `Snapshot.allows` answers what it does. Looks through every policy of the principal: not for every call.
    `ended` is asked at each policy; raises Unfinished where it says that there is no more time."""
    account = snapshot.account_of(resource)
    if account is None:
        return Explanation(False, Reason.NO_ACCOUNT)
    if not patterns_of(permission):
        return Explanation(False, Reason.NOT_A_PERMISSION)
    asked = _Asked(account, patterns_of(permission), resource, circumstances, ended)
    token_id = circumstances.token_id
    by_token: Explanation | None = None
    if token_id and snapshot.is_api_token(token_id):
        by_token = _by_token(asked, snapshot.credential(token_id), principal)
        if not by_token.allowed:
            return by_token
    if principal not in account.model.principals:
        return Explanation(False, Reason.NOT_A_MEMBER)
    stands_for = account.index.itself_and_groups(principal)
    own = _judged(asked, account.policies_of(principal), stands_for)
    return by_token if by_token is not None and own.allowed else own


@dataclass(frozen=True, slots=True)
class _Asked:
    account: CompiledAccount
    patterns: frozenset[str]
    resource: str
    circumstances: Circumstances
    ended: Callable[[], bool] = _never

    @property
    def model(self) -> AccountPolicies:
        return self.account.model


def _by_token(asked: _Asked, credential: Credential | None, principal: str) -> Explanation:
    if credential is None:
        return Explanation(False, Reason.TOKEN_UNKNOWN)
    token = credential.token
    if token.principal != principal or credential.account != asked.account.name:
        return Explanation(False, Reason.TOKEN_OF_ANOTHER, token=token.name)
    bounds = bounds_of(token)
    if bounds is not None and bounds.holds(asked.circumstances) is not True:
        findings = (found for found in bounds.findings(asked.circumstances) if found.outcome is not True)
        of_token = tuple(PolicyFinding(token.name, found) for found in findings)
        return Explanation(False, Reason.TOKEN_OUT_OF_BOUNDS, findings=of_token, token=token.name)
    found = _judged(asked, token.policies, ())
    return Explanation(found.allowed, found.reason, found.match, found.nearest, found.findings, token.name)


def _judged(asked: _Asked, policies: Iterable[Policy], stands_for: Iterable[str]) -> Explanation:
    looks = list[_Look]()
    for policy in sorted(policies, key=lambda policy: policy.name):
        if asked.ended():
            raise Unfinished
        looks.append(_look(asked, policy, stands_for))
    findings = tuple(PolicyFinding(look.policy.name, found) for look in looks if look.match for found in look.findings)
    for look in looks:
        if look.policy.deny and look.match and look.holds is not False:
            return Explanation(False, Reason.DENIED, look.match, findings=findings)
    for look in looks:
        if not look.policy.deny and look.match and look.holds:
            return Explanation(True, Reason.ALLOWED, look.match, findings=findings)
    missed = [look for look in looks if not look.policy.deny]
    nearest = min(missed, key=_distance, default=None)
    return Explanation(
        False, Reason.NOTHING_ALLOWS, nearest=None if nearest is None else nearest.miss(), findings=findings
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """At one policy. `match` where permission and resource match; `common`: how many segments of the resource's name
    the nearest entry shares."""

    policy: Policy
    match: Match | None
    holds: bool | None
    findings: tuple[Finding, ...]
    failed: tuple[tuple[Element, str], ...]
    common: int

    def miss(self) -> NearMiss:
        return NearMiss(self.policy.name, tuple(element for element, _ in self.failed), self.failed[0][1])


def _distance(look: _Look) -> tuple[int, list[int], int]:
    order = list(Element)
    return len(look.failed), [order.index(element) for element, _ in look.failed], -look.common


def _look(asked: _Asked, policy: Policy, stands_for: Iterable[str]) -> _Look:
    failed: list[tuple[Element, str]] = []
    condition = compiled(policy.conditions)
    holds = True if condition is None else condition.holds(asked.circumstances)
    given = () if condition is None else condition.findings(asked.circumstances)
    findings = tuple(finding for finding in given if finding.outcome is not True)
    if holds is not True:
        failed.append((Element.CONDITION, "; ".join(f"{found.condition}: {found.detail}" for found in findings)))
    where = _where(asked, policy)
    if where.excluded:
        failed.append((Element.EXCLUSION, f"{where.resource_group} excludes {where.excluded}"))
    if not where.entry and not where.excluded:
        failed.append((Element.SCOPE, "none of its resource groups covers the resource"))
    permission_group, permission = next(_permissions(asked, policy), ("", ""))
    if not permission:
        failed.append((Element.PERMISSION, "none of its permission groups holds the permission"))
    match = None
    if permission and where.entry:
        named = next((name for name in policy.principals if name in stands_for), "")
        match = Match(policy.name, named, permission_group, permission, where.resource_group, where.entry)
    return _Look(policy, match, holds, findings, tuple(failed), where.common)


def _permissions(asked: _Asked, policy: Policy) -> Iterator[tuple[str, str]]:
    """The permission groups that hold the permission, each with what of it stands for it."""
    for name in policy.permission_groups:
        group = asked.model.permission_groups.get(name)
        for permission in group.permissions if group else ():
            if permission in asked.patterns:
                yield name, permission


@dataclass(frozen=True, slots=True)
class _Where:
    """A resource group of a policy, with the longest entry that covers the resource, or what of it is excluded."""

    resource_group: str = ""
    entry: str = ""
    excluded: str = ""
    common: int = 0


def _where(asked: _Asked, policy: Policy) -> _Where:
    """In the first resource group that covers the resource; else in one that excludes it, or comes near."""
    best = _Where()
    for name in policy.resource_groups:
        group = asked.model.resource_groups.get(name)
        if group is None:
            continue
        found = _in_group(asked, name, group, policy.deny)
        if found.entry:
            return found
        if (bool(found.excluded), found.common) > (bool(best.excluded), best.common):
            best = found
    return best


def _in_group(asked: _Asked, name: str, group: ResourceGroup, deny: bool) -> _Where:
    resource, domain_groups = asked.resource, asked.model.domain_groups
    named, excluded = named_by(asked.account.name, group, domain_groups)
    entry = max((one for one in named if below(resource, one)), key=len, default="")
    if not entry:
        return _Where(name, common=max((_common(resource, one) for one in named), default=0))
    closed = next((one for one in excluded if below(resource, one)), "")
    if not closed and not deny:
        closed = missing_exclusion(group, domain_groups)
    return _Where(name, "" if closed else entry, closed, _common(resource, entry))


def _common(one: str, other: str) -> int:
    """How many segments two names begin with alike."""
    count = 0
    for segment, same in zip(one.split("/"), other.split("/"), strict=False):
        if segment != same:
            break
        count += 1
    return count
