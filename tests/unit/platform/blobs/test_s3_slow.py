"""Stores that are slow, or hang: how many wait for them and for how long, and that they are left alone then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portico_server.platform.blobs.errors import StoreUnreachable
from portico_server.platform.blobs.s3 import circuit, connection, pool, reading
from portico_server.platform.blobs.s3 import client as clients
from portico_server.platform.blobs.s3.blobs import S3Blobs
from portico_server.platform.blobs.s3.client import Request, S3Client
from portico_server.platform.blobs.stores import S3Store
from tests.unit.platform.blobs.scripted import Asked, answer, broken, error, scripted
from tests.unit.platform.blobs.test_s3_failures import KEY, read

IMPATIENT = Request("GET", KEY, answer_seconds=0.05)


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(clients, "_PATIENCE_SECONDS", 0.0)


@pytest.fixture
async def opened() -> AsyncIterator[list[S3Client]]:
    """To be closed."""
    made: list[S3Client] = []
    yield made
    for one in made:
        await one.close()


def client(opened: list[S3Client], described: S3Store) -> S3Client:
    opened.append(S3Client(described))
    return opened[-1]


async def test_a_store_that_hangs_gets_so_many_connections_and_no_more(
    opened: list[S3Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "MAX_CONNECTIONS", 4)
    monkeypatch.setattr(pool, "_WAIT_SECONDS", 0.1)
    answers = asyncio.Event()
    async with scripted(answer(200, b"at last"), pause=lambda _: answers.wait()) as store:
        asking = client(opened, store.described)
        asked = [asyncio.create_task(asking.ask(Request("GET", KEY))) for _ in range(10)]
        while sum(task.done() for task in asked) < 6:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for task in asked:
            if task.done():
                assert "all 4 connections to it are busy" in getattr(task.exception(), "problem", "")
        assert store.connections == 4
        answers.set()
        told = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(not isinstance(one, BaseException) and one.content == b"at last" for one in told) == 4
        assert (await asking.ask(Request("GET", KEY))).content == b"at last", "it was not the store that was at fault"


async def test_a_store_that_never_answers_is_left_alone_and_asked_again_later(
    opened: list[S3Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(circuit, "_FIRST_REST_SECONDS", 3600.0)
    monkeypatch.setattr(circuit, "_LONGEST_REST_SECONDS", 3600.0)
    answers = asyncio.Event()
    async with scripted(answer(200, b"back"), pause=lambda _: answers.wait()) as store:
        asking = client(opened, store.described)
        for _ in range(3):
            with pytest.raises(StoreUnreachable):
                await asking.ask(IMPATIENT)
        times = store.connections
        for _ in range(100):
            with pytest.raises(StoreUnreachable) as refused:
                await asking.ask(IMPATIENT)
        assert store.connections == times
        assert "answered nothing" in refused.value.problem
        answers.set()
        monkeypatch.setattr(asking._circuit, "_ask_at", 0.0)  # the rest is over
        for _ in range(2):
            assert (await asking.ask(Request("GET", KEY))).content == b"back"
        assert asking.problem == ""


async def test_who_waits_for_another_s_look_at_a_store_that_hangs_is_told_with_him(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To ask one after the other would take each as long again."""
    monkeypatch.setattr(clients, "_ANSWER_SECONDS", 0.2)
    answers = asyncio.Event()
    async with scripted(answer(200), pause=lambda _: answers.wait()) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to("the database")
        told = await asyncio.gather(*(blobs.create() for _ in range(20)), return_exceptions=True)
        assert [type(one) for one in told] == [StoreUnreachable] * 20
        assert store.connections == 1
        await blobs.close()


async def test_after_each_rest_one_request_goes_to_see() -> None:
    looked = circuit.Circuit()
    for _ in range(3):
        assert looked.refusal() == ""
        looked.failed("gone")
    assert looked.refusal() == "gone"
    looked._ask_at = 0.0
    assert [looked.refusal() for _ in range(3)] == ["", "gone", "gone"]
    looked.answered()
    assert looked.refusal() == ""


async def test_a_store_that_answers_errors_is_asked_on(opened: list[S3Client]) -> None:
    async with scripted(error(503, "SlowDown")) as store:
        asking = client(opened, store.described)
        for number in range(1, 7):
            with pytest.raises(StoreUnreachable):
                await asking.ask(IMPATIENT)
            assert len(store.asked) >= number


async def test_what_works_in_between_counts(opened: list[S3Client]) -> None:
    monday = [step for _ in range(4) for step in (broken, broken, answer(200))]
    async with scripted(*monday) as store:
        asking = client(opened, store.described)
        for _ in range(4):
            for _ in range(2):
                with pytest.raises(StoreUnreachable):
                    await asking.ask(IMPATIENT)
            await asking.ask(Request("GET", KEY))


async def test_a_download_that_stops_in_the_middle_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(reading, "_SILENT_SECONDS", 0.15)

    def half(asked: Asked) -> bytes:
        if asked.verb == "HEAD":
            return answer(200, content_length="1000")(asked)
        first = int(asked.headers["range"].removeprefix("bytes=").partition("-")[0])
        sent = b"x" * 500 if first == 0 else b""
        return answer(206, sent, content_length=str(1000 - first))(asked)

    async with scripted(half) as store:
        with pytest.raises(StoreUnreachable) as told:
            await read(store, tmp_path)
    assert "sent nothing" in told.value.problem
    assert len(store.asked) <= 4, "a head, the range, and the rest of it once or twice"
