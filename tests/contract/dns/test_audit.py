"""Every method of dns that changes something tells of it, in the batch of the change: all that its contracts have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from portico_server.dns import PRODUCT
from tests.contract.auditing import check_told, mutating_methods, watched
from tests.contract.dns.stand import ZONE, Stand
from tests.harness.name_server import NameServer

Example = Callable[[Stand, NameServer], Awaitable[dict[str, Any]]]
"""Makes ready what a method needs, and answers the fields of its request."""


async def _record(stand: Stand) -> str:
    return (await stand.create(domain_name="@", a="192.0.2.1")).name


async def _new_zone(stand: Stand, names: NameServer) -> dict[str, Any]:
    return {"parent": ZONE.partition("/zones/")[0], "zone_id": "new.example"}


async def _changed_zone(stand: Stand, names: NameServer) -> dict[str, Any]:
    return {"zone": {"name": ZONE, "paused": True}}


async def _deleted_zone(stand: Stand, names: NameServer) -> dict[str, Any]:
    await _record(stand)
    return {"name": ZONE, "force": True}


async def _proven_zone(stand: Stand, names: NameServer) -> dict[str, Any]:
    zone = await stand.get_zone()
    names.records[zone.challenge_name, "TXT"] = [f'"{zone.challenge_token}"']
    return {"name": ZONE}


async def _new_record(stand: Stand, names: NameServer) -> dict[str, Any]:
    return {"parent": ZONE, "record": {"domain_name": "@", "a": "192.0.2.1"}}


async def _changed_record(stand: Stand, names: NameServer) -> dict[str, Any]:
    return {"record": {"name": await _record(stand), "comment": "x"}, "update_mask": {"paths": ["comment"]}}


async def _deleted_record(stand: Stand, names: NameServer) -> dict[str, Any]:
    return {"name": await _record(stand)}


async def _batch(stand: Stand, names: NameServer) -> dict[str, Any]:
    new = {"domain_name": "www.example.com", "a": "192.0.2.1"}
    return {"parent": ZONE, "deletes": [{"name": await _record(stand)}], "creates": [new]}


async def _file(stand: Stand, names: NameServer) -> dict[str, Any]:
    await _record(stand)
    return {"parent": ZONE, "zone_file": "www A 192.0.2.1\n", "mode": 2}


EXAMPLES: dict[str, Example] = {
    "BatchUpdateRecords": _batch,
    "CreateRecord": _new_record,
    "CreateZone": _new_zone,
    "DeleteRecord": _deleted_record,
    "DeleteZone": _deleted_zone,
    "ImportZoneFile": _file,
    "UpdateRecord": _changed_record,
    "UpdateZone": _changed_zone,
    "VerifyZone": _proven_zone,
}

MUTATING = sorted(mutating_methods(PRODUCT.contracts))


def test_each_method_that_changes_something_has_an_example() -> None:
    assert set(MUTATING) == set(EXAMPLES), "a new method: give an example of a change, for the test below"


@pytest.mark.parametrize("method", MUTATING)
async def test_a_change_is_told_in_its_own_batch_with_before_and_after(
    stand: Stand, names: NameServer, method: str
) -> None:
    request = await EXAMPLES[method](stand, names)
    with watched(stand.database, "zone", "record") as found:
        await (stand.zone if hasattr(stand.zones, method) else stand.record)(method, **request)
    check_told(found, method)
