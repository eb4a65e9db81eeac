"""What an upload on its way in holds: with a disk that takes nothing, and with a sender that stops, at any time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from portico_server.objects.content import incoming
from portico_server.objects.content.incoming import Announced, Receiver
from portico_server.objects.content.placing import ANYWHERE
from portico_server.objects.records import Bucket

PART_BYTES = 128 * 1024
SECONDS = 30.0
PIECES = 5
"""So many are written before all stands still."""
NO_END = 1 << 30
LOOKS = 5
"""In a row, which find the same: then all stands still."""


class Bytes(bytes):
    """Of a part as it came: counted as long as anybody holds it."""

    alive = 0

    def __new__(cls, size_bytes: int) -> Bytes:
        Bytes.alive += size_bytes
        return super().__new__(cls, size_bytes)

    def __del__(self) -> None:
        Bytes.alive -= len(self)


@dataclass
class World:
    """A disk that takes so many pieces of each upload, and senders that send so many parts; then both wait for
    `go_on`."""

    pieces: int
    parts: int
    part_bytes: int
    standing: set[int] = field(default_factory=set)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def create(self, store: str = "") -> Writer:
        return Writer(self)

    async def sent(self, number: int, more: int) -> AsyncIterator[bytes]:
        for _ in range(self.parts):
            yield Bytes(self.part_bytes)
            await asyncio.sleep(0)  # others send, too
        await self.stand(number)
        for _ in range(more):
            yield Bytes(self.part_bytes)

    async def stand(self, who: int) -> None:
        self.standing.add(who)
        await self.go_on.wait()


class Writer:
    """Of one upload."""

    blob_id = "blob"

    def __init__(self, world: World) -> None:
        self._world = world
        self._pieces = 0
        self.size_bytes = 0

    async def write(self, *parts: bytes) -> None:
        self._pieces += 1
        if self._pieces > self._world.pieces:
            await self._world.stand(id(self))
        self.size_bytes += sum(map(len, parts))

    async def commit(self) -> None: ...

    async def discard(self) -> None: ...


async def bucket() -> Bucket:
    return Bucket("accounts/default/buckets/b", 0, 0, "", 1, "", "", "")


@pytest.fixture
def hashing() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads


async def until(holds: Callable[[], bool]) -> None:
    """Polls: threads are at work, too."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def held_by_each(world: World, uploads: int, hashing: ThreadPoolExecutor) -> float:
    """Bytes of the parts that came, when all stands still; each upload then comes to its end."""
    receiver, more = Receiver(world, ANYWHERE, hashing), 3  # type: ignore[arg-type]
    tasks = [
        asyncio.create_task(receiver.receive(world.sent(number, more), Announced(), "k", bucket))
        for number in range(uploads)
    ]
    async with asyncio.timeout(SECONDS):
        await until(lambda: len(world.standing) == uploads)
        looks: list[int] = []
        await until(lambda: looks.append(Bytes.alive) or looks[-LOOKS:] == looks[-1:] * LOOKS)  # type: ignore[func-returns-value]
        alive = Bytes.alive
        world.go_on.set()
        for content in await asyncio.gather(*tasks):
            assert content.size_bytes == (world.parts + more) * world.part_bytes
        await until(lambda: Bytes.alive == 0)  # a thread lets go of what it has hashed
    return alive / uploads


@pytest.mark.parametrize("uploads", [1, incoming._AHEAD_UPLOADS, 24])
@pytest.mark.parametrize("part_bytes", [PART_BYTES, 4096], ids=["large parts", "small parts, which are joined"])
async def test_while_the_disk_takes_nothing_one_piece_waits_for_it_and_of_few_uploads_the_next(
    hashing: ThreadPoolExecutor, uploads: int, part_bytes: int
) -> None:
    parts = parts_of_piece(uploads, part_bytes)
    is_ahead, is_joined = uploads <= incoming._AHEAD_UPLOADS, parts > incoming._MOST_PARTS
    pieces = is_ahead + (not is_joined)  # what is written is a copy where it was joined
    world = World(PIECES, parts * (PIECES + 3), part_bytes)
    assert await held_by_each(world, uploads, hashing) <= pieces * parts * part_bytes


@pytest.mark.parametrize("uploads", [1, incoming._AHEAD_UPLOADS, 24])
@pytest.mark.parametrize("part_bytes", [PART_BYTES, 4096], ids=["large parts", "small parts, which are joined"])
async def test_while_the_sender_sends_nothing_no_piece_is_held_that_was_written(
    hashing: ThreadPoolExecutor, uploads: int, part_bytes: int
) -> None:
    gathered = parts_of_piece(uploads, part_bytes) - 1
    world = World(NO_END, gathered + PIECES * (gathered + 1), part_bytes)
    assert await held_by_each(world, uploads, hashing) <= gathered * part_bytes


def parts_of_piece(uploads: int, part_bytes: int) -> int:
    bound = incoming._ALL_PIECES_BYTES // uploads
    piece_bytes = max(incoming._SMALL_PIECE_BYTES, min(incoming._PIECE_BYTES, bound))
    return -(-piece_bytes // part_bytes)
