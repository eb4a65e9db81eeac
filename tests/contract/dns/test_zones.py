"""Zones made, listed, changed, deleted."""

from __future__ import annotations

import json
import uuid

import pytest

from portico.dns.v1.zones_pb2 import Zone, ZoneState
from portico_server.dns import auditing, errors
from portico_server.dns.judging import Change
from portico_server.dns.store import records, zones
from portico_server.platform.authorization import Filter
from portico_server.platform.outbox import AUDIT, Outbox
from tests.contract.dns.conftest import MOST_ZONES
from tests.contract.dns.stand import ACCOUNT, OTHER, ZONE, Stand

ABSENT = f"{ACCOUNT}/zones/absent.example"


async def test_a_zone_is_answered_as_it_was_created(stand: Stand) -> None:
    made = await stand.create_zone("shop.example", zone=Zone(display_name="Shop", description="sells", paused=True))
    assert made == await stand.get_zone(made.name)
    assert (made.name, made.domain) == (f"{ACCOUNT}/zones/shop.example", "shop.example")
    assert (made.display_name, made.description, made.paused) == ("Shop", "sells", True)
    assert made.state == ZoneState.ZONE_STATE_PENDING
    assert made.challenge_name == "_portico-challenge.shop.example"
    assert made.challenge_token.startswith("portico-verify=")
    assert list(made.name_servers) == ["ns1.portico.example", "ns2.portico.example"]
    assert made.create_time == made.update_time
    assert not made.HasField("verify_time")


async def test_each_zone_has_a_token_of_its_own(stand: Stand) -> None:
    theirs = await stand.create_zone(account=OTHER)
    assert theirs.challenge_token != (await stand.get_zone()).challenge_token


async def test_a_domain_is_unique_in_its_account_and_may_be_pending_in_others(stand: Stand) -> None:
    with pytest.raises(errors.ZoneAlreadyExists):
        await stand.create_zone()
    assert (await stand.create_zone(account=OTHER)).state == ZoneState.ZONE_STATE_PENDING


async def test_a_retry_with_the_same_request_id_is_given_the_first_answer(stand: Stand) -> None:
    request_id = str(uuid.uuid4())
    first = await stand.create_zone("shop.example", request_id=request_id)
    assert await stand.create_zone("shop.example", request_id=request_id) == first


async def test_an_account_has_no_more_zones_than_it_may(stand: Stand) -> None:
    for number in range(MOST_ZONES - 1):
        await stand.create_zone(f"zone{number}.example")
    with pytest.raises(errors.TooManyZones):
        await stand.create_zone("one-more.example")
    await stand.create_zone("one-more.example", account=OTHER)
    await stand.zone("DeleteZone", name=ZONE)
    await stand.create_zone("one-more.example")


async def test_zones_are_listed_by_domain_in_pages(stand: Stand) -> None:
    for domain in ("b.example", "a.example", "c.example"):
        await stand.create_zone(domain)
    await stand.create_zone("theirs.example", account=OTHER)
    first = await stand.zone("ListZones", parent=ACCOUNT, page_size=3)
    assert [zone.domain for zone in first.zones] == ["a.example", "b.example", "c.example"]
    second = await stand.zone("ListZones", parent=ACCOUNT, page_token=first.next_page_token)
    assert [zone.domain for zone in second.zones] == ["example.com"]
    assert second.next_page_token == ""
    some = await stand.zone("ListZones", parent=ACCOUNT, prefix="b.")
    assert [zone.domain for zone in some.zones] == ["b.example"]


async def test_a_list_shows_what_the_caller_may_see_and_pages_count_only_that(stand: Stand) -> None:
    for domain in ("a.example", "b.example", "c.example"):
        await stand.create_zone(domain)
    stand.filter = Filter(False, (f"{ACCOUNT}/zones/b.example", ZONE))
    page = await stand.zone("ListZones", parent=ACCOUNT, page_size=2)
    assert [zone.domain for zone in page.zones] == ["b.example", "example.com"]
    assert page.next_page_token == ""


async def test_an_update_changes_what_is_set_or_what_the_mask_names(stand: Stand) -> None:
    before = await stand.get_zone()
    named = (await stand.zone("UpdateZone", zone={"name": ZONE, "display_name": "Main", "paused": True})).zone
    assert (named.display_name, named.paused, named.description) == ("Main", True, "")
    assert named.etag != before.etag
    mask = {"paths": ["paused"]}
    resumed = (await stand.zone("UpdateZone", zone={"name": ZONE}, update_mask=mask)).zone
    assert (resumed.display_name, resumed.paused) == ("Main", False)
    everything = (await stand.zone("UpdateZone", zone={"name": ZONE}, update_mask={"paths": ["*"]})).zone
    assert everything.display_name == ""
    assert await stand.get_zone() == everything


async def test_an_update_of_another_state_is_refused(stand: Stand) -> None:
    before = await stand.get_zone()
    await stand.zone("UpdateZone", zone={"name": ZONE, "display_name": "Mine"})
    with pytest.raises(errors.Changed):
        await stand.zone("UpdateZone", zone={"name": ZONE, "display_name": "Yours", "etag": before.etag})
    assert (await stand.get_zone()).display_name == "Mine"


async def test_a_zone_with_records_is_deleted_only_by_force_and_they_go_with_it(stand: Stand) -> None:
    record = await stand.create(domain_name="@", a="192.0.2.1")
    with pytest.raises(errors.ZoneNotEmpty):
        await stand.zone("DeleteZone", name=ZONE)
    await stand.zone("DeleteZone", name=ZONE, force=True)
    with pytest.raises(errors.ZoneNotFound):
        await stand.get_zone()
    await stand.create_zone()
    assert await stand.list() == []
    with pytest.raises(errors.RecordNotFound):
        await stand.get(record.name)


async def test_each_record_that_goes_with_a_zone_is_told_of(stand: Stand) -> None:
    lines = "".join(f"r{number} A 192.0.2.{number}\n" for number in range(100))
    await stand.record("ImportZoneFile", parent=ZONE, zone_file=lines)
    await stand.zone("DeleteZone", name=ZONE, force=True)
    told = [json.loads(event.body) for event in await Outbox(stand.database).take(10_000) if event.dataset == AUDIT]
    gone = [event["before"] for event in told if event["action"] == "dns.record.delete"]
    assert {record["data"] for record in gone} == {f"192.0.2.{number}" for number in range(100)}
    assert told[-1]["action"] == "dns.zone.delete"


async def test_of_many_records_that_go_one_event_tells_of_as_many_as_fit(stand: Stand) -> None:
    made = await stand.create(domain_name="@", a="192.0.2.1")
    (record,) = await records.of_zone(stand.database, ZONE)
    zone = await zones.get(stand.database, ZONE)
    assert zone is not None
    statements = await auditing.events(zone, [Change(record, None)] * 700, 1, "dns.zone.delete")
    told = [json.loads(body) for statement in statements for body in statement.args if isinstance(body, bytes)]
    assert {event["action"] for event in told} == {"dns.zone.delete"}
    assert sum(len(event["changes"]) for event in told) == 700
    assert told[0]["changes"][0]["resource"] == made.name


async def test_what_is_not_there_is_not_found(stand: Stand) -> None:
    for call in (
        stand.get_zone(ABSENT),
        stand.zone("UpdateZone", zone={"name": ABSENT, "paused": True}),
        stand.zone("DeleteZone", name=ABSENT),
        stand.verify(ABSENT),
        stand.list(ABSENT),
        stand.create(ABSENT, domain_name="@", a="192.0.2.1"),
    ):
        with pytest.raises(errors.ZoneNotFound):
            await call


async def test_who_may_see_nothing_of_a_zone_does_not_learn_whether_it_is_there(stand: Stand) -> None:
    stand.filter = Filter(False)
    assert await stand.list(ABSENT) == await stand.list(ZONE) == []


async def test_every_change_leaves_an_audit_event_with_before_and_after(stand: Stand) -> None:
    await stand.zone("UpdateZone", zone={"name": ZONE, "display_name": "Main"})
    await stand.zone("DeleteZone", name=ZONE)
    events = [event for event in await Outbox(stand.database).take(100) if event.dataset == AUDIT]
    told = [json.loads(event.body) for event in events]
    assert [event["action"] for event in told] == ["dns.zone.create", "dns.zone.update", "dns.zone.delete"]
    assert (told[1]["before"]["display_name"], told[1]["after"]["display_name"]) == ("", "Main")
    assert {(event["resource"], event["principal"]) for event in told} == {(ZONE, stand.principal)}
