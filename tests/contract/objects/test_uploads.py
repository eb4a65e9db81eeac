"""Objects put in parts."""

from __future__ import annotations

import asyncio
import hashlib
import os
from typing import Any

import pytest

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico.objects.v1.uploads_pb2 import CompleteMultipartUploadRequest
from portico_server.objects import errors
from portico_server.objects.content.checksums import Hasher
from portico_server.objects.uploads import uploads
from tests.contract.objects.parts import SMALL, etag_of, nothing_is_left
from tests.contract.objects.stand import BUCKET, Stand, keys

MIB = 1 << 20


async def test_an_object_is_what_its_parts_are_in_the_order_of_their_numbers(stand: Stand) -> None:
    parts = [os.urandom(5 * MIB), os.urandom(5 * MIB + 77_777), os.urandom(3)]
    metadata = objects_pb2.ObjectMetadata(content_type="text/plain", custom={"colour": "blue"})
    upload = await stand.create_upload("k", metadata=metadata, tags={"a": "b"})
    for number in (9, 2, 700):  # in any order
        place = sorted((9, 2, 700)).index(number)
        part = await stand.upload_part("k", upload, number, parts[place])
        assert (part.number, part.size_bytes, part.etag) == (
            number,
            len(parts[place]),
            hashlib.md5(parts[place]).hexdigest(),
        )
    with pytest.raises(errors.ObjectNotFound):
        await stand.head("k")
    assert not (await stand.list()).objects
    made = await stand.complete("k", upload, [2, 9, 700])
    whole = b"".join(parts)
    hasher = Hasher()
    hasher.update(whole)
    assert (made.etag, made.size_bytes, made.parts_count) == (etag_of(parts), len(whole), 3)
    assert made.checksums.crc64nvme == hasher.digests()["crc64nvme"]
    assert made.checksums.type == objects_pb2.CHECKSUM_TYPE_FULL_OBJECT
    assert made.metadata == metadata
    assert made == await stand.head("k")
    assert await stand.get("k") == whole
    assert keys(await stand.list()) == ["k"]
    assert not (await stand.list_uploads()).uploads


async def test_parts_may_be_held_to_the_uploads_algorithm(stand: Stand) -> None:
    held: dict[str, Any] = {"only_upload_algorithm": True}
    sha1 = objects_pb2.Checksums(sha1=hashlib.sha1(b"bytes").digest(), md5=hashlib.md5(b"bytes").digest())
    chosen = await stand.create_upload("k", checksum_algorithm=objects_pb2.CHECKSUM_ALGORITHM_SHA256)
    for given in ({"checksums": sha1}, {"checksum_algorithms": [objects_pb2.CHECKSUM_ALGORITHM_CRC32]}, {}):
        with pytest.raises(errors.InvalidField) as refused:
            await stand.upload_part("k", chosen, 1, b"bytes", **held, **given)
        assert refused.value.field == "checksums"
    sha256 = objects_pb2.Checksums(sha256=hashlib.sha256(b"bytes").digest())
    await stand.upload_part("k", chosen, 1, b"bytes", **held, checksums=sha256)
    await stand.upload_part("k", chosen, 2, b"bytes", checksums=sha1)
    usual = await stand.create_upload("k")
    await stand.upload_part("k", usual, 1, b"bytes", **held, checksums=sha1)
    whole = await stand.create_upload(
        "k",
        checksum_algorithm=objects_pb2.CHECKSUM_ALGORITHM_CRC32C,
        checksum_type=objects_pb2.CHECKSUM_TYPE_FULL_OBJECT,
    )
    assert (await stand.upload_part("k", whole, 1, b"bytes", **held)).checksums.crc32c


async def test_a_part_replaces_an_earlier_one_of_its_number(stand: Stand) -> None:
    upload = await stand.create_upload("k")
    for data in (bytes(20_000), b"small", bytes(30_000), os.urandom(40_000)):
        await stand.upload_part("k", upload, 1, data)
    await stand.collect()
    assert len(stand.files()) == 1
    assert await stand.usage() == (0, 40_000)
    await stand.complete("k", upload, [1])
    assert await stand.get("k") == data
    await stand.collect()
    assert await stand.usage() == (1, 40_000)


async def test_parts_that_are_not_named_are_left_out_and_freed(stand: Stand, small_parts: None) -> None:
    upload = await stand.create_upload("k")
    for number in range(1, 8):
        await stand.upload_part("k", upload, number, b"%d" % number * 20_000)
    await stand.complete("k", upload, [2, 5])
    assert await stand.get("k") == b"2" * 20_000 + b"5" * 20_000
    assert [part.number for part in (await stand.list_object_parts("k")).parts] == [2, 5]
    await stand.collect()
    assert len(stand.files()) == 2
    assert await stand.usage() == (1, 40_000)


async def test_an_aborted_upload_leaves_nothing(stand: Stand) -> None:
    upload = await stand.create_upload("k")
    await stand.upload_part("k", upload, 1, bytes(20_000))
    await stand.upload_part("k", upload, 2, b"small")
    await stand.collect()
    assert await stand.usage() == (0, 20_005)
    await stand.abort("k", upload)
    for gone in (
        stand.upload_part("k", upload, 1, b"bytes"),
        stand.complete("k", upload, [1]),
        stand.abort("k", upload),
        stand.list_parts("k", upload),
        stand.copy_part("k", upload, 1, "other"),
    ):
        with pytest.raises(errors.UploadNotFound):
            await gone
    await stand.collect()
    assert await nothing_is_left(stand)


async def test_a_completion_that_was_answered_is_answered_again(stand: Stand, small_parts: None) -> None:
    upload = await stand.create_upload("k")
    await stand.upload_part("k", upload, 1, b"bytes")
    made = await stand.complete("k", upload, [1])
    assert await stand.complete("k", upload, [1]) == made
    assert await stand.complete("k", upload, [(1, f'"{hashlib.md5(b"bytes").hexdigest()}"')]) == made
    await stand.put("k", b"others")
    with pytest.raises(errors.UploadNotFound):
        await stand.complete("k", upload, [1])


async def test_a_completion_of_other_parts_finds_no_upload_any_more(stand: Stand, small_parts: None) -> None:
    """It would be told that the object is what it is not."""
    upload = await stand.create_upload("k")
    for number in (1, 2, 3):
        await stand.upload_part("k", upload, number, b"%d" % number)
    made = await stand.complete("k", upload, [1, 3])
    part = CompleteMultipartUploadRequest.Part
    wrong = objects_pb2.Checksums(crc64nvme=bytes(8))
    for other in ([1], [1, 2, 3], [1, 2], [3, 1], [1, (3, "0" * 32)], [1, part(number=3, checksums=wrong)]):
        with pytest.raises(errors.UploadNotFound):
            await stand.complete("k", upload, other)
    assert await stand.complete("k", upload, [1, 3]) == made
    assert await stand.get("k") == b"13"


async def test_a_completion_is_refused_for_what_is_wrong_with_its_parts(stand: Stand) -> None:
    upload = await stand.create_upload("k")
    large = os.urandom(5 * MIB)
    first = await stand.upload_part("k", upload, 1, large)
    await stand.upload_part("k", upload, 2, b"small")
    await stand.upload_part("k", upload, 3, b"last")
    part = CompleteMultipartUploadRequest.Part
    wrong = objects_pb2.Checksums(crc64nvme=bytes(8))
    for refused, error in (
        ([2, 1], errors.InvalidPartOrder),
        ([1, 1], errors.InvalidPartOrder),
        ([1, 4], errors.InvalidPart),
        ([(1, "0" * 32)], errors.InvalidPart),
        ([part(number=1, checksums=wrong)], errors.InvalidPart),
        ([part(number=1, checksums=objects_pb2.Checksums(sha1=bytes(20)))], errors.InvalidPart),
        ([2, 3], errors.PartTooSmall),
        ([1, 2, 3], errors.PartTooSmall),
    ):
        with pytest.raises(error):
            await stand.complete("k", upload, refused)
    with pytest.raises(errors.BadDigest):
        await stand.complete("k", upload, [1, 2], size_bytes=1)
    with pytest.raises(errors.BadDigest):
        await stand.complete("k", upload, [1, 2], checksums=wrong)
    with pytest.raises(errors.InvalidField):
        await stand.complete("k", upload, [1, 2], checksums=objects_pb2.Checksums(sha1=bytes(20)))
    named = [(1, f'"{first.etag.upper()}"'), part(number=2)]
    await stand.complete("k", upload, named, size_bytes=len(large) + 5)
    assert await stand.get("k") == large + b"small"


async def test_a_completion_whose_condition_fails_leaves_the_upload(stand: Stand) -> None:
    await stand.put("k", b"there")
    upload = await stand.create_upload("k")
    await stand.upload_part("k", upload, 1, b"bytes")
    with pytest.raises(errors.ObjectExists):
        await stand.complete("k", upload, [1], conditions=objects_pb2.Conditions(if_none_match=["*"]))
    assert await stand.get("k") == b"there"
    etag = (await stand.head("k")).etag
    await stand.complete("k", upload, [1], conditions=objects_pb2.Conditions(if_match=[etag]))
    assert await stand.get("k") == b"bytes"


ALGORITHMS = ("sha1", "sha256", "crc32", "crc32c", "crc64nvme")


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", [0, objects_pb2.CHECKSUM_TYPE_FULL_OBJECT, objects_pb2.CHECKSUM_TYPE_COMPOSITE])
async def test_the_digest_is_that_of_the_object_or_of_its_parts_digests(
    stand: Stand, small_parts: None, algorithm: str, kind: objects_pb2.ChecksumType
) -> None:
    def digest(data: bytes) -> bytes:
        hasher = Hasher([algorithm])
        hasher.update(data)
        return hasher.digests()[algorithm]

    number = objects_pb2.ChecksumAlgorithm.Value(f"CHECKSUM_ALGORITHM_{algorithm.upper()}")
    is_sha = algorithm.startswith("sha")
    whole = (objects_pb2.CHECKSUM_TYPE_FULL_OBJECT, algorithm)
    if (is_sha and kind == objects_pb2.CHECKSUM_TYPE_FULL_OBJECT) or (
        algorithm == "crc64nvme" and kind == objects_pb2.CHECKSUM_TYPE_COMPOSITE
    ):
        with pytest.raises(errors.InvalidField):
            await stand.create_upload("k", checksum_algorithm=number, checksum_type=kind)
        return
    upload = await stand.create_upload("k", checksum_algorithm=number, checksum_type=kind)
    named = []
    for place, data in enumerate(SMALL, 1):
        part = await stand.upload_part("k", upload, place, data)
        assert getattr(part.checksums, algorithm) == digest(data)
        named.append(CompleteMultipartUploadRequest.Part(number=place, checksums=part.checksums))
    made = await stand.complete("k", upload, named)
    kind = kind or (objects_pb2.CHECKSUM_TYPE_COMPOSITE if is_sha else whole[0])
    expected = b"".join(SMALL) if kind == whole[0] else b"".join(map(digest, SMALL))
    assert made.checksums == objects_pb2.Checksums(type=kind, **{algorithm: digest(expected)})


async def test_a_part_with_a_wrong_digest_is_not_kept(stand: Stand) -> None:
    upload = await stand.create_upload("k")
    for wrong in (
        {"checksums": objects_pb2.Checksums(md5=bytes(16))},
        {"content_sha256": bytes(32)},
        {"size_bytes": 5},
    ):
        with pytest.raises(errors.BadDigest):
            await stand.upload_part("k", upload, 1, bytes(20_000), **wrong)
    assert not (await stand.list_parts("k", upload)).parts
    assert not stand.files()


async def test_a_part_is_copied_from_an_object_or_a_range_of_it(stand: Stand, small_parts: None) -> None:
    data = os.urandom(100_000)
    put = await stand.put("source", data)
    await stand.put("small", b"small")
    await stand.put_in_parts("parts", SMALL)
    upload = await stand.create_upload("k")
    whole = await stand.copy_part("k", upload, 1, "source")
    assert whole.etag == put.etag
    await stand.copy_part("k", upload, 2, "source", source_offset_bytes=7, source_limit_bytes=50_000)
    await stand.copy_part("k", upload, 3, "small")
    await stand.copy_part("k", upload, 4, "parts")
    await stand.copy_part("k", upload, 5, "parts", source_offset_bytes=29_000, source_limit_bytes=2_000)
    with pytest.raises(errors.ObjectNotFound):
        await stand.copy_part("k", upload, 6, "nothing")
    with pytest.raises(errors.EtagMismatch):
        await stand.copy_part("k", upload, 6, "small", source_conditions=objects_pb2.Conditions(if_match=["other"]))
    with pytest.raises(errors.InvalidRange, match="beyond the source's end"):
        await stand.copy_part("k", upload, 6, "small", source_offset_bytes=1, source_limit_bytes=5)
    for key in ("source", "small", "parts"):
        await stand.delete(key)
    await stand.collect()
    made = await stand.complete("k", upload, range(1, 6))
    joined = b"".join(SMALL)
    assert await stand.get("k") == data + data[7:50_007] + b"small" + joined + joined[29_000:31_000]
    hasher = Hasher()
    hasher.update(await stand.get("k"))
    assert made.checksums.crc64nvme == hasher.digests()["crc64nvme"]


async def test_parts_race_with_one_another_and_with_the_end_of_their_upload(stand: Stand, small_parts: None) -> None:
    for ending in ("complete", "abort") * 4:
        upload = await stand.create_upload("k")
        await stand.upload_part("k", upload, 1, bytes(20_000))

        async def end(upload: str = upload, ending: str = ending) -> None:
            await asyncio.sleep(0.002)
            await (stand.complete("k", upload, [1]) if ending == "complete" else stand.abort("k", upload))

        outcomes = await asyncio.gather(
            *(stand.upload_part("k", upload, 1 + number % 3, os.urandom(20_000 + number)) for number in range(12)),
            end(),
            end(),
            return_exceptions=True,
        )
        unexpected = [
            one for one in outcomes if isinstance(one, Exception) and not isinstance(one, errors.UploadNotFound)
        ]
        assert not unexpected
        await stand.collect()
        if ending == "complete":
            assert len(await stand.get("k")) == (await stand.head("k")).size_bytes
            assert len(stand.files()) == 1
            assert await stand.usage() == (1, (await stand.head("k")).size_bytes)
            await stand.delete("k")
            await stand.collect()
        assert await nothing_is_left(stand)


async def test_stale_uploads_and_those_of_deleted_buckets_are_aborted(stand: Stand) -> None:
    upload = await stand.create_upload("k")
    await stand.upload_part("k", upload, 1, bytes(20_000))
    stand.clock.pass_seconds(6 * 24 * 3600)
    later = await stand.create_upload("later")
    await stand.run_job("objects.uploads")
    assert len((await stand.list_uploads()).uploads) == 2
    stand.clock.pass_seconds(24 * 3600)
    await stand.run_job("objects.uploads")
    assert [one.upload_id for one in (await stand.list_uploads()).uploads] == [later]
    await stand.upload_part("later", later, 1, bytes(20_000))
    await stand.delete_bucket()
    await stand.create_bucket()
    assert not (await stand.list_uploads()).uploads
    with pytest.raises(errors.UploadNotFound):
        await stand.upload_part("later", later, 1, bytes(20_000))
    await stand.run_job("objects.uploads")
    await stand.collect()
    assert await nothing_is_left(stand)


async def test_a_rule_of_the_bucket_says_when_an_upload_is_aborted(stand: Stand) -> None:
    rules = [
        buckets_pb2.LifecycleRule(
            id=f"{prefix}{days}",
            enabled=True,
            filter=buckets_pb2.LifecycleRule.Filter(prefix=prefix),
            abort_uploads_after_days=days,
        )
        for prefix, days in (("soon/", 1), ("late/", 30))
    ]
    await stand.update_bucket(lifecycle_rules=rules)
    for key in ("soon/a", "late/a", "other"):
        await stand.create_upload(key)
    left, passed = {}, 0
    for days in (1, 3, 8, 31):
        stand.clock.pass_seconds(24 * 3600 * (days - passed))
        passed = days
        await stand.run_job("objects.uploads")
        left[days] = [one.name.partition("/objects/")[2] for one in (await stand.list_uploads()).uploads]
    assert left == {1: ["late/a", "other", "soon/a"], 3: ["late/a", "other"], 8: ["late/a"], 31: []}


async def test_an_upload_needs_a_bucket(stand: Stand) -> None:
    other = f"{BUCKET}-other"
    with pytest.raises(errors.BucketNotFound):
        await stand.create_upload("k", other)
    with pytest.raises(errors.BucketNotFound):
        await stand.upload_part("k", "0" * 32, 1, b"bytes", other)
    with pytest.raises(errors.BucketNotFound):
        await stand.list_uploads(other)
    with pytest.raises(errors.UploadNotFound):
        await stand.upload_part("k", "0" * 32, 1, b"bytes")


async def test_an_upload_serves_the_object_alone_for_which_it_was_begun(stand: Stand) -> None:
    upload = await stand.create_upload("mine")
    await stand.create_bucket(f"{BUCKET}-other")
    for key, bucket in (("yours", BUCKET), ("mine", f"{BUCKET}-other")):
        for refused in (
            stand.upload_part(key, upload, 1, b"bytes", bucket),
            stand.list_parts(key, upload, bucket),
            stand.complete(key, upload, [1], bucket),
            stand.abort(key, upload, bucket),
        ):
            with pytest.raises(errors.UploadNotFound):
                await refused


async def test_a_bucket_has_only_so_many_uploads(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MAX_UPLOADS", 2)
    first = await stand.create_upload("k")
    await stand.create_upload("k")
    with pytest.raises(errors.TooManyUploads):
        await stand.create_upload("other")
    await stand.abort("k", first)
    await stand.create_upload("other")


async def test_uploads_are_listed_by_key_and_grouped(stand: Stand) -> None:
    made = [(key, await stand.create_upload(key)) for key in ("a/1", "a/2", "b", "a/1", "c/1", "c/2", "d")]
    expected = sorted(made, key=lambda one: one[0])  # the sort is stable: those of a key in the order of their begin

    async def listed(**request: Any) -> tuple[list[tuple[str, str]], list[str]]:
        found: list[tuple[str, str]] = []
        prefixes: list[str] = []
        token = ""
        while True:
            page = await stand.list_uploads(page_token=token, **request)
            assert len(page.uploads) + len(page.prefixes) <= request.get("page_size", 1000)
            found += [(one.name.partition("/objects/")[2], one.upload_id) for one in page.uploads]
            prefixes += page.prefixes
            token = page.next_page_token
            if not token:
                return found, prefixes

    for size in (1, 2, 3, 1000):
        assert await listed(page_size=size) == (expected, [])
        assert await listed(page_size=size, prefix="a/") == (expected[:3], [])
        assert await listed(page_size=size, delimiter="/") == ([expected[3], expected[6]], ["a/", "c/"])
        behind = {"start_after": "a/1", "start_after_upload_id": expected[0][1]}
        assert await listed(page_size=size, **behind) == (expected[1:], [])
        assert await listed(page_size=size, start_after="a/1") == (expected[2:], [])
        behind_all = {"delimiter": "/", "start_behind_prefix": True}
        for start in ({"start_after": "a/"}, {"start_after": "a/1"}, behind):
            assert await listed(page_size=size, **start, **behind_all) == ([expected[3], expected[6]], ["c/"])
