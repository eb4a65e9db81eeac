"""Roles that are scoped to domains, as a team uses them: by grpcurl and by the command line, from the invitation on.

An account with several domains; a member with the DNS role on all of them, then on one; production for a few.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_trace import chain, found, traceparent
from tests.harness import RunningPlatform, running_platform
from tests.harness.people import Person

ACCOUNT = "accounts/default"
DOMAINS = ("blog.example", "example.com", "example.org", "shop.example")
ROLES, GROUPS = f"{ACCOUNT}/permissionGroups", f"{ACCOUNT}/resourceGroups"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("roles")) as running:
        yield running


@pytest.fixture(scope="module")
def admin(platform: RunningPlatform) -> Person:
    """The account's Super Administrator, who has made four zones with four records each."""
    admin = Person(platform, platform.profile)
    for domain in DOMAINS:
        zone = admin.call("dns.v1.ZoneService/CreateZone", parent=ACCOUNT, zone_id=domain)["zone"]["name"]
        wanted = [{"domain_name": "@", "a": "192.0.2.1"}, {"domain_name": "@", "txt": "v=spf1 -all"}]
        wanted += [{"domain_name": f"{name}.{domain}", "a": "192.0.2.2"} for name in ("api", "www")]
        admin.call("dns.v1.RecordService/BatchUpdateRecords", parent=zone, creates=wanted)
    admin.call("objects.v1.BucketService/CreateBucket", parent=ACCOUNT, bucket_id="photos")
    return admin


@pytest.fixture
def member(admin: Person, request: pytest.FixtureRequest, tmp_path: Path) -> Person:
    """Somebody who has accepted an invitation, and has no role."""
    return invited(admin, request.node.name[5:40].replace("_", "-").strip("-"), tmp_path)


def invited(admin: Person, member_id: str, folder: Path) -> Person:
    told = admin.portico("access", "invite", member_id, "--principal", member_id)
    person = admin.with_profile_for(member_id, folder / member_id)
    person.portico("access", "accept", told.split()[-1])
    return person


def zone(domain: str) -> str:
    return f"{ACCOUNT}/zones/{domain}"


def sees(person: Person) -> list[str]:
    """The domains in the list of zones."""
    answer = person.call("dns.v1.ZoneService/ListZones", parent=ACCOUNT)
    return [item["domain"] for item in answer.get("zones", [])]


def pages_of(person: Person, method: str, field: str, page_size: int, **request: Any) -> list[list[Any]]:
    """All pages of a list; none but the last is short."""
    pages, token = [], ""
    while True:
        answer = person.call(method, page_size=page_size, page_token=token, **request)
        pages.append(answer.get(field, []))
        token = answer.get("next_page_token", "")
        if not token:
            assert all(len(page) == page_size for page in pages[:-1]), "a page but the last is short"
            return pages
        assert len(pages) < 100


def record_of(person: Person, domain: str, **more: Any) -> str:
    asked = {"parent": zone(domain), "type": "RECORD_TYPE_TXT", **more}
    return str(person.call("dns.v1.RecordService/ListRecords", **asked)["records"][0]["name"])


def policy_of(person: Person) -> str:
    return f"{person.profile.name}-dns"


def test_a_member_with_the_dns_role_on_all_domains_then_on_one(admin: Person, tmp_path: Path) -> None:
    shown = admin.call(
        "access.v1.MemberService/InviteMember",
        parent=ACCOUNT,
        member_id="ada",
        member={"principal": f"{ACCOUNT}/principals/ada"},
        validate_only=True,
    )
    assert "invitation_code" not in shown, "she who invites looks first; nothing was made"
    ada = invited(admin, "ada", tmp_path)
    assert sees(ada) == []

    policy = {
        "access": "ACCESS_ALLOW",
        "permission_groups": [f"{ROLES}/dns"],
        "resource_groups": [f"{GROUPS}/everything"],
        "principals": [f"{ACCOUNT}/members/ada"],
    }
    made = admin.call("access.v1.PolicyService/CreatePolicy", parent=ACCOUNT, policy_id="ada-dns", policy=policy)
    assert sees(ada) == list(DOMAINS)
    for domain in DOMAINS:
        ada.portico("dns", "create", domain, "TXT", "ada", "was here")
    ada.portico("dns", "delete", "blog.example", record_of(ada, "blog.example", domain_name="ada.blog.example"))
    assert ada.call("objects.v1.BucketService/ListBuckets", parent=ACCOUNT) == {}, "other products are not hers"
    refused = ada.refusal("access.v1.PolicyService/DeletePolicy", name=made["policy"]["name"])
    assert refused.code == "PermissionDenied"

    one = {"objects": [zone("example.com")]}
    admin.call(
        "access.v1.ResourceGroupService/CreateResourceGroup",
        parent=ACCOUNT,
        resource_group_id="example-com",
        resource_group=one,
    )
    scoped = {"name": made["policy"]["name"], "resource_groups": [f"{GROUPS}/example-com"]}
    admin.call("access.v1.PolicyService/UpdatePolicy", policy=scoped, update_mask={"paths": ["resource_groups"]})
    assert sees(ada) == ["example.com"]
    ada.portico("dns", "create", "example.com", "A", "new", "192.0.2.9")
    assert "new.example.com" in ada.portico("dns", "list", "example.com")
    for domain in ("example.org", "shop.example", "is-not-there.example"):
        assert ada.refusal("dns.v1.ZoneService/GetZone", name=zone(domain)).code == "PermissionDenied"
        assert ada.call("dns.v1.RecordService/ListRecords", parent=zone(domain)) == {}
        told = ada.portico("dns", "create", domain, "A", "@", "192.0.2.9", code=4)
        assert f"needs the permission dns.record.create on {zone(domain)}" in told
    record = record_of(admin, "example.org")
    assert ada.refusal("dns.v1.RecordService/GetRecord", name=record).code == "PermissionDenied"
    assert ada.refusal("dns.v1.RecordService/DeleteRecord", name=record).code == "PermissionDenied"
    assert "ada may not do dns.record.read on" in admin.portico(
        "access", "explain", "dns.record.read", record, "--principal", "ada"
    )
    admin.portico("access", "delete", "members", "ada")
    assert sees(ada) == []


def test_a_legacy_role_is_for_all_domains_only(admin: Person, member: Person) -> None:
    name = member.profile.name
    admin.portico("access", "create", "resource-groups", "one-domain", json.dumps({"objects": [zone("example.com")]}))
    told = admin.portico("access", "grant", name, "administrator", "--on", "one-domain", code=2)
    assert "policy.resource_groups[0]" in told
    admin.portico("access", "grant", name, "read-only", "--on", "everything")
    assert sees(member) == list(DOMAINS)
    member.portico("dns", "create", "example.com", "A", "no", "192.0.2.9", code=4)


def test_edits_are_allowed_and_deletions_are_not(admin: Person, member: Person) -> None:
    edits = ["dns.record.create", "dns.record.read", "dns.record.list", "dns.record.update"]
    admin.portico("access", "create", "permission-groups", "dns-edits", json.dumps({"permissions": edits}))
    admin.portico("access", "grant", member.profile.name, "dns-edits", "--on", "everything")
    record = record_of(member, "example.com")
    member.portico("dns", "update", "example.com", record, "v=spf1 mx -all")
    told = member.portico("dns", "delete", "example.com", record, code=4)
    assert "needs the permission dns.record.delete" in told

    batch = {"creates": [{"domain_name": "batch.example.com", "a": "192.0.2.3"}], "deletes": [{"name": record}]}
    refused = member.refusal("dns.v1.RecordService/BatchUpdateRecords", parent=zone("example.com"), **batch)
    assert refused.code == "PermissionDenied"
    replaced = {"zone_file": "file 300 IN A 192.0.2.4\n", "mode": "IMPORT_MODE_REPLACE"}
    refused = member.refusal("dns.v1.RecordService/ImportZoneFile", parent=zone("example.com"), **replaced)
    assert refused.code == "PermissionDenied"
    names = {item["domain_name"] for item in records(member, "example.com")}
    assert names.isdisjoint({"batch.example.com", "file.example.com"}), "nothing of what was refused was done"
    assert record in [item["name"] for item in records(member, "example.com")]


def records(person: Person, domain: str, **asked: Any) -> list[Any]:
    pages = pages_of(person, "dns.v1.RecordService/ListRecords", "records", 2, parent=zone(domain), **asked)
    return [item for page in pages for item in page]


def test_lists_are_filtered_before_they_are_paged(admin: Person, member: Person, tmp_path: Path) -> None:
    """Of what she may not see nothing shows: no gap in a page, no token of a page behind the last."""
    many = [f"{letter}.paged.example" for letter in "abcdefghijkl"]
    for domain in many:
        admin.portico("zones", "create", domain)
    hers = many[1::3]
    group = {"objects": [zone(domain) for domain in hers], "excluded": [zone("not-there.example")]}
    admin.portico("access", "create", "resource-groups", "every-third", json.dumps(group))
    admin.portico("access", "grant", member.profile.name, "dns", "--on", "every-third")
    pages = pages_of(member, "dns.v1.ZoneService/ListZones", "zones", 3, parent=ACCOUNT)
    assert [[item["domain"] for item in page] for page in pages] == [hers[:3], hers[3:]]
    pages = pages_of(member, "dns.v1.ZoneService/ListZones", "zones", 4, parent=ACCOUNT)
    assert [len(page) for page in pages] == [4], "the last page that is full has no token of another one"

    domain = hers[0]
    for number in range(5):
        member.portico("dns", "create", domain, "A", f"n{number}", "192.0.2.1")
        member.portico("dns", "create", domain, "TXT", f"n{number}", "text")
    only_texts = {"type": "RECORD_TYPE_TXT"}
    assert [item["domain_name"] for item in records(member, domain, **only_texts)] == [
        f"n{number}.{domain}" for number in range(5)
    ]
    texts = [item["name"] for item in records(member, domain, **only_texts)][::2]
    reader = invited(admin, "reader", tmp_path)
    admin.portico("access", "create", "resource-groups", "three-records", json.dumps({"objects": texts}))
    admin.portico("access", "grant", "reader", "dns", "--on", "three-records")
    assert [item["name"] for item in records(reader, domain)] == texts
    assert sees(reader) == [], "a record shows nothing of its zone"

    first = member.call("dns.v1.ZoneService/ListZones", parent=ACCOUNT, page_size=2)
    more = {"parent": ACCOUNT, "page_size": 2, "page_token": first["next_page_token"]}
    for other in (reader, admin):
        refused = other.refusal("dns.v1.ZoneService/ListZones", **more)
        assert refused.code == "InvalidArgument"
        assert "page_token" in str(refused)
    assert len(member.call("dns.v1.ZoneService/ListZones", **more)["zones"]) == 2


def test_production_is_for_a_few(admin: Person, tmp_path: Path) -> None:
    """Everybody works on all domains but production's, which are named once; so a domain that joins or leaves them
    changes what everybody may do, at once."""
    for group, domains in (("production", ["example.com"]), ("archive", [])):
        fields = {"zones": [zone(domain) for domain in domains]}
        admin.portico("access", "create", "domain-groups", group, json.dumps(fields))
    production = [f"{ACCOUNT}/domainGroups/production"]
    admin.portico("access", "create", "resource-groups", "production", json.dumps({"domainGroups": production}))
    but_production = {"everything": True, "excludedDomainGroups": production}
    admin.portico("access", "create", "resource-groups", "but-production", json.dumps(but_production))
    few, many = invited(admin, "fay", tmp_path), [invited(admin, name, tmp_path) for name in ("mia", "max")]
    for group, members in (("few", ["fay"]), ("team", ["fay", "mia", "max"])):
        fields = {"members": [f"{ACCOUNT}/members/{name}" for name in members]}
        admin.portico("access", "create", "groups", group, json.dumps(fields))
    admin.portico("access", "grant", f"{ACCOUNT}/groups/team", "dns", "--on", "but-production")
    admin.portico("access", "grant", f"{ACCOUNT}/groups/few", "dns", "--on", "production")

    def may_change(person: Person, domain: str) -> bool:
        changed = {"name": zone(domain), "description": person.profile.name}
        mask = {"paths": ["description"]}
        return person.may("dns.v1.ZoneService/UpdateZone", zone=changed, update_mask=mask)

    def check(*in_production: str) -> None:
        for person in (few, *many):
            seen = sees(person)
            for domain in ("example.com", "shop.example"):
                hers = person is few or domain not in in_production
                assert may_change(person, domain) is hers, (person.profile.name, domain)
                assert (domain in seen) is hers, (person.profile.name, domain)

    check("example.com")
    admin.call("access.v1.DomainGroupService/AddDomainGroupZones", name=production[0], zones=[zone("shop.example")])
    check("example.com", "shop.example")
    admin.call(
        "access.v1.DomainGroupService/RemoveDomainGroupZones",
        name=production[0],
        zones=[zone("shop.example"), zone("example.com")],
    )
    check()


def test_a_members_change_of_a_record_is_one_trace(admin: Person, member: Person, platform: RunningPlatform) -> None:
    admin.portico("access", "grant", member.profile.name, "dns", "--on", "everything")
    trace_id, client_span, (name, value) = traceparent()
    record = {"domain_name": "traced.example.org", "a": "192.0.2.5"}
    made = member.call(
        "dns.v1.RecordService/CreateRecord", f"-H={name}: {value}", parent=zone("example.org"), record=record
    )["record"]
    with platform.channel() as channel:
        answer = found(channel, trace_id, 3)
    assert {span.trace_id for span in answer.spans} == {trace_id}
    assert chain(answer, "dns.store.change") == [client_span, "gateway", "dns", "dns"]
    assert made["name"].startswith(zone("example.org"))
    [event] = [item for item in answer.request_events if item.method.endswith("/CreateRecord")]  # grpcurl asks more
    assert event.principal == f"{ACCOUNT}/principals/{member.profile.name}"
    assert event.resource == zone("example.org")
    assert {step.step for step in event.steps} >= {"identity", "authorize", "validate", "handler", "store"}
