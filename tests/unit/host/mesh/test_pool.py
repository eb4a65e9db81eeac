"""Connections to another process: as many as the calls need, each used up and then closed after its last call."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from portico_server.host.mesh.remote import pool as pool_module
from portico_server.host.mesh.remote.connection import Connection
from portico_server.host.mesh.remote.pool import Bounds, Pool, Retired
from portico_server.platform.keyring.assertions import at_door

AT_ONCE, IN_ALL = 4, 10


class Channel:
    """As much of a channel as a pool looks at."""

    def __init__(self) -> None:
        self.closed = self.connecting = False

    def get_state(self, try_to_connect: bool = False) -> None:
        self.connecting = self.connecting or try_to_connect

    async def close(self) -> None:
        self.closed = True


class Call:
    """As much of a call."""

    over = False

    def done(self) -> bool:
        return self.over


class Stand:
    """A pool, and the channels of all connections that it has made."""

    def __init__(self) -> None:
        self.channels: list[Channel] = []
        self.retired = Retired()
        self.pool = Pool(self._connect, Bounds(AT_ONCE, IN_ALL), self.retired)

    def begin(self) -> tuple[int, Call]:
        """Begins a call; the number of its connection, and it."""
        call, connection = Call(), self.pool.current()
        connection.begun(call)
        return self.channels.index(connection.channel), call

    def _connect(self) -> Connection:
        made: Any = Channel()
        self.channels.append(made)
        return Connection(made, "header", at_door("process"))


@pytest.fixture
async def stand(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(pool_module, "_LOOK_SECONDS", 0.001)
    stand = Stand()
    yield stand
    await stand.retired.close()


async def closed(channel: Channel) -> None:
    async with asyncio.timeout(30):
        while not channel.closed:  # noqa: ASYNC110 - the pool looks from time to time
            await asyncio.sleep(0.001)


async def test_a_call_beyond_what_one_connection_carries_at_once_goes_over_another(stand: Stand) -> None:
    lasting = [stand.begin() for _ in range(AT_ONCE + 1)]
    assert [number for number, _ in lasting] == [0] * AT_ONCE + [1]


async def test_the_next_one_is_connected_before_the_last_is_used_up(stand: Stand) -> None:
    for _ in range(IN_ALL):
        stand.begin()[1].over = True
    assert [channel.connecting for channel in stand.channels] == [False, True]
    assert stand.begin()[0] == 1


async def test_one_that_is_used_up_is_closed_after_its_last_call(stand: Stand) -> None:
    _, lasting = stand.begin()
    for _ in range(IN_ALL):
        stand.begin()[1].over = True
    await asyncio.sleep(0.01)  # the pool has looked
    assert not stand.channels[0].closed
    lasting.over = True
    await closed(stand.channels[0])
    assert not stand.channels[1].closed


async def test_those_that_are_used_up_beside_one_full_of_lasting_calls_are_closed_too(stand: Stand) -> None:
    lasting = [stand.begin() for _ in range(AT_ONCE)]
    for _ in range(3 * IN_ALL):
        stand.begin()[1].over = True
    await closed(stand.channels[1])
    await closed(stand.channels[2])
    assert not stand.channels[0].closed
    assert all(number == 0 for number, _ in lasting)
