"""What is asked of a store says by which platforms it has come; what comes round is told, and nothing is written."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest

from portico_server.objects.faces.s3.circles import Circles
from portico_server.platform.blobs import loops
from portico_server.platform.blobs.errors import StoreLoop
from portico_server.platform.blobs.files import FileBlobs
from portico_server.platform.blobs.s3.blobs import S3Blobs
from portico_server.platform.blobs.s3.client import Request
from portico_server.platform.blobs.s3.looking import look
from portico_server.platform.errors import ApiError
from tests.unit.platform.blobs.scripted import Asked, Step, answer, error, marked, scripted

BLOB = "away." + "0" * 32
LIST = Request("GET", query={"list-type": "2"})


def leading_back(marks: list[str], to: str = "") -> Step:
    """A store with this mark, of which HEAD of the bucket says that it leads back to that platform; empty: to whoever
    has sent it."""
    usual = marked(marks)

    def step(asked: Asked) -> bytes:
        if asked.verb == "HEAD" and asked.target == "/bucket/":
            by = to or asked.headers[loops.HEADER].rpartition(", ")[2]
            return answer(508, x_portico_loop=by)(asked)
        return usual(asked)

    return step


async def test_a_request_says_by_whom_it_has_come(tmp_path: Path) -> None:
    async with scripted(marked([""])) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to("the database")
        own = loops.platform_named(loops.identity_of(tmp_path))
        await blobs.client.ask(LIST)
        loops.note("one;x=1, portico-two")
        await blobs.client.ask(LIST)
        await blobs.check_owner()  # for itself, whoever made it look
        await blobs.close()
    assert store.asked[0].headers[loops.HEADER] == own
    assert store.asked[1].headers[loops.HEADER] == f"one;x=1, portico-two, {own}"
    assert {asked.headers[loops.HEADER] for asked in store.asked[2:]} == {own}
    assert loops.came_by() == "one;x=1, portico-two"
    assert not any(loops.HEADER in asked.headers["authorization"] for asked in store.asked)


async def test_in_a_store_that_leads_back_nothing_is_written_or_removed(tmp_path: Path) -> None:
    marks = [""]
    async with scripted(leading_back(marks)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to("the database")
        for work in (blobs.create(), blobs.delete(BLOB), blobs.set_aside(BLOB), blobs.copy(BLOB), blobs.look()):
            with pytest.raises(StoreLoop) as told:
                await work
            assert told.value.reason == "STORE_LOOP"
        assert "leads back to this platform" in blobs.problem
        await blobs.client.ask(LIST)
        assert "leads back to this platform" in blobs.problem, "what can be read does not mend it"
        assert marks == [""]
        assert {asked.verb for asked in store.asked} == {"HEAD", "GET"}
        looked = await look(store.described, "objects", tmp_path, has_bytes=False)
        assert "leads back to this platform" in looked.problem
        await blobs.close()


async def test_a_circle_further_on_is_told_apart(tmp_path: Path) -> None:
    async with scripted(leading_back([""], "portico-another")) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to("the database")
        with pytest.raises(StoreLoop) as told:
            await blobs.check_owner()
        assert "in a circle of platforms" in blobs.problem
        assert told.value.metadata == {"store": "away", "platform": "portico-another"}
        with pytest.raises(StoreLoop):
            await blobs.check_way()
        await blobs.close()


async def test_a_loop_is_told_by_its_code_and_by_its_status_where_there_is_none(tmp_path: Path) -> None:
    async with scripted(error(508, "LoopDetected"), answer(508), error(508, "ResourceLimitIsReached")) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        for _ in range(2):
            with pytest.raises(StoreLoop):
                await blobs.client.ask(Request("GET", "k"))
        with pytest.raises(Exception, match="cannot be reached"):
            await blobs.client.ask(Request("GET", "k"))
        await blobs.close()


async def test_a_store_that_does_not_let_its_bucket_be_looked_up_is_used(tmp_path: Path) -> None:
    usual = marked([""])
    async with scripted(lambda asked: answer(403)(asked) if asked.verb == "HEAD" else usual(asked)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to("the database")
        await blobs.check_owner()
        assert blobs.problem == ""
        await blobs.close()


async def circles(folder: Path) -> tuple[Circles, str]:
    blobs = await FileBlobs.start(folder)
    await blobs.close()
    return Circles(blobs), loops.platform_named(blobs.identity)


@pytest.mark.parametrize("header", ["{}", "cdn, {} ;n=1,other", "a,b,c,{}"])
async def test_a_request_that_has_come_by_here_is_refused(tmp_path: Path, header: str) -> None:
    entered, own = await circles(tmp_path)
    with pytest.raises(ApiError) as refused:
        entered.enter(header.format(own))
    assert (refused.value.code, refused.value.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "LOOP_DETECTED")
    assert refused.value.metadata == {"platform": own}
    assert "stores.toml" in refused.value.message
    assert loops.came_by() == ""


async def test_a_request_has_come_by_so_many_at_most(tmp_path: Path) -> None:
    entered, _ = await circles(tmp_path)
    some = ", ".join(f"portico-{number}" for number in range(loops.MOST_PLATFORMS))
    await asyncio.create_task(entering(entered, some))
    for header, reason in (
        (f"{some}, one", "LOOP_DETECTED"),
        ("x" * (loops.MOST_CHARACTERS + 1), "INVALID_ARGUMENT"),
        ("\xe9", "INVALID_ARGUMENT"),
    ):
        with pytest.raises(ApiError) as refused:
            entered.enter(header)
        assert refused.value.reason == reason
    assert loops.came_by() == "", "what another task's request says is that one's"


async def entering(entered: Circles, header: str) -> None:
    entered.enter(header)
    assert entered.is_asked_for_bytes
    assert loops.came_by() == header


async def test_a_platform_keeps_its_name(tmp_path: Path) -> None:
    assert (await circles(tmp_path / "one"))[1] == (await circles(tmp_path / "one"))[1]
    assert (await circles(tmp_path / "one"))[1] != (await circles(tmp_path / "other"))[1]
