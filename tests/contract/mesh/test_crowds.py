"""Many calls between products at once, and many that are given up: whoever else calls over the same way notices
nothing of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from portico.testing.v1 import testing_pb2 as pb

from tests.contract.mesh.stand import NAME, SECONDS, Stand, settled

pytestmark = pytest.mark.asyncio(loop_scope="session")

LASTING = 250
"""More calls than one connection carries, or two."""
CALLERS = 20
GIVEN_UP_BY_EACH = 100
"""In all more than one connection outlives: beyond 1,000, or of nodes 250 young ones, it is ended at its other end."""


UNREAD = 60
MESSAGE_BYTES = 256 * 1024
HELD_MESSAGES = 32
"""Of one stream, on all its way; it has several times as many."""


async def ask(talk: Any, size: int) -> int:
    await talk.write(pb.BidiStreamRequest(name=NAME, sizes_bytes=[size]))
    return len((await talk.read()).payload)


async def test_more_calls_that_last_than_a_connection_carries_hold_up_nobody(stand: Stand) -> None:
    with stand.calling():
        talks = [stand.stub.BidiStream(timeout=SECONDS) for _ in range(LASTING)]
        assert await asyncio.gather(*(ask(talk, 1) for talk in talks)) == [1] * LASTING
        beside = await stand.stub.Unary(pb.UnaryRequest(name=NAME, text="beside"), timeout=SECONDS)
        assert beside.text == "beside"
        for talk in talks:
            talk.cancel()
        await stand.idle()


async def test_who_gives_up_by_the_thousand_breaks_off_nobody_elses_call(stand: Stand) -> None:
    async def give_up_again_and_again() -> None:
        for _ in range(GIVEN_UP_BY_EACH):
            given_up = stand.stub.BidiStream(timeout=SECONDS)
            assert await ask(given_up, 1) == 1, "so that its end is told to the other side, too"
            given_up.cancel()

    with stand.calling():
        talk = stand.stub.BidiStream(timeout=240)
        assert await ask(talk, 1) == 1
        await asyncio.gather(*(give_up_again_and_again() for _ in range(CALLERS)))
        assert await ask(talk, 2) == 2
        talk.cancel()
        await stand.idle()


async def test_streams_that_nobody_reads_are_each_held_back(stand: Stand) -> None:
    request = pb.ServerStreamRequest(name=NAME, sizes_bytes=[MESSAGE_BYTES] * 400)

    async def yielded() -> int:
        return int((await stand.report())["yielded"])

    with stand.calling():
        before = await yielded()
        streams = [stand.stub.ServerStream(request, timeout=SECONDS) for _ in range(UNREAD)]
        await asyncio.gather(*(stream.read() for stream in streams))
        assert await settled(yielded) - before < UNREAD * HELD_MESSAGES
        for stream in streams:
            stream.cancel()
        await stand.idle()
