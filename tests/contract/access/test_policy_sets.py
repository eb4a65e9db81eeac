"""The policy set of an account as a document: the same when it comes back, and in it whole or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from portico_server.access import errors
from portico_server.platform.database import Database
from portico_server.platform.errors import DomainError
from tests.contract.access.making import (
    ALLOW,
    OBJECTS,
    domain_group,
    member,
    permission_group,
    policy,
    principals_group,
    resource_group,
)
from tests.contract.access.stand import ACCOUNT, ADMIN, Stand

ADA = f"{ACCOUNT}/principals/ada"


async def furnish(stand: Stand) -> None:
    """One of everything."""
    ada = await member(stand, "ada")
    await permission_group(stand, "editors", "objects.*", "access.policy.read", display_name="Who edits: DNS")
    await domain_group(stand, "production", "a.example", "b.example")
    await resource_group(stand, "production", domain_groups=[f"{ACCOUNT}/domainGroups/production"])
    await resource_group(stand, "rest", everything=True, excluded=[f"{ACCOUNT}/buckets/secret"])
    await principals_group(stand, "few", ada.name)
    conditions = {"certificate_required": True, "max_token_age": {"seconds": 600}}
    await policy(
        stand,
        "few",
        f"{ACCOUNT}/groups/few",
        ada.name,
        permission_groups=[f"{ACCOUNT}/permissionGroups/editors"],
        resource_groups=[f"{ACCOUNT}/resourceGroups/production", f"{ACCOUNT}/resourceGroups/rest"],
        conditions=conditions,
    )


async def export(stand: Stand) -> str:
    text: str = (await stand.do("ExportPolicySet", parent=ACCOUNT)).yaml
    return text


async def take(stand: Stand, text: str, **more: Any) -> Any:
    return await stand.do("ImportPolicySet", parent=ACCOUNT, yaml=text, **more)


async def refused(stand: Stand, text: str, **more: Any) -> DomainError:
    before = await export(stand)
    for dry_run in (True, False):
        with pytest.raises(DomainError) as error:
            await take(stand, text, dry_run=dry_run, **more)
        assert await export(stand) == before, "nothing is half applied"
    return error.value


def edited(text: str, **sections: Any) -> str:
    """The document with things added to sections; None: without that thing."""
    document = yaml.safe_load(text)
    document["version"] = "1"
    for section, things in sections.items():
        for item_id, item in things.items():
            if item is None:
                del document[section][item_id]
            else:
                document.setdefault(section, {})[item_id] = item
    written: str = yaml.safe_dump(document)
    return written


async def test_what_is_exported_changes_nothing_when_it_comes_back(stand: Stand) -> None:
    await furnish(stand)
    first = await stand.do("ExportPolicySet", parent=ACCOUNT)
    done = await take(stand, first.yaml, prune=True)
    assert (list(done.changes), done.unchanged_count, done.policy_revision) == ([], 7, first.policy_revision)
    assert await export(stand) == first.yaml
    assert done.created_count + done.updated_count + done.deleted_count == 0


async def test_a_part_that_says_nothing_is_no_change(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "ada", ada.name, conditions={}, description=" two\n\tlines \n")
    text = await export(stand)
    assert "conditions" not in text
    assert not (await take(stand, text)).changes
    assert not (await take(stand, text.replace("  ada:\n", "  ada:\n    conditions: {}\n"))).changes


async def test_it_makes_changes_and_deletes_in_one_revision_and_tells_each(stand: Stand) -> None:
    await furnish(stand)
    text = edited(
        await export(stand),
        policies={"few": None, "new": {"access": "deny", "permissionGroups": ["objects"], "resourceGroups": ["rest"]}},
        domainGroups={"production": {"zones": ["a.example", "c.example"]}},
        groups={"few": None},
    )
    before = (await stand.do("ExportPolicySet", parent=ACCOUNT)).policy_revision
    dry = await take(stand, text, prune=True, dry_run=True)
    assert dry.policy_revision == before
    assert {effect.principal for effect in dry.effects} == {ADA}
    done = await take(stand, text, prune=True, expected_policy_revision=dry.policy_revision)
    assert done.policy_revision == before + 1
    assert list(done.changes) == list(dry.changes)
    told = {change.name.removeprefix(f"{ACCOUNT}/"): change.kind for change in done.changes}
    assert told == {"policies/few": 3, "policies/new": 1, "domainGroups/production": 2, "groups/few": 3}
    zones = next(change for change in done.changes if change.name.endswith("domainGroups/production"))
    assert (zones.before, zones.after) == ("zones:\n- a.example\n- b.example\n", "zones:\n- a.example\n- c.example\n")
    assert ("x-policy-revision", str(done.policy_revision)) in stand.headers
    again = await take(stand, text, prune=True)
    assert (list(again.changes), again.policy_revision) == ([], done.policy_revision)


async def test_without_prune_what_the_document_lacks_stays(stand: Stand) -> None:
    await furnish(stand)
    before = await export(stand)
    done = await take(stand, "version: 1\ngroups:\n  more:\n    members: [members/ada, groups/few]\n")
    assert [(change.kind, change.after) for change in done.changes] == [(1, "members:\n- members/ada\n- groups/few\n")]
    after = yaml.safe_load(await export(stand))
    assert after["groups"].pop("more") == {"members": ["members/ada", "groups/few"]}
    assert after == yaml.safe_load(before)


async def test_each_change_is_audited_with_before_and_after(stand: Stand) -> None:
    await furnish(stand)
    await stand.database.batch(_forget_audit())
    await take(stand, edited(await export(stand), groups={"few": {"members": []}}))
    [event] = await audit(stand.database)
    assert (event["action"], event["resource"]) == ("access.policy_set.update", f"{ACCOUNT}/groups/few")
    assert event["before"]["members"] == [f"{ACCOUNT}/members/ada"]
    assert "members" not in event["after"]


def _forget_audit() -> Any:
    from portico_server.platform.database import ANY, Batch, Statement

    return Batch([Statement("DELETE FROM platform_outbox", (), ANY)])


async def audit(database: Database) -> list[Any]:
    rows = await database.read("SELECT body FROM platform_outbox ORDER BY id")
    return [json.loads(bytes(row[0])) for row in rows]


@pytest.mark.parametrize(
    ("document", "kind", "element"),
    [
        (
            "version: 1\npermissionGroups:\n  a:\n    permissions:\n    - objects.*\n    - objects.object.fly\n",
            errors.UnknownPermission,
            "line 6: permissionGroups.a.permissions[1]",
        ),
        (
            "version: 1\nresourceGroups:\n  a:\n    objects: [accounts/other/buckets/b]\n",
            errors.OutsideAccount,
            "line 4: resourceGroups.a.objects[0]",
        ),
        (
            "version: 1\npolicies:\n  a:\n    access: allow\n    permissionGroups: [access]\n"
            "    resourceGroups: [none]\n",
            errors.RefersToNothing,
            "line 6: policies.a.resource_groups[0]",
        ),
        (
            "version: 1\npolicies:\n  a:\n    access: allow\n    permissionGroups: [objects]\n",
            errors.InvalidField,
            "line 4: policies.a.resource_groups",
        ),
        (
            "version: 1\ngroups:\n  a:\n    members: [groups/b]\n  b:\n    members:\n    - groups/a\n",
            errors.GroupCycle,
            "line 4: groups.a.members[0]",
        ),
        (
            "version: 1\npermissionGroups:\n  objects:\n    permissions: ['*']\n",
            errors.BuiltIn,
            "line 4: permissionGroups.objects",
        ),
        (
            "version: 1\npermissionGroups:\n  a:\n    permissions: ['*']\n    displayName: " + "x" * 300 + "\n",
            errors.InvalidField,
            "line 5: permissionGroups.a.display_name",
        ),
        ("version: 1\npolicies: {a: {access: allow}, a: {}}\n", errors.InvalidDocument, "line 2: a stands"),
        ("version: 1\ngroups: &x {}\n", errors.InvalidDocument, "line 2: anchors"),
        ("version: 1\n\tpolicies: {}\n", errors.InvalidDocument, "line 2: no YAML"),
    ],
)
async def test_what_is_wrong_is_named_by_line_and_element_and_nothing_is_changed(
    stand: Stand, document: str, kind: type[DomainError], element: str
) -> None:
    await furnish(stand)
    error = await refused(stand, document)
    assert isinstance(error, kind)
    assert error.message.startswith(element)


async def test_the_last_super_administrator_stays(stand: Stand) -> None:
    assert isinstance(await refused(stand, "version: 1\n", prune=True), errors.LastSuperAdministrator)
    emptied = edited(await export(stand), policies={"super-administrator": {"access": "allow"}})
    assert isinstance(await refused(stand, emptied), DomainError)
    await member(stand, "ada")
    given = {"access": "allow", "permissionGroups": ["super-administrator"], "resourceGroups": ["everything"]}
    text = edited(await export(stand), policies={"super-administrator": {**given, "principals": ["members/ada"]}})
    await take(stand, text)
    stand.caller = ADMIN
    assert isinstance(await refused(stand, text.replace("members/ada", "members/admin")), errors.NotSuperAdministrator)


async def test_nobody_gives_more_than_he_holds_and_leaves_alone_what_denies(stand: Stand) -> None:
    ada = await member(stand, "ada")
    await policy(stand, "ada", ada.name)
    await policy(stand, "deny", ada.name, access=2, permission_groups=[f"{ACCOUNT}/permissionGroups/access"])
    stand.caller = ADA
    text = await export(stand)
    held = {"access": "allow", "permissionGroups": ["objects"], "resourceGroups": ["everything"]}
    await take(stand, edited(text, policies={"mine": {**held, "principals": ["members/ada"]}}))
    more = edited(await export(stand), policies={"mine": {**held, "permissionGroups": ["access"]}})
    error = await refused(stand, more)
    assert isinstance(error, errors.GrantsMoreThanHeld)
    assert error.metadata["line"] != "0"
    assert isinstance(
        await refused(stand, edited(text, policies={"deny": None}), prune=True), errors.NotSuperAdministrator
    )


async def test_what_others_refer_to_is_not_pruned(stand: Stand) -> None:
    await furnish(stand)
    part = {"access": ALLOW, "permission_groups": [OBJECTS], "resource_groups": [f"{ACCOUNT}/resourceGroups/rest"]}
    await stand.do("CreateApiToken", parent=ACCOUNT, api_token_id="ci", api_token={"policies": [part]})
    text = edited(await export(stand), resourceGroups={"rest": None}, policies={"few": None})
    error = await refused(stand, text, prune=True)
    assert f"{ACCOUNT}/apiTokens/ci" in error.message


async def test_it_is_refused_if_the_account_has_changed_since_it_was_looked_at(stand: Stand) -> None:
    await furnish(stand)
    seen = await take(stand, "version: 1\ngroups:\n  more: {}\n", dry_run=True)
    await principals_group(stand, "other")
    with pytest.raises(errors.RevisionMismatch):
        await take(stand, "version: 1\ngroups:\n  more: {}\n", expected_policy_revision=seen.policy_revision)


async def test_it_can_be_taken_into_another_account(stand: Stand) -> None:
    await domain_group(stand, "production", "a.example")
    await resource_group(stand, "production", domain_groups=[f"{ACCOUNT}/domainGroups/production"])
    text = edited(await export(stand), policies={"super-administrator": None})
    await stand.do("CreateAccount", parent=ACCOUNT, account_id="other")
    done = await stand.do("ImportPolicySet", parent="accounts/other", yaml=text)
    assert done.created_count == 2
    [kept] = (await stand.do("ListDomainGroups", parent="accounts/other")).domain_groups
    assert list(kept.zones) == ["accounts/other/zones/a.example"]


async def test_a_thousand_policies_come_in_at_once(stand: Stand) -> None:
    ada = await member(stand, "ada")
    one = {"access": "allow", "permissionGroups": ["objects"], "resourceGroups": ["everything"]}
    many = {f"p{number}": {**one, "principals": [ada.name]} for number in range(1_000)}
    done = await take(stand, json.dumps({"version": "1", "policies": many}))
    assert done.created_count == 1_000
    assert (await take(stand, await export(stand), prune=True)).unchanged_count == 1_001
