"""Permission groups, resource groups, domain groups, groups and policies: kept, listed, changed, and refused by the
element that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from portico_server.access import PRODUCT, errors
from portico_server.platform.authorization import Filter
from portico_server.platform.errors import DomainError
from tests.contract.access.making import (
    ALLOW,
    DENY,
    EVERYTHING,
    OBJECTS,
    SUPER,
    domain_group,
    group,
    member,
    permission_group,
    policy,
    principals_group,
    resource_group,
)
from tests.contract.access.stand import ACCOUNT, Stand

BUCKET = f"{ACCOUNT}/buckets/photos"


async def test_what_is_created_is_answered_again_and_listed_by_id(stand: Stand) -> None:
    made = await permission_group(stand, "writers", "objects.object.create", "objects.bucket.*", display_name="W")
    read = (await stand.do("GetPermissionGroup", name=made.name)).permission_group
    assert read == made
    assert (made.editable, made.built_in, made.version, made.scope_type) == (True, False, 1, 1)
    page = await stand.do("ListPermissionGroups", parent=ACCOUNT)
    names = [one.name.rpartition("/")[2] for one in page.permission_groups]
    roles = ["access", "administrator", "dns", "gateway", "objects", "read-only", "super-administrator"]
    assert names == [*roles, "writers"]


async def test_lists_come_in_pages_and_show_what_the_caller_may_see(stand: Stand) -> None:
    for number in range(3):
        await domain_group(stand, f"d{number}", "example.com")
    first = await stand.do("ListDomainGroups", parent=ACCOUNT, page_size=2)
    rest = await stand.do("ListDomainGroups", parent=ACCOUNT, page_size=2, page_token=first.next_page_token)
    assert [len(first.domain_groups), len(rest.domain_groups), rest.next_page_token] == [2, 1, ""]
    stand.filter = Filter(False, (f"{ACCOUNT}/domainGroups/d1", f"{ACCOUNT}/permissionGroups/read-only"))
    shown = await stand.do("ListDomainGroups", parent=ACCOUNT)
    assert [one.name for one in shown.domain_groups] == [f"{ACCOUNT}/domainGroups/d1"]
    shown = await stand.do("ListPermissionGroups", parent=ACCOUNT)
    assert [one.name for one in shown.permission_groups] == [f"{ACCOUNT}/permissionGroups/read-only"]


async def test_each_change_raises_the_revision_and_says_so(stand: Stand) -> None:
    before = await stand.do("CreateGroup", parent=ACCOUNT, group_id="g", group={})
    after = await stand.do("UpdateGroup", group={"name": group("g"), "display_name": "G"})
    assert after.policy_revision == before.policy_revision + 1
    assert ("x-policy-revision", str(after.policy_revision)) in stand.headers
    same = await stand.do("UpdateGroup", group={"name": group("g"), "display_name": "G"})
    assert same.policy_revision == after.policy_revision, "what changes nothing makes no revision"


def test_whatever_changes_something_answers_the_revision_that_it_made() -> None:
    for service in PRODUCT.services:
        for method in service.methods:
            reads = method.GetOptions().idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS
            assert reads or "policy_revision" in method.output_type.fields_by_name, method.full_name


async def test_an_update_with_an_old_etag_changes_nothing(stand: Stand) -> None:
    made = await permission_group(stand, "writers", "objects.object.create")
    update = {"name": made.name, "permissions": ["objects.*"], "etag": made.etag}
    changed = (await stand.do("UpdatePermissionGroup", permission_group=update)).permission_group
    assert (changed.version, list(changed.permissions)) == (2, ["objects.*"])
    with pytest.raises(errors.Changed):
        await stand.do("UpdatePermissionGroup", permission_group=update)
    with pytest.raises(errors.Changed):
        await stand.do("DeletePermissionGroup", name=made.name, etag=made.etag)


async def test_a_mask_leaves_the_other_fields_alone(stand: Stand) -> None:
    made = await policy(stand, "p", display_name="one", description="two")
    wanted = {"name": made.name, "display_name": "three"}
    changed = (await stand.do("UpdatePolicy", policy=wanted, update_mask={"paths": ["display_name"]})).policy
    assert (changed.display_name, changed.description, changed.access) == ("three", "two", ALLOW)


async def test_a_second_one_of_the_same_id_and_one_of_a_built_in_are_refused(stand: Stand) -> None:
    await permission_group(stand, "writers", "objects.*")
    for taken in ("writers", "read-only"):
        with pytest.raises(DomainError) as refused:
            await permission_group(stand, taken, "objects.*")
        assert errors.ERRORS[type(refused.value)][1] == "PERMISSION_GROUP_ALREADY_EXISTS"


async def test_what_is_built_in_stays(stand: Stand) -> None:
    with pytest.raises(errors.BuiltIn):
        await stand.do("DeletePermissionGroup", name=SUPER)
    with pytest.raises(errors.BuiltIn):
        await stand.do("UpdateResourceGroup", resource_group={"name": EVERYTHING, "display_name": "x"})


async def test_what_is_referred_to_is_not_deleted_and_the_referrers_are_named(stand: Stand) -> None:
    await domain_group(stand, "production", "example.com")
    await resource_group(stand, "some", domain_groups=[f"{ACCOUNT}/domainGroups/production"])
    await policy(stand, "p", resource_groups=[f"{ACCOUNT}/resourceGroups/some"])
    for method, name, by in (
        ("DeleteDomainGroup", "domainGroups/production", "resourceGroups/some"),
        ("DeleteResourceGroup", "resourceGroups/some", "policies/p"),
    ):
        with pytest.raises(DomainError, match=f"referred to by {ACCOUNT}/{by}"):
            await stand.do(method, name=f"{ACCOUNT}/{name}")
    for method, name in (
        ("DeletePolicy", "policies/p"),
        ("DeleteResourceGroup", "resourceGroups/some"),
        ("DeleteDomainGroup", "domainGroups/production"),
    ):
        await stand.do(method, name=f"{ACCOUNT}/{name}")


@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        (["objects.object.fly"], errors.UnknownPermission, "permission_group.permissions[0]"),
        (["objects.*", "teapots.*"], errors.UnknownPermission, "permission_group.permissions[1]"),
        (["objects.*.read"], errors.UnknownPermission, "permission_group.permissions[0]"),
        (["obj*"], errors.UnknownPermission, "permission_group.permissions[0]"),
        (["*.*"], errors.UnknownPermission, "permission_group.permissions[0]"),
        (["objects.*", "objects.*"], errors.InvalidField, "permission_group.permissions[1]"),
        ([], errors.InvalidField, "permission_group.permissions"),
    ],
)
async def test_a_permission_that_there_is_not_is_named(
    stand: Stand, given: list[str], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refused:
        await permission_group(stand, "bad", *given)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        ({}, errors.InvalidField, "resource_group.objects"),
        ({"everything": True, "objects": [BUCKET]}, errors.InvalidField, "resource_group.everything"),
        ({"objects": [BUCKET, "accounts/other/buckets/b"]}, errors.OutsideAccount, "resource_group.objects[1]"),
        ({"objects": ["accounts/defaulted/buckets/b"]}, errors.OutsideAccount, "resource_group.objects[0]"),
        ({"objects": [f"{ACCOUNT}/buckets/*"]}, errors.InvalidField, "resource_group.objects[0]"),
        ({"objects": [f"{ACCOUNT}/buckets/../x"]}, errors.InvalidField, "resource_group.objects[0]"),
        ({"objects": [f"{ACCOUNT}/buckets/ph\u043etos"]}, errors.InvalidField, "resource_group.objects[0]"),
        ({"objects": [f"{ACCOUNT}//buckets/photos"]}, errors.InvalidField, "resource_group.objects[0]"),
        ({"scope": BUCKET, "objects": [f"{BUCKET}2"]}, errors.OutsideScope, "resource_group.objects[0]"),
        ({"scope": "accounts/other", "everything": True}, errors.OutsideAccount, "resource_group.scope"),
        ({"objects": [f"{ACCOUNT}/bucket/photos"]}, errors.UnknownResourceType, "resource_group.objects[0]"),
        (
            {"everything": True, "excluded": [BUCKET, f"{ACCOUNT}/bucket/photos"]},
            errors.UnknownResourceType,
            "resource_group.excluded[1]",
        ),
        (
            {"scope": f"{ACCOUNT}/zone/a.example", "everything": True},
            errors.UnknownResourceType,
            "resource_group.scope",
        ),
        ({"everything": True, "excluded": [BUCKET, BUCKET]}, errors.InvalidField, "resource_group.excluded[1]"),
        (
            {"domain_groups": [f"{ACCOUNT}/domainGroups/none"]},
            errors.RefersToNothing,
            "resource_group.domain_groups[0]",
        ),
    ],
)
async def test_a_resource_in_the_wrong_place_is_named(
    stand: Stand, given: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refused:
        await resource_group(stand, "bad", **given)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("given", "error", "field"),
    [
        ({"access": 0}, errors.InvalidField, "policy.access"),
        ({"permission_groups": []}, errors.InvalidField, "policy.permission_groups"),
        (
            {"permission_groups": [OBJECTS, f"{ACCOUNT}/permissionGroups/none"]},
            errors.RefersToNothing,
            "policy.permission_groups[1]",
        ),
        (
            {"resource_groups": [EVERYTHING, "accounts/other/resourceGroups/everything"]},
            errors.OutsideAccount,
            "policy.resource_groups[1]",
        ),
        ({"principals": [f"{ACCOUNT}/members/nobody"]}, errors.RefersToNothing, "policy.principals[0]"),
        ({"principals": [f"{ACCOUNT}/principals/nobody"]}, errors.RefersToNothing, "policy.principals[0]"),
        ({"principals": ["accounts/other/groups/g"]}, errors.OutsideAccount, "policy.principals[0]"),
        (
            {"conditions": {"source_cidrs": ["10.0.0.0/8", "10.0.0.1/8"]}},
            errors.InvalidField,
            "policy.conditions.source_cidrs[1]",
        ),
        (
            {"conditions": {"not_before_time": {"seconds": 20}, "not_after_time": {"seconds": 10}}},
            errors.InvalidField,
            "policy.conditions.not_after_time",
        ),
        ({"display_name": "admin\u202enimda"}, errors.InvalidField, "policy.display_name"),
    ],
)
async def test_what_is_wrong_in_a_policy_is_named(
    stand: Stand, given: dict[str, Any], error: type[DomainError], field: str
) -> None:
    with pytest.raises(error) as refused:
        await policy(stand, "bad", **given)
    assert refused.value.field == field
    with pytest.raises(DomainError):
        await stand.do("GetPolicy", name=f"{ACCOUNT}/policies/bad")


async def test_a_legacy_role_applies_to_all_domains_only(stand: Stand) -> None:
    await resource_group(stand, "one", objects=[BUCKET])
    with pytest.raises(errors.ScopeTypeMismatch) as refused:
        await policy(
            stand,
            "bad",
            permission_groups=[f"{ACCOUNT}/permissionGroups/administrator"],
            resource_groups=[EVERYTHING, f"{ACCOUNT}/resourceGroups/one"],
        )
    assert refused.value.field == "policy.resource_groups[1]"


async def test_groups_nest_and_never_in_a_circle(stand: Stand) -> None:
    await principals_group(stand, "inner")
    await principals_group(stand, "middle", group("inner"))
    await principals_group(stand, "outer", group("middle"))
    with pytest.raises(errors.GroupCycle) as refused:
        await stand.do("UpdateGroup", group={"name": group("inner"), "members": [group("outer")]})
    assert refused.value.field == "group.members[0]"
    assert f"{group('inner')} -> {group('outer')} -> {group('middle')} -> {group('inner')}" in refused.value.message
    with pytest.raises(errors.GroupCycle):
        await principals_group(stand, "self", group("self"))


async def test_zones_are_added_and_removed_and_doubles_do_no_harm(stand: Stand) -> None:
    made = await domain_group(stand, "production", "a.example")
    zones = [f"{ACCOUNT}/zones/{domain}" for domain in ("a.example", "b.example", "b.example")]
    added = await stand.do("AddDomainGroupZones", name=made.name, zones=zones)
    assert list(added.domain_group.zones) == zones[:2]
    removed = await stand.do("RemoveDomainGroupZones", name=made.name, zones=[zones[0], f"{ACCOUNT}/zones/c.example"])
    assert list(removed.domain_group.zones) == [zones[1]]
    with pytest.raises(errors.OutsideAccount) as refused:
        await stand.do("AddDomainGroupZones", name=made.name, zones=["accounts/other/zones/a.example"])
    assert refused.value.field == "domain_group.zones[1]"


async def test_a_retry_with_the_request_id_is_answered_alike(stand: Stand) -> None:
    request_id = "6c84fb90-12c4-11e1-840d-7b25c5ee775a"
    asked = {"parent": ACCOUNT, "group_id": "once", "group": {}, "request_id": request_id}
    first = await stand.do("CreateGroup", **asked)
    assert await stand.do("CreateGroup", **asked) == first


async def test_permissions_come_from_the_contracts(stand: Stand) -> None:
    page = await stand.do("ListPermissions", parent=ACCOUNT, prefix="objects.object.r")
    (read,) = page.permissions
    assert (read.permission, read.read_only) == ("objects.object.read", True)
    assert "portico.objects.v1.ObjectService/GetObject" in read.methods


async def test_a_member_may_be_named_by_membership_or_principal(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "both", ada.name, ada.principal, access=DENY)


async def test_a_policy_names_a_bounded_number_of_things_however_they_come_to_it(stand: Stand) -> None:
    """Or whoever decides would hold up all other calls while it makes the policy ready."""
    thousand = [f"{ACCOUNT}/buckets/b{number}" for number in range(1000)]
    groups = [(await resource_group(stand, f"g{number}", objects=thousand)).name for number in range(10)]
    last = (await resource_group(stand, "last", objects=[f"{ACCOUNT}/buckets/last"])).name
    with pytest.raises(errors.PolicyTooLarge, match="10,001 resources"):
        await policy(stand, "wide", resource_groups=[*groups, last])
    await policy(stand, "wide", resource_groups=groups)
    grown = {"name": groups[0], "domain_groups": [(await domain_group(stand, "d", "example.com")).name]}
    with pytest.raises(errors.PolicyTooLarge, match="policies/wide"):
        await stand.do("UpdateResourceGroup", resource_group=grown, update_mask={"paths": ["domain_groups"]})
