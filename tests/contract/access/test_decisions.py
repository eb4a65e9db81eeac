"""Decisions by what is kept: the post's example, conditions, explanations, and what a change would change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from portico_server.access import decision_service, errors, simulations
from portico_server.platform.access.explain import Explanation, explanation
from portico_server.platform.access.simulate import Difference
from portico_server.platform.authorization import Filter
from tests.contract.access.making import (
    DENY,
    EVERYTHING,
    OBJECTS,
    domain_group,
    group,
    member,
    permission_group,
    policy,
    principals_group,
    resource_group,
)
from tests.contract.access.stand import ACCOUNT, Stand

ADA = f"{ACCOUNT}/principals/ada"
READ = "objects.object.read"
PHOTOS, LOGS = f"{ACCOUNT}/buckets/photos", f"{ACCOUNT}/buckets/logs"


async def _may(stand: Stand, permission: str, resource: str, principal: str = ADA, **more: Any) -> bool:
    asked = {"parent": ACCOUNT, "principal": principal, "permission": permission, "resource": resource, **more}
    answer: bool = (await stand.do("CheckAccess", **asked)).allowed
    return answer


async def test_a_role_on_everything_then_scoped_to_one_thing_decides_at_once(stand: Stand) -> None:
    ada = await member(stand, "ada")
    assert not await _may(stand, READ, PHOTOS)
    given = await policy(stand, "ada", ada.name)
    assert await _may(stand, READ, PHOTOS)
    assert await _may(stand, READ, LOGS)
    await resource_group(stand, "photos", objects=[PHOTOS])
    scoped = {"name": given.name, "resource_groups": [f"{ACCOUNT}/resourceGroups/photos"]}
    await stand.do("UpdatePolicy", policy=scoped, update_mask={"paths": ["resource_groups"]})
    assert await _may(stand, READ, f"{PHOTOS}/objects/cat.jpg")
    assert not await _may(stand, READ, LOGS)
    assert not await _may(stand, READ, f"{PHOTOS}2"), "a name that begins alike is another one"
    await stand.do("DeleteMember", name=ada.name)
    assert not await _may(stand, READ, PHOTOS)


async def test_a_zone_that_leaves_a_domain_group_takes_everyones_access_to_it_along(stand: Stand) -> None:
    ada = await member(stand, "ada")
    production = await domain_group(stand, "production", "a.example", "b.example")
    await resource_group(stand, "production", domain_groups=[production.name])
    await principals_group(stand, "few", ada.name)
    await policy(stand, "few", group("few"), resource_groups=[f"{ACCOUNT}/resourceGroups/production"])
    zone = f"{ACCOUNT}/zones/a.example"
    assert await _may(stand, READ, zone)
    await stand.do("RemoveDomainGroupZones", name=production.name, zones=[zone])
    assert not await _may(stand, READ, zone)
    assert await _may(stand, READ, f"{ACCOUNT}/zones/b.example")


async def test_a_deny_wins_and_a_condition_that_cannot_be_told_denies(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "allow", ada.name, conditions={"source_cidrs": ["10.0.0.0/8"]})
    assert await _may(stand, READ, PHOTOS, circumstances={"address": "10.1.2.3"})
    assert not await _may(stand, READ, PHOTOS, circumstances={"address": "11.1.2.3"})
    assert not await _may(stand, READ, PHOTOS), "nobody knows from where"
    await policy(stand, "deny", ada.name, access=DENY)
    assert not await _may(stand, READ, PHOTOS, circumstances={"address": "10.1.2.3"})


async def test_many_questions_are_answered_in_their_order_by_one_revision(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await resource_group(stand, "photos", objects=[PHOTOS])
    await policy(stand, "ada", ada.name, resource_groups=[f"{ACCOUNT}/resourceGroups/photos"])
    questions = [{"principal": ADA, "permission": READ, "resource": name} for name in (PHOTOS, LOGS, PHOTOS)]
    answer = await stand.do("BatchCheckAccess", parent=ACCOUNT, questions=questions)
    assert list(answer.allowed) == [True, False, True]
    assert answer.policy_revision > 0


async def test_about_others_asks_who_may(stand: Stand) -> None:
    await member(stand, "ada")
    stand.caller, stand.filter = f"{ACCOUNT}/principals/bob", Filter(everything=False)
    with pytest.raises(errors.AsksAboutOthers) as refused:
        await _may(stand, READ, PHOTOS)
    code, reason = errors.ERRORS[type(refused.value)]
    assert (code.name, reason) == ("PERMISSION_DENIED", "PERMISSION_DENIED"), "as wherever a permission is lacking"
    assert not await _may(stand, READ, PHOTOS, principal="")
    with pytest.raises(errors.OutsideAccount):
        await _may(stand, READ, "accounts/other/buckets/b", principal="")


async def test_a_stranger_is_not_told_the_revision_of_all_policies(stand: Stand) -> None:
    await member(stand, "ada")
    asked = {"permission": READ, "resource": PHOTOS}
    for caller, told in ((ADA, True), (f"{ACCOUNT}/principals/eve", False)):
        stand.caller, stand.filter = caller, Filter(everything=False)
        for method, question in (("CheckAccess", asked), ("BatchCheckAccess", {"questions": [asked]})):
            answer = await stand.do(method, parent=ACCOUNT, **question)
            assert bool(answer.policy_revision) == told, (caller, method)
            assert bool(stand.headers) == told


async def test_an_explanation_names_the_policy_that_decided_or_came_nearest(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await principals_group(stand, "few", ada.name)
    await resource_group(stand, "photos", objects=[PHOTOS])
    allow = await policy(stand, "allow", group("few"), resource_groups=[f"{ACCOUNT}/resourceGroups/photos"])

    async def explain(resource: str) -> Any:
        return await stand.do("Explain", parent=ACCOUNT, principal=ADA, permission=READ, resource=resource)

    allowed = await explain(PHOTOS)
    assert (allowed.allowed, allowed.deciding_policy) == (True, allow.name)
    assert list(allowed.findings[0].through) == [group("few")]
    assert allowed.findings[0].permission_group == OBJECTS
    missed = await explain(LOGS)
    assert (missed.allowed, missed.deciding_policy) == (False, "")
    assert (missed.findings[0].policy, missed.findings[0].failed) == (allow.name, "resource_groups")
    deny = await policy(stand, "deny", ada.name, access=DENY)
    denied = await explain(PHOTOS)
    assert (denied.allowed, denied.deciding_policy) == (False, deny.name)
    assert "denies" in denied.summary


async def test_an_explanation_says_what_needs_no_permission_for_ones_own(stand: Stand) -> None:
    ada = await member(stand, "ada")
    asked = {"parent": ACCOUNT, "permission": "access.access_key.create", "resource": ACCOUNT}
    told = (await stand.do("Explain", principal=ADA, **asked)).summary
    assert told.endswith("; with what is one's own, everybody of the account may, since nothing denies it")
    for principal, more in ((ADA, {"permission": READ}), (f"{ACCOUNT}/principals/eve", {})):
        other = await stand.do("Explain", principal=principal, **{**asked, **more})
        assert "one's own" not in other.summary
    keys = await permission_group(stand, "keys", "access.access_key.create")
    await policy(stand, "ada", ada.name, access=DENY, permission_groups=[keys.name])
    assert (await stand.do("Explain", principal=ADA, **asked)).summary.endswith("policies/ada denies it")


async def test_my_permissions_are_those_that_i_hold_anywhere_below(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await resource_group(stand, "photos", objects=[PHOTOS])
    await policy(stand, "ada", ada.name, resource_groups=[f"{ACCOUNT}/resourceGroups/photos"])
    stand.caller, stand.filter = ADA, Filter(everything=False)
    page = await stand.do("ListMyPermissions", parent=ACCOUNT)
    assert READ in page.permissions
    assert not any(name.startswith("access.") for name in page.permissions)
    assert page.includes_partial
    assert not (await stand.do("ListMyPermissions", parent=ACCOUNT, resource=LOGS)).permissions
    first = await stand.do("ListMyPermissions", parent=ACCOUNT, page_size=1)
    rest = await stand.do("ListMyPermissions", parent=ACCOUNT, page_size=1000, page_token=first.next_page_token)
    assert [*first.permissions, *rest.permissions] == list(page.permissions)
    assert list(page.areas) == list(first.areas) == list(rest.areas) == ["objects"]


async def test_what_a_token_is_narrowed_to_bounds_what_is_told_of_oneself(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "ada", ada.name)
    asked = {"permission": READ, "resource": PHOTOS}
    stand.caller, stand.filter, stand.scope = ADA, Filter(everything=False), frozenset({"objects.bucket.*"})
    mine = (await stand.do("ListMyPermissions", parent=ACCOUNT)).permissions
    assert mine
    assert all(name.startswith("objects.bucket.") for name in mine)
    assert not await _may(stand, READ, PHOTOS)
    assert not (await stand.do("BatchCheckAccess", parent=ACCOUNT, questions=[asked])).allowed[0]
    explained = await stand.do("Explain", parent=ACCOUNT, **asked)
    assert not explained.allowed
    assert "narrowed" in explained.summary
    stand.filter = Filter(everything=True)
    assert await _may(stand, READ, PHOTOS, circumstances={}), "as of a call with another token"
    stand.scope = frozenset({"objects.*"})
    assert await _may(stand, READ, PHOTOS)
    assert (await stand.do("Explain", parent=ACCOUNT, **asked)).allowed


async def test_an_api_token_is_told_what_it_may_do_itself(stand: Stand) -> None:
    everything = await stand.do("ListMyPermissions", parent=ACCOUNT, page_size=1000)
    role = {"access": 1, "permission_groups": [OBJECTS], "resource_groups": [EVERYTHING]}
    made = await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id="t", api_token={"policies": [role]})
    stand.token_id = made.api_token.token_id
    mine = await stand.do("ListMyPermissions", parent=ACCOUNT, page_size=1000)
    assert list(mine.areas) == ["objects"]
    assert set(mine.permissions) < set(everything.permissions)


async def test_comparing_and_explaining_are_done_beside_the_event_loop(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set[int]()

    class Watched(simulations.Comparison):
        def __iter__(self) -> Iterator[list[Difference]]:
            threads.add(threading.get_ident())
            return super().__iter__()

    def watched(*asked: Any) -> Explanation:
        threads.add(threading.get_ident())
        return explanation(*asked)

    monkeypatch.setattr(simulations, "Comparison", Watched)
    monkeypatch.setattr(decision_service, "explanation", watched)
    ada = await member(stand, "ada")
    kept = await policy(stand, "ada", ada.name)
    assert (await stand.do("SimulatePolicy", parent=ACCOUNT, removed_policy=kept.name)).changes
    assert threads
    assert (await stand.do("Explain", parent=ACCOUNT, principal=ADA, permission=READ, resource=PHOTOS)).allowed
    assert threading.get_ident() not in threads


async def test_an_explanation_that_takes_too_long_says_what_is_decided_and_not_why(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "ada", ada.name)
    service = next(servicer for _, servicer in stand.running.servicers if hasattr(servicer, "Explain"))
    monkeypatch.setattr(service._apart, "_max_seconds", 0.0)
    told = await stand.do("Explain", parent=ACCOUNT, principal=ADA, permission=READ, resource=PHOTOS)
    assert told.allowed
    assert "too many policies to say why" in told.summary
    assert not told.findings


async def test_a_simulation_says_who_would_gain_and_lose_what_and_changes_nothing(stand: Stand) -> None:
    ada = await member(stand, "ada")
    kept = await policy(stand, "ada", ada.name)
    revision = (await stand.do("SimulatePolicy", parent=ACCOUNT, removed_policy=kept.name)).policy_revision
    lost = await stand.do("SimulatePolicy", parent=ACCOUNT, removed_policy=kept.name)
    (change,) = lost.changes
    assert (change.principal, change.resource) == (ADA, ACCOUNT)
    assert READ in change.lost
    assert not change.gained
    deny = {
        "name": f"{ACCOUNT}/policies/deny",
        "access": DENY,
        "permission_groups": [OBJECTS],
        "resource_groups": [EVERYTHING],
        "principals": [ada.name],
    }
    assert READ in (await stand.do("SimulatePolicy", parent=ACCOUNT, policy=deny)).changes[0].lost
    assert lost.policy_revision == revision
    assert await _may(stand, READ, PHOTOS)


@pytest.mark.parametrize("method", ["CheckAccess", "Explain", "BatchCheckAccess"])
@pytest.mark.parametrize(
    ("permission", "resource", "error", "field", "remedy"),
    [
        ("dns.zone.raed", PHOTOS, errors.UnknownPermission, "permission", "portico access permissions"),
        ("dns.frob.create", PHOTOS, errors.UnknownPermission, "permission", "portico access permissions"),
        (READ, f"{ACCOUNT}/bucket/photos", errors.UnknownResourceType, "resource", "did you mean buckets?"),
        (READ, f"{PHOTOS}/object/cat", errors.UnknownResourceType, "resource", "did you mean objects?"),
        (READ, f"{ACCOUNT}/zones/a.example/objects/x", errors.UnknownResourceType, "resource", "there are records"),
    ],
)
async def test_a_question_about_what_no_contract_has_is_refused(
    stand: Stand, method: str, permission: str, resource: str, error: type[Exception], field: str, remedy: str
) -> None:
    asked: dict[str, Any] = {"permission": permission, "resource": resource}
    where = field
    if method == "BatchCheckAccess":
        good = {"permission": READ, "resource": f"{PHOTOS}/objects/a/bucket/b/"}
        asked, where = {"questions": [good, asked]}, f"questions[1].{field}"
    with pytest.raises(error, match=r"there (are|is) no ") as refused:
        await stand.do(method, parent=ACCOUNT, **asked)
    assert str(refused.value).startswith(f"{where}: ")
    assert remedy in str(refused.value)
