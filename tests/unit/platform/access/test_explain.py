"""An explanation names the policy that decided, or what the nearest one was short of."""

from __future__ import annotations

import pytest

from portico_server.platform.access.circumstances import Circumstances
from portico_server.platform.access.explain import Element, Explanation, Reason, explanation
from tests.unit.platform.access.build import ADA, BOB, DELETE, EDIT, HOW, NOW, OTHER, READ, ZONE, A, Account


def explained(
    account: Account, permission: str = READ, resource: str = ZONE, how: Circumstances = HOW, principal: str = ADA
) -> Explanation:
    return explanation(account.snapshot(), principal, permission, resource, how)


def test_an_allow_names_the_policy_and_the_rule() -> None:
    account = Account()
    group = account.group(account.group(ADA))
    policy = account.allow(group, "dns.record.*", ZONE)
    found = explained(account, resource=f"{ZONE}/records/www")
    assert found.allowed
    assert found.reason is Reason.ALLOWED
    assert found.match is not None
    assert (found.match.policy, found.match.principal, found.match.entry) == (policy, group, ZONE)
    assert (found.match.permission_group, found.match.permission) == (f"{A}/permissionGroups/0", "dns.record.*")
    assert found.match.resource_group == f"{A}/resourceGroups/0"


def test_a_deny_names_the_policy_that_denies() -> None:
    account = Account()
    account.allow(ADA, "*", A)
    policy = account.deny(ADA, DELETE, A)
    found = explained(account, DELETE)
    assert (found.allowed, found.reason) == (False, Reason.DENIED)
    assert found.match is not None
    assert found.match.policy == policy


def test_a_denial_names_the_nearest_allow_and_what_failed() -> None:
    account = Account()
    scope = account.allow(ADA, READ, ZONE)
    permission = account.allow(ADA, EDIT, OTHER)
    exclusion = account.allow(ADA, DELETE, account.resources(A, excluded=(ZONE,)))
    condition = account.allow(ADA, "objects.*", A, certificate_required=True)
    account.allow(BOB, "*", A)
    near = {
        (READ, f"{A}/zones/other"): (scope, Element.SCOPE),
        ("dns.zone.read", OTHER): (permission, Element.PERMISSION),
        (DELETE, ZONE): (exclusion, Element.EXCLUSION),
        ("objects.object.read", ZONE): (condition, Element.CONDITION),
    }
    for (asked, resource), (policy, failed) in near.items():
        found = explained(account, asked, resource)
        assert found.reason is Reason.NOTHING_ALLOWS
        assert found.nearest is not None
        assert (found.nearest.policy, found.nearest.failed) == (policy, (failed,)), asked
        assert found.nearest.detail


def test_of_two_scopes_the_one_that_is_nearer_is_named() -> None:
    account = Account()
    account.allow(ADA, READ, f"{A}/buckets/b")
    policy = account.allow(ADA, READ, f"{ZONE}/records/www")
    found = explained(account)
    assert found.nearest is not None
    assert found.nearest.policy == policy


def test_an_exclusion_that_covers_all_that_is_named_is_told_as_one() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, ZONE, excluded=(f"{A}/zones",)))
    found = explained(account)
    assert found.nearest is not None
    assert found.nearest.failed == (Element.EXCLUSION,)
    assert found.nearest.detail.endswith(f"excludes {A}/zones")


def test_a_domain_group_that_should_be_excluded_and_does_not_exist_is_named() -> None:
    account = Account()
    account.allow(ADA, READ, account.resources(A, excluded_domain_groups=(f"{A}/domainGroups/none",)))
    found = explained(account)
    assert found.nearest is not None
    assert found.nearest.failed == (Element.EXCLUSION,)
    assert f"{A}/domainGroups/none" in found.nearest.detail


def test_every_condition_that_errs_is_told() -> None:
    account = Account()
    allow = account.allow(ADA, READ, A, source_cidrs=("10.0.0.0/8",), not_before=NOW)
    deny = account.deny(ADA, READ, A, max_token_age_seconds=60)
    account.allow(ADA, EDIT, A, source_cidrs=("192.0.2.0/24",))  # does not bear on the question
    found = explained(account, how=Circumstances(NOW))
    assert [(one.policy, one.finding.condition) for one in found.errors] == [
        (allow, "source_cidrs"),
        (deny, "max_token_age_seconds"),
    ]
    assert found.reason is Reason.DENIED


@pytest.mark.parametrize(
    ("principal", "permission", "resource", "reason"),
    [
        (f"{A}/principals/stranger", READ, ZONE, Reason.NOT_A_MEMBER),
        (ADA, READ, "accounts/none/zones/x", Reason.NO_ACCOUNT),
        (ADA, READ, "", Reason.NO_ACCOUNT),
        (ADA, "dns.*", ZONE, Reason.NOT_A_PERMISSION),
    ],
)
def test_what_no_policy_could_allow_is_told(principal: str, permission: str, resource: str, reason: Reason) -> None:
    account = Account()
    account.allow(ADA, "*", A)
    found = explained(account, permission, resource, principal=principal)
    assert found == Explanation(False, reason)


def test_a_member_without_policies_has_no_nearest() -> None:
    assert explained(Account()) == Explanation(False, Reason.NOTHING_ALLOWS)


def test_a_token_that_decides_is_named() -> None:
    account = Account()
    account.allow(ADA, "*", A)
    token = account.token(ADA, READ, ZONE, expires_at=NOW, source_cidrs=("10.0.0.0/8",))
    name = f"{A}/apiTokens/0"
    in_time = Circumstances(NOW - 1, "10.0.0.1", token_id=token)
    allowed = explained(account, how=in_time)
    assert (allowed.allowed, allowed.token) == (True, name)
    short = explained(account, EDIT, how=in_time)
    assert (short.reason, short.token) == (Reason.NOTHING_ALLOWS, name)
    late = explained(account, how=Circumstances(NOW, token_id=token))
    assert (late.reason, late.token) == (Reason.TOKEN_OUT_OF_BOUNDS, name)
    assert [(one.policy, one.finding.condition) for one in late.findings] == [
        (name, "not_after"),
        (name, "source_cidrs"),
    ]
    assert explained(account, how=in_time, principal=BOB).reason is Reason.TOKEN_OF_ANOTHER
    assert explained(account, how=Circumstances(NOW, token_id="api.gone")).reason is Reason.TOKEN_UNKNOWN


def test_what_the_principal_is_short_of_is_told_of_the_principal_though_it_comes_by_a_token() -> None:
    account = Account()
    account.allow(ADA, READ, ZONE)
    token = account.token(ADA, "*", A)
    found = explained(account, EDIT, how=Circumstances(NOW, token_id=token))
    assert (found.reason, found.token) == (Reason.NOTHING_ALLOWS, "")
