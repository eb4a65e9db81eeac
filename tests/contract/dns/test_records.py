"""Records made, listed, changed, deleted, and batches of them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import uuid
from typing import Any

import pytest

from portico.dns.v1 import records_pb2
from portico.dns.v1.records_pb2 import Caa, Mx, RecordType, Srv
from portico_server.dns import errors
from portico_server.dns.importing import Importing
from portico_server.dns.judging import MOST_OF_A_NAME
from portico_server.dns.record_service import RecordService
from portico_server.dns.records import Records
from portico_server.dns.zones import Zones
from portico_server.platform.authorization import Filter
from portico_server.platform.ids import Ids
from portico_server.platform.outbox import Outbox
from portico_server.platform.paging import PageTokens
from tests.contract.dns.conftest import MOST_RECORDS
from tests.contract.dns.stand import DOMAIN, OTHER, ZONE, Stand

WWW = f"www.{DOMAIN}"
EVERY_TYPE: list[dict[str, Any]] = [
    {"a": "192.0.2.1"},
    {"aaaa": "2001:db8::1"},
    {"cname": "host.example.net"},
    {"mx": Mx(preference=10, exchange="mail.example.net")},
    {"txt": "v=spf1 -all"},
    {"srv": Srv(priority=1, weight=2, port=443, target="host.example.net")},
    {"caa": Caa(flags=128, tag="issue", value="ca.example.net; account=1")},
    {"ns": "ns.example.net"},
]


@pytest.mark.parametrize("data", EVERY_TYPE, ids=lambda data: next(iter(data)))
async def test_a_record_is_answered_as_it_was_created(stand: Stand, data: dict[str, Any]) -> None:
    made = await stand.create(domain_name=WWW, ttl_seconds=60, comment="why", **data)
    [(kind, value)] = data.items()
    assert getattr(made, kind) == value
    assert RecordType.Name(made.type) == f"RECORD_TYPE_{kind.upper()}"
    assert (made.domain_name, made.ttl_seconds, made.comment, made.proxied) == (WWW, 60, "why", False)
    assert made.name.startswith(f"{ZONE}/records/")
    assert await stand.get(made.name) == made
    assert await stand.list() == [made]


async def test_the_zones_own_name_may_be_written_as_at(stand: Stand) -> None:
    made = await stand.create(domain_name="@", a="192.0.2.1")
    assert (made.domain_name, made.ttl_seconds) == (DOMAIN, 1)


async def test_each_change_of_records_raises_the_zones_serial(stand: Stand) -> None:
    before = await stand.get_zone()
    made = await stand.create(domain_name="@", a="192.0.2.1")
    await stand.update(made.name, a="192.0.2.2")
    await stand.update(made.name, a="192.0.2.2")  # changes nothing
    await stand.delete(made.name)
    after = await stand.get_zone()
    assert (after.serial - before.serial, after.etag) == (3, before.etag)


async def test_no_two_records_of_a_name_say_the_same(stand: Stand) -> None:
    made = await stand.create(domain_name=WWW, a="192.0.2.1")
    with pytest.raises(errors.RecordAlreadyExists) as refused:
        await stand.create(domain_name=WWW, a="192.0.2.1", ttl_seconds=60)
    assert (refused.value.field, refused.value.metadata["resource"]) == ("record", made.name)
    other = await stand.create(domain_name=WWW, a="192.0.2.2")
    with pytest.raises(errors.RecordAlreadyExists):
        await stand.update(other.name, a="192.0.2.1")
    await stand.create(domain_name=f"*.{DOMAIN}", a="192.0.2.1")


async def test_a_cname_stands_alone(stand: Stand) -> None:
    alias = await stand.create(domain_name=WWW, cname="host.example.net")
    with pytest.raises(errors.CnameNotAlone):
        await stand.create(domain_name=WWW, a="192.0.2.1")
    with pytest.raises(errors.CnameNotAlone):
        await stand.create(domain_name=WWW, cname="other.example.net")
    address = await stand.create(domain_name=f"api.{DOMAIN}", a="192.0.2.1")
    with pytest.raises(errors.CnameNotAlone):
        await stand.update(alias.name, domain_name=f"api.{DOMAIN}")
    with pytest.raises(errors.CnameNotAlone):
        await stand.update(address.name, domain_name=WWW)
    assert len(await stand.list()) == 2


async def test_the_zone_itself_cannot_be_a_cname(stand: Stand) -> None:
    with pytest.raises(errors.InvalidField) as refused:
        await stand.create(domain_name="@", cname="host.example.net")
    assert refused.value.field == "record.cname"


async def test_an_update_changes_what_is_set_or_what_the_mask_names(stand: Stand) -> None:
    made = await stand.create(domain_name=WWW, a="192.0.2.1", proxied=True, comment="old", ttl_seconds=600)
    changed = await stand.update(made.name, a="192.0.2.2", comment="new")
    assert (changed.a, changed.comment, changed.proxied, changed.ttl_seconds) == ("192.0.2.2", "new", True, 600)
    assert changed.etag != made.etag
    assert changed.create_time == made.create_time
    reset = await stand.update(made.name, ["proxied", "ttl_seconds"])
    assert (reset.proxied, reset.ttl_seconds, reset.comment) == (False, 1, "new")
    assert await stand.get(made.name) == reset


async def test_an_update_of_another_state_is_refused_and_so_is_a_deletion(stand: Stand) -> None:
    made = await stand.create(domain_name=WWW, a="192.0.2.1")
    changed = await stand.update(made.name, a="192.0.2.2", etag=made.etag)
    with pytest.raises(errors.Changed):
        await stand.update(made.name, a="192.0.2.3", etag=made.etag)
    with pytest.raises(errors.Changed):
        await stand.delete(made.name, etag=made.etag)
    await stand.delete(made.name, etag=changed.etag)
    with pytest.raises(errors.RecordNotFound):
        await stand.delete(made.name)


async def test_a_record_keeps_its_type(stand: Stand) -> None:
    made = await stand.create(domain_name=WWW, a="192.0.2.1")
    with pytest.raises(errors.InvalidField) as refused:
        await stand.update(made.name, aaaa="2001:db8::1")
    assert refused.value.field == "record.aaaa"
    with pytest.raises(errors.InvalidField) as refused:
        await stand.update(made.name, ["txt"], a="192.0.2.2")
    assert refused.value.field == "update_mask"


async def test_records_are_listed_from_the_zone_down_and_by_type_in_pages(stand: Stand) -> None:
    await stand.create(domain_name=f"b.{DOMAIN}", a="192.0.2.1")
    await stand.create(domain_name=f"a.b.{DOMAIN}", a="192.0.2.1")
    await stand.create(domain_name="@", txt="hello")
    await stand.create(domain_name="@", a="192.0.2.1")
    await stand.create(domain_name=f"c.{DOMAIN}", cname="b.example.com")
    everything = [(record.domain_name, record.WhichOneof("data")) for record in await stand.list()]
    assert everything == [
        (DOMAIN, "a"),
        (DOMAIN, "txt"),
        (f"b.{DOMAIN}", "a"),
        (f"a.b.{DOMAIN}", "a"),
        (f"c.{DOMAIN}", "cname"),
    ]
    paged, token = [], ""
    while True:
        page = await stand.record("ListRecords", parent=ZONE, page_size=2, page_token=token)
        paged += [(record.domain_name, record.WhichOneof("data")) for record in page.records]
        token = page.next_page_token
        if not token:
            break
    assert paged == everything
    assert [record.txt for record in await stand.list(type=RecordType.RECORD_TYPE_TXT)] == ["hello"]
    assert len(await stand.list(domain_name="@")) == 2
    assert [record.a for record in await stand.list(domain_name="@", type=RecordType.RECORD_TYPE_A)] == ["192.0.2.1"]


async def test_a_list_shows_what_the_caller_may_see(stand: Stand) -> None:
    made = [await stand.create(domain_name=WWW, a=f"192.0.2.{number}") for number in range(4)]
    stand.filter = Filter(False, (made[1].name, made[3].name))
    page = await stand.record("ListRecords", parent=ZONE, page_size=2)
    assert [record.a for record in page.records] == ["192.0.2.1", "192.0.2.3"]
    assert page.next_page_token == ""


async def test_a_zone_has_no_more_records_than_it_may(stand: Stand) -> None:
    creates = [{"domain_name": f"n{number}.{DOMAIN}", "a": "192.0.2.1"} for number in range(MOST_RECORDS)]
    await stand.record("BatchUpdateRecords", parent=ZONE, creates=creates)
    with pytest.raises(errors.TooManyRecords):
        await stand.create(domain_name=WWW, a="192.0.2.1")
    [first, *_] = await stand.list()
    await stand.delete(first.name)
    await stand.create(domain_name=WWW, a="192.0.2.1")


async def test_a_name_has_no_more_records_than_an_answer_can_hold(stand: Stand) -> None:
    creates = [{"domain_name": WWW, "a": f"192.0.2.{number}"} for number in range(MOST_OF_A_NAME)]
    await stand.record("BatchUpdateRecords", parent=ZONE, creates=creates)
    with pytest.raises(errors.TooManyRecords):
        await stand.create(domain_name=WWW, a="198.51.100.1")


async def test_a_batch_is_applied_whole_and_only_its_outcome_is_judged(stand: Stand) -> None:
    alias = await stand.create(domain_name=WWW, cname="host.example.net")
    address = await stand.create(domain_name=f"api.{DOMAIN}", a="192.0.2.1")
    answer = await stand.record(
        "BatchUpdateRecords",
        parent=ZONE,
        deletes=[{"name": alias.name, "etag": alias.etag}],
        updates=[{"record": {"name": address.name, "a": "192.0.2.9"}}],
        creates=[{"domain_name": WWW, "a": "192.0.2.1"}, {"domain_name": WWW, "a": "192.0.2.2"}],
    )
    assert [record.a for record in answer.updated] == ["192.0.2.9"]
    assert [record.a for record in answer.created] == ["192.0.2.1", "192.0.2.2"]
    assert {record.a for record in await stand.list()} == {"192.0.2.1", "192.0.2.2", "192.0.2.9"}


async def test_a_batch_with_anything_wrong_changes_nothing_and_names_what(stand: Stand) -> None:
    alias = await stand.create(domain_name=WWW, cname="host.example.net")
    before = await stand.list()
    wrong: list[tuple[dict[str, Any], type[Exception], str]] = [
        ({"creates": [{"domain_name": "@", "a": "192.0.2.1"}, {"domain_name": WWW, "a": "192.0.2.1"}]},
         errors.CnameNotAlone, "creates[1]"),
        ({"creates": [{"domain_name": "@", "a": "192.0.2.1"}, {"domain_name": "@", "a": "x"}]},
         errors.InvalidField, "creates[1].a"),
        ({"creates": [{"domain_name": "@", "a": "192.0.2.1"}, {"domain_name": "@", "a": "192.0.2.1"}]},
         errors.RecordAlreadyExists, "creates[1]"),
        ({"deletes": [{"name": alias.name}, {"name": alias.name}]}, errors.InvalidField, "deletes[1].name"),
        ({"deletes": [{"name": alias.name.replace("default", "other")}]}, errors.InvalidField, "deletes[0].name"),
        ({"deletes": [{"name": alias.name[:-32] + "0" * 32}]}, errors.RecordNotFound, ""),
        ({"updates": [{"record": {"name": alias.name, "cname": "a.b", "etag": "other"}}]}, errors.Changed, ""),
    ]  # fmt: skip
    for request, kind, field in wrong:
        with pytest.raises(kind) as refused:
            await stand.record("BatchUpdateRecords", parent=ZONE, **request)
        assert getattr(refused.value, "field", "") == field
    assert await stand.list() == before


async def test_a_batch_needs_the_right_to_each_thing_that_it_does(stand: Stand) -> None:
    made = await stand.create(domain_name=WWW, a="192.0.2.1")
    creates = [{"domain_name": "@", "a": "192.0.2.1"}]
    stand.held = frozenset({"dns.record.create"})
    await stand.record("BatchUpdateRecords", parent=ZONE, creates=creates)
    with pytest.raises(errors.PermissionMissing, match=r"dns\.record\.delete"):
        await stand.record("BatchUpdateRecords", parent=ZONE, deletes=[{"name": made.name}])


async def test_a_retry_with_the_same_request_id_is_given_the_first_answer(stand: Stand) -> None:
    request_id = str(uuid.uuid4())
    first = await stand.create(domain_name=WWW, a="192.0.2.1", request_id=request_id)
    assert await stand.create(domain_name=WWW, a="192.0.2.1", request_id=request_id) == first
    assert len(await stand.list()) == 1


async def test_changes_at_once_all_come_through_and_are_counted(stand: Stand) -> None:
    await asyncio.gather(*(stand.create(domain_name=WWW, a=f"192.0.2.{number}") for number in range(20)))
    assert len(await stand.list()) == 20
    [(count,)] = await stand.database.read("SELECT records FROM zone WHERE name = $1", ZONE)
    assert count == 20


def as_another_process(stand: Stand) -> Stand:
    """The same database, and nothing else in common."""
    ids = Ids(stand.clock, random.SystemRandom())
    zones = Zones(stand.database, ids, MOST_RECORDS)
    records = Records(stand.database, zones, ids, MOST_RECORDS)
    importing = Importing(stand.database, records, ids, (), MOST_RECORDS)
    service = RecordService(stand.database, stand.clock, ids, zones, records, importing, PageTokens(b"k" * 32))
    return dataclasses.replace(stand, records=service)


async def test_changes_by_several_processes_at_once_all_come_through_and_are_counted(stand: Stand) -> None:
    processes = [as_another_process(stand) for _ in range(4)]
    before = await stand.get_zone()
    await asyncio.gather(
        *(process.create(domain_name=WWW, a=f"192.0.2.{number}") for number, process in enumerate(processes * 5))
    )
    assert len(await stand.list()) == 20
    assert (await stand.get_zone()).serial == before.serial + 20


async def test_of_several_who_want_a_cname_and_an_address_at_once_one_wins(stand: Stand) -> None:
    wanted = [stand.create(domain_name=WWW, cname="host.example.net"), stand.create(domain_name=WWW, a="192.0.2.1")]
    outcomes = await asyncio.gather(*wanted, return_exceptions=True)
    assert sorted(isinstance(outcome, errors.CnameNotAlone) for outcome in outcomes) == [False, True]
    assert len(await stand.list()) == 1


async def test_zones_of_one_domain_in_two_accounts_have_their_own_records(stand: Stand) -> None:
    theirs = (await stand.create_zone(account=OTHER)).name
    await stand.create(theirs, domain_name=WWW, a="192.0.2.1")
    assert await stand.list() == []
    assert len(await stand.list(theirs)) == 1


async def test_every_change_leaves_an_audit_event_with_before_and_after(stand: Stand) -> None:
    made = await stand.create(domain_name=WWW, a="192.0.2.1")
    await stand.update(made.name, a="192.0.2.2")
    await stand.delete(made.name)
    told = [json.loads(event.body) for event in await Outbox(stand.database).take(100)]
    told = [event for event in told if event["resource"] == made.name]
    assert [event["action"] for event in told] == ["dns.record.create", "dns.record.update", "dns.record.delete"]
    assert (told[1]["before"]["data"], told[1]["after"]["data"]) == ("192.0.2.1", "192.0.2.2")
    assert "after" not in told[2]


async def test_what_is_denied_on_one_record_is_denied_in_batches_imports_and_exports(stand: Stand) -> None:
    """Who may change a zone's records, but for one, gets at that one by no way that names the zone alone."""
    closed = await stand.create(domain_name="closed.example.com", a="192.0.2.1")
    await stand.create(domain_name="open.example.com", a="192.0.2.1")
    before = await stand.list()
    stand.below = Filter(everything=True, deny=(closed.name,))
    changed = {"record": {"name": closed.name, "comment": "mine"}, "update_mask": {"paths": ["comment"]}}
    add = records_pb2.IMPORT_MODE_ADD
    for method, fields in (
        ("BatchUpdateRecords", {"deletes": [{"name": closed.name}]}),
        ("BatchUpdateRecords", {"updates": [changed]}),
        ("ImportZoneFile", {"zone_file": "open A 192.0.2.1\n", "mode": records_pb2.IMPORT_MODE_REPLACE}),
        ("ImportZoneFile", {"zone_file": "closed 600 A 192.0.2.1\n", "mode": add}),
        ("ExportZoneFile", {}),
    ):
        with pytest.raises(errors.PermissionMissing, match=closed.name):
            await stand.record(method, parent=ZONE, **fields)
    assert await stand.list() == before
    await stand.record("ImportZoneFile", parent=ZONE, zone_file="closed A 192.0.2.1\nmore A 192.0.2.1\n", mode=add)
