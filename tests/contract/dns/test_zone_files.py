"""Zone files read into a zone and written from it, on both engines."""

from __future__ import annotations

import json
import uuid
from typing import Any

import dns.zone
import pytest

from portico.dns.v1.records_pb2 import ImportMode, Mx, RecordChange
from portico_server.dns import errors
from portico_server.platform.outbox import Outbox
from tests.contract.dns.conftest import MOST_RECORDS
from tests.contract.dns.stand import DOMAIN, ZONE, Stand

REPLACE = ImportMode.IMPORT_MODE_REPLACE
FILE = """\
$ORIGIN example.com.
$TTL 1h
@       IN SOA ns.example.com. hostmaster.example.com. ( 2026010100 ; serial
                7200 3600 1209600 3600 )
        IN NS  ns1.portico.example.
        IN MX  10 mail
@       300 IN TXT "v=spf1 -all" ; who may send
www     IN A   192.0.2.1
        IN A   192.0.2.2
mail    IN AAAA 2001:DB8::25
*       IN CNAME www.Example.NET.
_sip._tcp IN SRV 1 2 5060 sip
@       IN CAA 0 issue "ca.example.net"
sub     IN NS ns.elsewhere.example.
"""


async def imported(stand: Stand, text: str = FILE, **request: Any) -> Any:
    return await stand.record("ImportZoneFile", parent=ZONE, zone_file=text, **request)


async def exported(stand: Stand) -> str:
    text: str = (await stand.record("ExportZoneFile", parent=ZONE)).zone_file
    return text


async def test_a_zone_file_becomes_records(stand: Stand) -> None:
    answer = await imported(stand)
    assert (answer.created_count, answer.skipped_count, answer.unchanged_count) == (9, 2, 0)
    found = {(record.domain_name, record.WhichOneof("data")): record for record in await stand.list()}
    assert found[DOMAIN, "mx"].mx == Mx(preference=10, exchange=f"mail.{DOMAIN}")
    assert (found[DOMAIN, "txt"].txt, found[DOMAIN, "txt"].ttl_seconds) == ("v=spf1 -all", 300)
    assert (found[f"mail.{DOMAIN}", "aaaa"].aaaa, found[f"mail.{DOMAIN}", "aaaa"].ttl_seconds) == ("2001:db8::25", 3600)
    assert found[f"*.{DOMAIN}", "cname"].cname == "www.example.net"
    assert found[f"_sip._tcp.{DOMAIN}", "srv"].srv.target == f"sip.{DOMAIN}"
    assert found[f"sub.{DOMAIN}", "ns"].ns == "ns.elsewhere.example"


async def test_what_is_exported_is_read_by_others_and_changes_nothing_when_imported(stand: Stand) -> None:
    await imported(stand)
    await stand.create(domain_name=f"auto.{DOMAIN}", a="192.0.2.7", proxied=True, comment="kept")
    await stand.create(domain_name=f"long.{DOMAIN}", txt='"quoted" \\ and ' + "ü" * 300)
    text = await exported(stand)
    read = dns.zone.from_text(text, relativize=False)
    assert len(list(read.iterate_rdatas())) == 11 + 1 + 2  # the records, the SOA record, and two name servers
    answer = await imported(stand, text, mode=REPLACE)
    assert (answer.unchanged_count, answer.skipped_count, list(answer.changes)) == (11, 3, [])


async def test_an_import_adds_and_changes_and_takes_away_only_where_it_is_to_replace(stand: Stand) -> None:
    await imported(stand)
    other = f"$TTL 7200\n@ MX 10 mail.{DOMAIN}.\nnew A 192.0.2.9\n"
    added = await imported(stand, other)
    assert (added.created_count, added.updated_count, added.deleted_count) == (1, 1, 0)
    replaced = await imported(stand, other, mode=REPLACE)
    assert (replaced.created_count, replaced.updated_count, replaced.deleted_count) == (0, 0, 8)
    assert [record.ttl_seconds for record in await stand.list()] == [7200, 7200]


async def test_a_dry_run_says_what_would_change_and_changes_nothing(stand: Stand) -> None:
    before = await stand.get_zone()
    answer = await imported(stand, dry_run=True)
    assert answer.created_count == len(answer.changes) == 9
    assert {change.action for change in answer.changes} == {RecordChange.ACTION_CREATE}
    assert {change.record.name for change in answer.changes} == {""}
    assert [change.line for change in answer.changes] == [6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert await stand.list() == []
    assert await stand.get_zone() == before


WRONG = [
    ("www A 192.0.2.1\nwww A 192.0.2.300\n", 2, ""),
    ("$TTL 60\n\nwww BOGUS x\n", 3, "no type"),
    ("www A 192.0.2.1\n$INCLUDE /etc/passwd\n", 2, "INCLUDE is not taken"),
    ("$GENERATE 1-1000000 n$ A 192.0.2.1\n", 1, "GENERATE is not taken"),
    ("www.example.net. A 192.0.2.1\n", 1, "not in the zone"),
    ("www 30 A 192.0.2.1\n", 1, "ttl_seconds must be"),
    ("www 0 A 192.0.2.1\n", 1, "ttl_seconds must be"),
    ("@ CNAME www\n", 1, "cannot be a CNAME"),
    ("www A 192.0.2.1\nwww CNAME other\n", 2, "CNAME stands alone"),
    ("www HINFO a b\n", 1, "type HINFO are not kept"),
    ("www CH A 192.0.2.1\n", 1, "class CH is not kept"),
    (" A 192.0.2.1\n", 1, "no name"),
    ('www TXT "open\n', 1, ""),
    ("www TXT ( a\nb\n", 1, ""),
    ("www A\n", 1, ""),
    ("www\n", 1, "no type"),
    ("a..b A 192.0.2.1\n", 1, ""),
    ("m\\252ller A 192.0.2.1\n", 1, ""),
    (f"{'x' * 64} A 192.0.2.1\n", 1, ""),
    ("www TXT \\200\n", 1, ""),
    ("www SOA a b 1 2 3 4 5\n", 1, "one SOA record"),
    ("\x00\n", 1, ""),
]


@pytest.mark.parametrize(("text", "line", "why"), WRONG)
async def test_a_line_that_cannot_be_used_is_named_and_nothing_is_changed(
    stand: Stand, text: str, line: int, why: str
) -> None:
    with pytest.raises((errors.InvalidZoneFile, errors.CnameNotAlone), match=f"line {line}: .*{why}") as refused:
        await imported(stand, f"{text}after A 192.0.2.1\n")
    assert (refused.value.field, refused.value.metadata["line"]) == ("zone_file", str(line))
    assert await stand.list() == []


async def test_an_import_needs_the_right_to_each_thing_that_it_does(stand: Stand) -> None:
    stand.held = frozenset({"dns.record.create"})
    await imported(stand)
    with pytest.raises(errors.PermissionMissing, match=r"dns\.record\.update"):
        await imported(stand, f"@ 7200 MX 10 mail.{DOMAIN}.\n")
    for dry_run in (False, True):
        with pytest.raises(errors.PermissionMissing, match=r"dns\.record\.delete"):
            await imported(stand, "@ A 192.0.2.1\n", mode=REPLACE, dry_run=dry_run)
    assert len(await stand.list()) == 9


async def test_a_retry_with_the_same_request_id_is_given_the_first_answer(stand: Stand) -> None:
    request_id = str(uuid.uuid4())
    first = await imported(stand, request_id=request_id)
    assert await imported(stand, request_id=request_id) == first
    assert first.created_count == 9


async def test_a_file_of_more_records_than_a_zone_may_have_is_refused(stand: Stand) -> None:
    text = "".join(f"n{number} A 192.0.2.1\n" for number in range(MOST_RECORDS + 1))
    with pytest.raises(errors.TooManyRecords):
        await imported(stand, text)
    assert await stand.list() == []


async def test_records_are_counted_while_a_file_is_read_so_that_what_is_behind_the_limit_is_not(stand: Stand) -> None:
    text = "".join(f"n{number} A 192.0.2.1\n" for number in range(MOST_RECORDS + 1))
    with pytest.raises(errors.TooManyRecords, match=f"line {MOST_RECORDS + 1}: .* {MOST_RECORDS} are allowed"):
        await imported(stand, text + "this line cannot be read\n", dry_run=True)
    with pytest.raises(errors.TooManyRecords, match=f"line {2 * MOST_RECORDS + 1}: "):
        await imported(stand, "@ A 192.0.2.1\n" * (2 * MOST_RECORDS + 1) + "this line cannot be read\n")


async def test_an_import_leaves_an_audit_event_a_record(stand: Stand) -> None:
    await imported(stand)
    told = [json.loads(event.body) for event in await Outbox(stand.database).take(100)]
    assert sum(event["action"] == "dns.record.create" for event in told) == 9
