"""What a store may do to the platform, and what becomes of it: told, tried again, gone on with, or given up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from portico_server.platform.blobs.errors import StoreError, StoreFull, StoreRefused, StoreUnreachable
from portico_server.platform.blobs.s3 import client as clients
from portico_server.platform.blobs.s3 import connection, ownership
from portico_server.platform.blobs.s3.blobs import S3Blobs
from portico_server.platform.blobs.s3.client import Request, S3Client
from portico_server.platform.blobs.s3.looking import Looked, look
from tests.unit.platform.blobs.scripted import Asked, Scripted, Step, answer, broken, error, marked, owner, scripted

OWNED = "the database"
KEY = "objects/blobs/" + "0" * 32
BLOB = "away." + "0" * 32


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_FIRST_PAUSE_SECONDS", 0.001)


async def ask(store: Scripted, request: Request = Request("GET", KEY)) -> bytes:  # noqa: B008
    client = S3Client(store.described)
    try:
        return (await client.ask(request)).content
    finally:
        await client.close()


@pytest.mark.parametrize("failure", [broken, error(500, "InternalError"), error(503, "SlowDown"), error(429, "")])
async def test_what_may_help_is_asked_again(failure: Step) -> None:
    async with scripted(failure, failure, answer(200, b"found")) as store:
        assert await ask(store) == b"found"
    assert len(store.asked) == 3


@pytest.mark.parametrize(
    ("step", "told", "code", "times"),
    [
        (broken, StoreUnreachable, grpc.StatusCode.UNAVAILABLE, 4),
        (error(503, "SlowDown"), StoreUnreachable, grpc.StatusCode.UNAVAILABLE, 4),
        (answer(200, b"short", content_length="50", close=True), StoreUnreachable, grpc.StatusCode.UNAVAILABLE, 4),
        (lambda _: b"SSH-2.0-dropbear\r\n\r\n", StoreUnreachable, grpc.StatusCode.UNAVAILABLE, 4),
        (error(507, "InsufficientStorage"), StoreFull, grpc.StatusCode.RESOURCE_EXHAUSTED, 1),
        (error(403, "SignatureDoesNotMatch"), StoreRefused, grpc.StatusCode.INTERNAL, 1),
        (error(404, "NoSuchBucket"), StoreRefused, grpc.StatusCode.INTERNAL, 1),
        (answer(301, location="https://elsewhere"), StoreRefused, grpc.StatusCode.INTERNAL, 1),
    ],
)
async def test_what_does_not_help_is_told(
    step: Step, told: type[StoreError], code: grpc.StatusCode, times: int
) -> None:
    async with scripted(step) as store:
        with pytest.raises(told) as raised:
            await ask(store)
    assert (raised.value.code, raised.value.metadata) == (code, {"store": "away"})
    assert (raised.value.retry_after_seconds is not None) == (code is grpc.StatusCode.UNAVAILABLE)
    assert len(store.asked) == times
    assert raised.value.problem


async def test_a_store_that_is_not_there_is_told_as_a_problem_until_it_is(tmp_path: Path) -> None:
    async with scripted(answer(200, b"x")) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        blobs.client.problem = "cannot be reached: gone"
        await blobs.client.ask(Request("GET", KEY))
        assert blobs.problem == ""
    with pytest.raises(StoreUnreachable):
        await blobs.client.ask(Request("GET", KEY))
    assert "cannot be reached" in blobs.problem
    await blobs.close()


async def test_what_is_not_there_is_no_failure_of_the_store() -> None:
    async with scripted(error(404, "NoSuchKey")) as store:
        with pytest.raises(FileNotFoundError):
            await ask(store)
        with pytest.raises(FileNotFoundError):
            await ask(store, Request("HEAD", KEY))


async def test_a_bucket_that_is_gone_is_not_taken_for_an_object_that_is_not_there() -> None:
    """HEAD is answered without a code."""
    async with scripted(answer(404), error(404, "NoSuchBucket")) as store:
        with pytest.raises(StoreRefused):
            await ask(store, Request("HEAD", KEY))


async def test_connections_are_used_again_and_replaced_where_they_were_closed() -> None:
    async with scripted(answer(200), answer(200), answer(200, close=True), answer(200)) as store:
        client = S3Client(store.described)
        for _ in range(4):
            await client.ask(Request("GET", KEY))
        await client.close()
    assert store.connections == 2


async def test_an_early_answer_is_the_answer_though_the_body_is_not_taken() -> None:
    async def many(size_bytes: int):  # type: ignore[no-untyped-def]
        for _ in range(size_bytes >> 20):
            yield b"x" * (1 << 20)

    size_bytes = 64 << 20
    body = connection.Body(size_bytes, hashlib.sha256(b"").hexdigest(), lambda: many(size_bytes))
    async with scripted(error(403, "AccessDenied"), reads_bodies=False) as store:
        with pytest.raises(StoreRefused):
            await ask(store, Request("PUT", KEY, body=body))


async def test_an_error_behind_a_200_is_an_error() -> None:
    async with scripted(answer(200, b"<Error><Code>InternalError</Code></Error>"), answer(200, b"<Ok/>")) as store:
        assert await ask(store, Request("PUT", KEY)) == b"<Ok/>"


async def test_an_answer_without_an_end_is_not_kept() -> None:
    async with scripted(answer(200, b"x" * (9 << 20))) as store:
        with pytest.raises(StoreRefused, match="away"):
            await ask(store)


def ranges(content: bytes, cut: Callable[[int], int]) -> Step:
    """Serves HEAD and ranges of the content, of which only `cut` bytes come."""
    served = 0

    def step(asked: Asked) -> bytes:
        nonlocal served
        if asked.verb == "HEAD":
            return answer(200, content_length=str(len(content)))(asked)
        first, last = map(int, asked.headers["range"].removeprefix("bytes=").split("-"))
        whole = content[first : last + 1]
        served += 1
        sent = whole[: cut(served)]
        return answer(206, sent, content_length=str(len(whole)), close=len(sent) < len(whole))(asked)

    return step


async def read(store: Scripted, folder: Path) -> bytes:
    blobs = S3Blobs(store.described, "objects", folder)
    try:
        blob = await blobs.open(BLOB)
        try:
            return b"".join([chunk async for chunk in blob.chunks(0, blob.size_bytes, 1000)])
        finally:
            await blob.close()
    finally:
        await blobs.close()


async def test_a_download_goes_on_where_its_connection_broke_off(tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    async with scripted(ranges(content, lambda _: 3000)) as store:
        assert await read(store, tmp_path) == content
    assert store.asked[2].headers["range"] == f"bytes=3000-{len(content) - 1}"


async def test_a_download_that_gets_nothing_more_ends(tmp_path: Path) -> None:
    async with scripted(ranges(b"x" * 5000, lambda number: 1000 if number == 1 else 0)) as store:
        with pytest.raises(StoreUnreachable):
            await read(store, tmp_path)


async def test_a_store_that_does_not_know_ranges_is_not_believed(tmp_path: Path) -> None:
    async with scripted(answer(200, b"x" * 10)) as store:
        with pytest.raises(StoreUnreachable):
            await read(store, tmp_path)


async def test_a_blob_that_is_shorter_than_wanted_is_an_error(tmp_path: Path) -> None:
    async with scripted(ranges(b"x" * 10, lambda _: 10)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        blob = await blobs.open(BLOB)
        with pytest.raises(EOFError):
            [chunk async for chunk in blob.chunks(5, 10, 100)]
        await blob.close()
        await blobs.close()


async def test_in_a_store_of_another_platform_nothing_is_written_or_removed(tmp_path: Path) -> None:
    async with scripted(owner("another one")) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to(OWNED)
        for work in (blobs.create(), blobs.delete(BLOB), blobs.set_aside(BLOB), blobs.copy(BLOB)):
            with pytest.raises(StoreRefused):
                await work
        assert "portico stores claim away" in blobs.problem
        assert {asked.verb for asked in store.asked} == {"HEAD", "GET"}
        await blobs.close()


async def test_before_anybody_says_whose_it_is_nothing_is_written(tmp_path: Path) -> None:
    async with scripted(owner("")) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        with pytest.raises(StoreRefused):
            await blobs.create()
        assert store.asked == []
        await blobs.close()


@pytest.mark.parametrize("owned_by", ["", "another one"])
async def test_what_is_nobody_s_is_claimed_and_what_is_to_be_taken_over_too(tmp_path: Path, owned_by: str) -> None:
    marks = [owned_by]
    async with scripted(marked(marks)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to(OWNED)
        if owned_by:
            claim(tmp_path)
        await blobs.check_owner()
        assert marks[-1].startswith(f"{OWNED} ")
        assert not (tmp_path / "claims" / "away").exists()
        assert {"if-none-match" in asked.headers for asked in store.asked if asked.verb == "PUT"} == {not owned_by}
        await blobs.close()


@pytest.mark.parametrize(("has_bytes", "there"), [(True, ()), (False, ("0" * 32,))])
async def test_a_store_without_a_mark_that_has_bytes_is_not_taken_without_a_word(
    tmp_path: Path, has_bytes: bool, there: tuple[str, ...]
) -> None:
    """Whether rows tell of them, or the store."""
    marks = [""]
    async with scripted(marked(marks, *there)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to(OWNED, has_bytes=has_bytes)
        for work in (blobs.create(), blobs.delete(BLOB), blobs.set_aside(BLOB)):
            with pytest.raises(StoreRefused):
                await work
        assert marks == [""]
        assert "no owner's mark" in blobs.problem
        assert "portico stores claim away" in blobs.problem
        claim(tmp_path)
        await blobs.check_owner()
        assert marks[-1].startswith(f"{OWNED} ")
        assert blobs.problem == ""
        await blobs.close()


def claim(folder: Path) -> None:
    (folder / "claims").mkdir()
    (folder / "claims" / "away").touch()


async def test_a_mark_that_is_gone_meanwhile_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "_CHECKED_SECONDS", 0.0)
    marks = [""]
    async with scripted(marked(marks)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to(OWNED)
        await blobs.check_owner()
        marks.append("")
        with pytest.raises(StoreRefused):
            await blobs.check_owner()
        assert marks[-1] == ""
        await blobs.close()


async def test_what_is_missing_in_a_store_without_its_mark_is_not_lost(tmp_path: Path) -> None:
    """Another bucket, or an empty one, stands where the store was: nothing is to be put again or restored for that."""
    marks = [""]
    mark = marked(marks)
    async with scripted(lambda asked: answer(404)(asked) if asked.verb == "HEAD" else mark(asked)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        await blobs.belong_to(OWNED, has_bytes=True)
        with pytest.raises(StoreRefused):
            await blobs.open(BLOB)
        assert "no owner's mark" in blobs.problem
        claim(tmp_path)
        await blobs.check_owner()
        with pytest.raises(FileNotFoundError):
            await blobs.open(BLOB)
        await blobs.close()


async def test_a_look_tells_whose_a_store_is_and_writes_nothing(tmp_path: Path) -> None:
    marks = [""]
    async with scripted(marked(marks)) as store:
        blobs = S3Blobs(store.described, "objects", tmp_path)
        assert not await blobs.look()
        await blobs.belong_to(OWNED)
        assert await blobs.look()
        assert blobs.problem == ""
        marks.append("another one")
        assert await blobs.look()
        assert "belongs to another platform" in blobs.problem
        assert {asked.verb for asked in store.asked} == {"HEAD", "GET"}
        await blobs.close()


async def test_the_operator_s_look_knows_whose_a_store_is(tmp_path: Path) -> None:
    async def looked(marks: list[str], *there: str, has_bytes: bool = False) -> Looked:
        async with scripted(versions_of(marked(marks, *there))) as store:
            return await look(store.described, "objects", tmp_path, has_bytes=has_bytes)

    assert (await looked([""])) == Looked("away", "objects")
    assert "another platform" in (await looked(["theirs 1234"])).problem, "this one has not even started"
    (tmp_path / "folder").write_text("abcd")
    assert (await looked(["ours abcd"])) == Looked("away", "objects", owner="ours abcd", is_ours=True)
    assert "portico stores claim away" in (await looked(["ours 1234"])).problem
    assert "no owner's mark, though there are blobs in it" in (await looked([""], "0" * 32)).problem
    assert "no owner's mark, though this platform's database" in (await looked([""], has_bytes=True)).problem
    claim(tmp_path)
    assert (await looked(["ours 1234"])) == Looked("away", "objects", owner="ours 1234")


def versions_of(step: Step) -> Step:
    """The same of a bucket that keeps none."""
    return lambda asked: (answer(200, b"<X/>") if "versioning" in asked.target else step)(asked)


async def test_two_platforms_of_one_database_are_not_the_same_owner(tmp_path: Path) -> None:
    """One of them was restored from a backup of the other."""
    async with scripted(marked([""])) as store:
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            blobs = S3Blobs(store.described, "objects", tmp_path / name)
            await blobs.belong_to(OWNED)
            if name == "one":
                await blobs.check_owner()
            else:
                with pytest.raises(StoreRefused):
                    await blobs.check_owner()
            await blobs.close()
