"""Reading a zone file holds nobody up, whatever is in it."""

from __future__ import annotations

import asyncio

import pytest

from portico_server.dns import zone_files
from portico_server.dns.errors import InvalidZoneFile
from portico_server.dns.model import Zone

ZONE = Zone("accounts/default/zones/example.com", "example.com", 0, 0, "", "", "", 0, 0, 0, "", 1, 0)
NAME_SERVERS = ("ns1.portico.example",)


async def read(text: str) -> int:
    """How many entries there are."""
    return len([entry async for entry in zone_files.read(text, ZONE, NAME_SERVERS)])


@pytest.mark.parametrize("opened", ["(", '@ TXT "', "@ TXT ( ;", "@ A ", "@ TXT \\a\\"])
async def test_an_entry_of_which_there_is_no_end_is_refused_without_being_read(opened: str) -> None:
    with pytest.raises(InvalidZoneFile, match=f"line 2: .* more than {zone_files.MAX_ENTRY_CHARACTERS} characters"):
        await read(f"\n{opened}{opened[-1] * 1_000_000}")


async def test_an_entry_may_have_many_lines_and_comments_as_long_as_it_is_not_too_long() -> None:
    line = f"  ; {'why ' * 20}\n"
    times = (zone_files.MAX_ENTRY_CHARACTERS - 100) // len(line)
    assert await read(f"@ IN TXT (\n{line * times} there )\n" * 3) == 3


@pytest.mark.parametrize(
    ("line", "times"),
    [("\n", 50_000), (" ; nothing\n", 20_000), ("$TTL 300\n", 20_000), ("@ NS ns1.portico.example.\n", 2_000)],
)
async def test_others_have_their_turn_while_a_file_is_read(line: str, times: int) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.001)
            turns += 1

    waiting = asyncio.create_task(others())
    assert await read(line * times) in (0, times)
    waiting.cancel()
    assert turns > 3
