"""Digests that are asked for, that come last, that are only verified."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from google.api.httpbody_pb2 import HttpBody

from portico.objects.v1 import objects_pb2
from portico_server.objects import errors
from tests.contract.objects.stand import BUCKET, Stand, keys

SMALL, LARGE = b"123456789", os.urandom(3_000_001)
SIZES = pytest.mark.parametrize("data", [SMALL, LARGE], ids=["small", "large"])


def digests(data: bytes) -> dict[str, bytes]:
    return {
        "sha1": hashlib.sha1(data).digest(),
        "sha256": hashlib.sha256(data).digest(),
        "crc32": zlib.crc32(data).to_bytes(4, "big"),
    }


async def put(stand: Stand, data: bytes, last: objects_pb2.PutObjectRequest, **first: Any) -> objects_pb2.Object:
    async def messages() -> AsyncIterator[objects_pb2.PutObjectRequest]:
        yield objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/k", data=HttpBody(data=data[:1000]), **first)
        yield objects_pb2.PutObjectRequest(data=HttpBody(data=data[1000:]))
        yield last

    return await stand.put_messages(messages())


def checksums(**given: bytes) -> objects_pb2.PutObjectRequest:
    return objects_pb2.PutObjectRequest(checksums=objects_pb2.Checksums(**given))


@SIZES
async def test_digests_that_are_asked_for_are_made_and_kept(stand: Stand, data: bytes) -> None:
    asked = ["CHECKSUM_ALGORITHM_SHA1", "CHECKSUM_ALGORITHM_SHA256", "CHECKSUM_ALGORITHM_CRC32"]
    await stand.put("k", data, checksum_algorithms=asked)
    kept = (await stand.head("k")).checksums
    assert {name: getattr(kept, name) for name in digests(data)} == digests(data)


async def test_every_object_has_a_crc_64_though_nobody_asked(stand: Stand) -> None:
    assert (await stand.put("k", SMALL)).checksums.crc64nvme == bytes.fromhex("ae8b14860a799888")


@SIZES
async def test_an_announced_digest_may_come_last(stand: Stand, data: bytes) -> None:
    first = {"checksum_algorithms": ["CHECKSUM_ALGORITHM_SHA256"]}
    stored = await put(stand, data, checksums(sha256=digests(data)["sha256"]), **first)
    assert stored.checksums.sha256 == digests(data)["sha256"]
    with pytest.raises(errors.BadDigest) as refused:
        await put(stand, data + b"!", checksums(sha256=digests(data)["sha256"]), **first)
    assert refused.value.field == "checksums.sha256"
    assert await stand.get("k") == data


async def test_one_that_was_not_announced_is_refused_and_says_what_to_do(stand: Stand) -> None:
    with pytest.raises(errors.InvalidField, match="name it in checksum_algorithms") as refused:
        await put(stand, SMALL, checksums(sha1=digests(SMALL)["sha1"]))
    assert refused.value.field == "checksums.sha1"
    assert keys(await stand.list()) == []


async def test_digests_come_first_or_last_and_not_between(stand: Stand) -> None:
    async def messages() -> AsyncIterator[objects_pb2.PutObjectRequest]:
        yield objects_pb2.PutObjectRequest(name=f"{BUCKET}/objects/k", checksum_algorithms=["CHECKSUM_ALGORITHM_SHA1"])
        yield checksums(sha1=digests(SMALL)["sha1"])
        yield objects_pb2.PutObjectRequest(data=HttpBody(data=SMALL))

    with pytest.raises(errors.InvalidField, match="or the last"):
        await stand.put_messages(messages())


@SIZES
async def test_the_sha_256_of_a_signature_is_verified_and_not_kept(stand: Stand, data: bytes) -> None:
    stored = await stand.put("k", data, content_sha256=digests(data)["sha256"])
    assert not stored.checksums.sha256
    with pytest.raises(errors.BadDigest) as refused:
        await stand.put("other", data, content_sha256=bytes(32))
    assert refused.value.field == "content_sha256"
    assert keys(await stand.list()) == ["k"]


async def test_it_is_kept_where_it_is_also_asked_for(stand: Stand) -> None:
    sha256 = digests(SMALL)["sha256"]
    asked = {"content_sha256": sha256, "checksum_algorithms": ["CHECKSUM_ALGORITHM_SHA256"]}
    assert (await stand.put("k", SMALL, **asked)).checksums.sha256 == sha256


@SIZES
async def test_a_copy_has_its_sources_digests_and_those_that_are_asked_for(stand: Stand, data: bytes) -> None:
    source = await stand.put("source", data, checksum_algorithms=["CHECKSUM_ALGORITHM_CRC32"])
    copy = await stand.copy("source", "copy", checksum_algorithms=["CHECKSUM_ALGORITHM_SHA1"])
    expected = objects_pb2.Checksums(sha1=digests(data)["sha1"])
    expected.MergeFrom(source.checksums)
    assert copy.checksums == expected


async def test_of_a_file_that_was_cut_short_no_digest_is_made(stand: Stand) -> None:
    await stand.put("source", LARGE)
    for path in stand.files():
        path.write_bytes(LARGE[:1000])
    with pytest.raises(errors.ObjectDamaged):
        await stand.copy("source", "copy", checksum_algorithms=["CHECKSUM_ALGORITHM_SHA1"])
