"""Lists of zones and records show what policies allow one by one, in full pages: for random policies."""

from __future__ import annotations

import random

from portico_server.platform.authorization import Filter
from tests.contract.dns.stand import ACCOUNT, ZONE, Stand
from tests.contract.worlds import check_list, paged, random_world

WORLDS = 60


async def test_zones(stand: Stand) -> None:
    chance = random.Random(1)
    domains = ("a.example", "a.example.org", "aa.example", "b.example")  # look-alikes, and one that begins as another
    names = sorted([ZONE, *[(await stand.create_zone(domain)).name for domain in domains]])
    for _ in range(WORLDS):
        world = random_world(chance, ACCOUNT, names, "dns.zone.list")
        stand.filter = world.filter("dns.zone.list", ACCOUNT)

        async def page(size: int, token: str) -> tuple[list[str], str]:
            return paged(await stand.zone("ListZones", parent=ACCOUNT, page_size=size, page_token=token), "zones")

        await check_list(page, world.allowed("dns.zone.list", names), chance.randint(1, 3))


async def test_records(stand: Stand) -> None:
    chance = random.Random(2)
    for number in range(6):
        await stand.create(domain_name=f"n{number}.example.com", a="192.0.2.1")
        await stand.create(domain_name=f"n{number}.example.com", txt="text")
    stand.filter = Filter(everything=True)
    for kind in (0, 1, 5):
        in_order = [record.name for record in await stand.list(type=kind)]
        assert in_order
        for _ in range(WORLDS // 2):
            world = random_world(chance, ACCOUNT, [ZONE, *in_order], "dns.record.list")
            stand.filter = world.filter("dns.record.list", ZONE)

            async def page(size: int, token: str, kind: int = kind) -> tuple[list[str], str]:
                asked = {"parent": ZONE, "type": kind, "page_size": size, "page_token": token}
                return paged(await stand.record("ListRecords", **asked), "records")

            await check_list(page, world.allowed("dns.record.list", in_order), chance.randint(1, 4))
        stand.filter = Filter(everything=True)
