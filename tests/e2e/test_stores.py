"""A platform whose bytes are in another platform's S3 door, through its gateway: they are whole, or it is told."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from botocore.exceptions import ClientError
from google.rpc import error_details_pb2, status_pb2

from portico.objects.v1 import buckets_pb2, objects_pb2_grpc
from portico_server.platform.blobs.interface import LOCAL, Store
from portico_server.platform.blobs.stores import S3Store
from tests.e2e.calls import ACCOUNT, Objects, failure_of, puts, unique
from tests.e2e.s3.conftest import door_of
from tests.harness import RunningPlatform, running_platform
from tests.harness.stores import describe, store_in
from tests.harness.waiting import wait_until
from tests.unit.cli.conftest import Portico, portico

__all__ = ["portico"]

PART_BYTES = 5 << 20
LARGE = random.Random(13).randbytes(3 * PART_BYTES + 17)
AWAY, EUROPE = Store("away", "weur"), Store("europe", "weur", "eu")


@dataclass
class World:
    """The platform with the bytes, and the one whose bytes they are; `described` is the former for the latter."""

    elsewhere: RunningPlatform
    platform: RunningPlatform
    described: S3Store


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("stores")
    with running_platform(folder / "elsewhere") as elsewhere:
        described = store_in(elsewhere, "bytes", AWAY, "one/")
        europe = replace(described, store=EUROPE, prefix="europe/")
        describe(folder / "platform" / "data", described, europe, default="away", local=Store(LOCAL, "enam", "us"))
        with running_platform(folder / "platform") as platform:
            yield World(elsewhere, platform, described)


@pytest.fixture(scope="module")
def objects(world: World) -> Iterator[Objects]:
    with world.platform.channel() as channel:
        yield Objects(channel)


def keys_in_store(world: World, below: str) -> list[str]:
    client = door_of(world.elsewhere).client()
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="bytes", Prefix=below)
    return [found["Key"] for page in pages for found in page.get("Contents", ())]


def test_what_is_put_is_in_the_store_and_read_whole_and_in_ranges(world: World, objects: Objects) -> None:
    name = f"{objects.make_bucket()}/objects/large"
    before = keys_in_store(world, "one/objects/blobs/")
    objects.put(name, LARGE)
    assert len(keys_in_store(world, "one/objects/blobs/")) == len(before) + 1
    assert objects.get(name) == LARGE
    assert objects.get(name, offset_bytes=PART_BYTES - 5, limit_bytes=10) == LARGE[PART_BYTES - 5 : PART_BYTES + 5]
    assert world.platform.http("GET", f"/v1/{name}").body == LARGE


def test_s3_s_clients_notice_nothing(world: World) -> None:
    client, bucket = door_of(world.platform).client(), unique()
    client.create_bucket(Bucket=bucket)
    upload = client.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    parts = []
    for number, start in enumerate(range(0, len(LARGE), PART_BYTES), 1):
        sent = client.upload_part(**named, PartNumber=number, Body=LARGE[start : start + PART_BYTES])
        parts.append({"PartNumber": number, "ETag": sent["ETag"]})
    client.complete_multipart_upload(**named, MultipartUpload={"Parts": parts})
    client.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    client.delete_object(Bucket=bucket, Key="k")
    assert client.get_object(Bucket=bucket, Key="copy")["Body"].read() == LARGE
    ranged = client.get_object(Bucket=bucket, Key="copy", Range=f"bytes={PART_BYTES - 1}-{PART_BYTES}")["Body"].read()
    assert ranged == LARGE[PART_BYTES - 1 : PART_BYTES + 1]


def test_a_jurisdiction_holds_for_every_byte(world: World, objects: Objects) -> None:
    bucket = objects.make_bucket(jurisdiction="eu")
    plain = f"{objects.make_bucket()}/objects/small"
    before = len(keys_in_store(world, "europe/objects/blobs/"))
    objects.put(plain, b"small")
    objects.put(f"{bucket}/objects/small", b"small")
    objects.put(f"{bucket}/objects/large", LARGE)
    assert len(keys_in_store(world, "europe/objects/blobs/")) == before + 2
    assert objects.get(f"{bucket}/objects/small") == b"small"
    assert objects.get(f"{bucket}/objects/large") == LARGE


def test_a_jurisdiction_without_a_store_is_refused(world: World, objects: Objects) -> None:
    refused = failure_of(lambda: objects.make_bucket(jurisdiction="ap"))
    assert (refused.code, refused.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "JURISDICTION_UNAVAILABLE")
    assert refused.fields == ["bucket.jurisdiction"]
    assert refused.info.metadata["jurisdictions"] == "eu, us"
    path = f"/v1/accounts/default/buckets?bucketId={unique()}"
    answer = world.platform.http("POST", path, json_body={"jurisdiction": "ap"})
    assert (answer.status, answer.json()["details"][0]["reason"]) == (400, "JURISDICTION_UNAVAILABLE")


def test_a_location_constraint_of_s3_names_a_jurisdiction_that_holds_or_a_location(
    world: World, objects: Objects
) -> None:
    door = door_of(world.platform)
    for wanted, location, jurisdiction, store in (
        ("EU", "", "eu", "europe"),
        ("weur", "weur", "", "away"),
        ("us-east-1", "", "", "away"),
    ):
        bucket = unique()
        door.client().create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": wanted})
        request = buckets_pb2.GetBucketRequest(name=f"{ACCOUNT}/buckets/{bucket}")
        found = objects.buckets.GetBucket(request, timeout=30).bucket
        assert (found.location_hint, found.jurisdiction, found.placement.store) == (location, jurisdiction, store)
    before = len(keys_in_store(world, "europe/objects/blobs/"))
    client, bucket = door.client(), unique()
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu"})
    client.put_object(Bucket=bucket, Key="small", Body=b"small")
    assert len(keys_in_store(world, "europe/objects/blobs/")) == before + 1
    with pytest.raises(ClientError) as refused:
        client.create_bucket(Bucket=unique(), CreateBucketConfiguration={"LocationConstraint": "ue"})
    assert refused.value.response["Error"]["Code"] == "InvalidLocationConstraint"
    assert "a jurisdiction (eu, us) or a location (enam, weur)" in refused.value.response["Error"]["Message"]


def test_what_was_acknowledged_before_a_kill_is_there_and_whole(world: World, objects: Objects) -> None:
    bucket = objects.make_bucket()

    def content(number: int) -> bytes:
        return random.Random(number).randbytes(200_000)

    async def put_until_killed() -> list[int]:
        acknowledged: list[int] = []
        async with world.platform.aio_channel() as channel:
            stub = objects_pb2_grpc.ObjectServiceStub(channel)

            async def put(number: int) -> None:
                try:
                    await stub.PutObject(puts(f"{bucket}/objects/{number}", content(number)), timeout=60)
                except (grpc.aio.AioRpcError, asyncio.CancelledError):
                    return
                acknowledged.append(number)
                if len(acknowledged) == 20:
                    os.kill(world.platform.front_pid, signal.SIGKILL)

            for start in range(0, 64, 16):
                await asyncio.gather(*map(put, range(start, start + 16)))
        return acknowledged

    acknowledged = asyncio.run(put_until_killed())
    assert len(acknowledged) >= 20
    with world.platform.channel() as channel:
        again = Objects(channel)
        wait_until(lambda: serves(again, bucket), "the platform serves again")
        found = again.keys(bucket)
        assert {str(number) for number in acknowledged} <= set(found)
        for key in found:
            assert again.get(f"{bucket}/objects/{key}") == content(int(key))


def serves(objects: Objects, bucket: str) -> bool:
    try:
        objects.keys(bucket)
    except grpc.RpcError:
        return False
    return True


def test_a_store_that_is_away_is_told_and_works_again_when_it_is_back(tmp_path: Path, portico: Portico) -> None:
    port = free_port()
    data = tmp_path / "platform" / "data"
    with running_platform(tmp_path / "elsewhere", s3_listen=f"127.0.0.1:{port}") as elsewhere:
        describe(data, store_in(elsewhere, "bytes", AWAY), default="away")
        with running_platform(tmp_path / "platform") as platform, platform.channel() as channel:
            objects = Objects(channel)
            name = f"{objects.make_bucket()}/objects/k"
            objects.put(name, LARGE)
            assert elsewhere.stop() == 0
            for work in (lambda: objects.put(name, LARGE), lambda: objects.get(name)):
                with pytest.raises(grpc.RpcError) as caught:
                    work()
                code, info, retry = told(caught.value)
                assert (code, info.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNREACHABLE")
                assert info.metadata["store"] == "away"
                assert retry.retry_delay.ToSeconds() > 0
            objects.put(f"{name}-small", b"small")
            wait_until(lambda: "cannot be reached" in problems(portico, data).get("store away", ""), "it is told")
            assert portico("stores", "check", "--data", data).code == 1
            scrubbed = portico("objects", "scrub", name.split("/")[3], "--profile", platform.profile)
            assert (scrubbed.code, "the store away cannot be reached" in scrubbed.err) == (6, True), scrubbed.err
            assert "portico stores check" in scrubbed.err
            with running_platform(tmp_path / "elsewhere", s3_listen=f"127.0.0.1:{port}"):
                wait_until(lambda: is_put(objects, f"{name}-again"), "it is asked again")
                assert objects.get(name) == LARGE
                objects.put(name, LARGE[::-1])
                assert objects.get(name) == LARGE[::-1]
                wait_until(lambda: problems(portico, data) == {}, "nothing is wrong any more")


def told(error: Any) -> tuple[grpc.StatusCode, error_details_pb2.ErrorInfo, error_details_pb2.RetryInfo]:
    status, info, retry = status_pb2.Status(), error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    status.ParseFromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    for detail in status.details:
        detail.Unpack(info) or detail.Unpack(retry)
    return error.code(), info, retry


def problems(portico: Portico, data: Path) -> dict[str, str]:
    found: dict[str, str] = portico("status", "--data", data, "--output", "json").json()["problems"]
    return found


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def test_a_platform_restored_from_a_backup_reads_and_takes_the_store_over_only_when_told(
    world: World, objects: Objects, tmp_path: Path, portico: Portico
) -> None:
    bucket = objects.make_bucket()
    name = f"{bucket}/objects/k"
    objects.put(name, LARGE)
    made = portico("backup", tmp_path / "backup", "--data", world.platform.data)
    assert made.code == 0
    assert "in the store away, and not in this backup" in made.err
    manifest = json.loads((tmp_path / "backup" / "manifest.json").read_text())
    assert manifest["databases"]["objects"]["elsewhere"]["away"] >= 1
    restored = tmp_path / "restored" / "data"
    assert portico("restore", tmp_path / "backup", "--data", restored, "--database", "sqlite").code == 0
    with running_platform(tmp_path / "restored", database="sqlite") as platform, platform.channel() as channel:
        wait_until(lambda: "belongs to another" in problems(portico, restored).get("store away", ""), "it is told")
        assert "belongs to another" in portico("stores", "check", "--data", restored).out
        copy = Objects(channel)
        assert hashlib.sha256(copy.get(name)).digest() == hashlib.sha256(LARGE).digest()
        refused = failure_of(lambda: copy.put(name, LARGE))
        assert (refused.code, refused.reason) == (grpc.StatusCode.INTERNAL, "STORE_REFUSED")
        assert "portico stores claim away" in problems(portico, restored)["store away"]
        assert objects.get(name) == LARGE
        assert portico("stores", "claim", "away", "--yes", "--data", restored).code == 0
        copy.put(name, LARGE[::-1])
        assert copy.get(name) == LARGE[::-1]
    assert portico("stores", "claim", "away", "--yes", "--data", world.platform.data).code == 0
    wait_until(lambda: is_put(objects, name), "the first one has the store again", seconds=120)


def is_put(objects: Objects, name: str) -> bool:
    try:
        objects.put(name, LARGE)
    except grpc.RpcError:
        return False
    return True


def test_the_command_line_lists_and_checks_the_stores(world: World, portico: Portico) -> None:
    listed = portico("stores", "ls", "--data", world.platform.data, "--output", "json").json()
    assert [(one["name"], one["jurisdiction"], one["usual"]) for one in listed] == [
        ("local", "us", False),
        ("away", "", True),
        ("europe", "eu", False),
    ]
    checked = portico("stores", "check", "--data", world.platform.data)
    assert checked.code == 0
    assert checked.out.count("can be used") == 2
    assert checked.out.count("this platform") >= 1
    assert world.described.secret not in listed.__repr__() + checked.out
    for options in (("--yes",), ()):
        nowhere = portico("stores", "claim", "nowhere", *options, "--data", world.platform.data)
        assert (nowhere.code, "describes no store nowhere: it describes away, europe" in nowhere.err) == (3, True)
    bare = portico("stores", "check", "--data", world.elsewhere.data)
    assert (bare.code, bare.out, "no store outside is described" in bare.err) == (0, "", True)
    for command in ("ls", "check"):
        missing = portico("stores", command, "--data", world.platform.data / "nonexistent")
        assert missing.code != 0
        assert "name its data directory with --data" in missing.err


def test_a_check_asks_the_database_in_which_stores_bytes_are(world: World, objects: Objects, portico: Portico) -> None:
    """So that a wrong stores.toml is found out before a start with it."""
    path = world.platform.data / "stores.toml"
    for jurisdiction in ("", "eu"):
        objects.put(f"{objects.make_bucket(jurisdiction=jurisdiction)}/objects/large", LARGE)
    right = path.read_text()
    begin, end = right.index("[[stores]]"), right.rindex("[[stores]]")
    try:
        path.write_text(right.replace('"europe/"', '"another/"'))
        unmarked = portico("stores", "check", "--data", world.platform.data)
        path.write_text(right[:begin].replace('"away"', '"europe"') + right[end:])
        missing = portico("stores", "check", "--data", world.platform.data)
    finally:
        path.write_text(right)
    assert (unmarked.code, missing.code) == (1, 1)
    assert "no owner's mark, though this platform's database tells of bytes in it" in unmarked.out
    (told,) = [line for line in missing.out.splitlines() if line.startswith("away")]
    assert "does not describe it any more" in told


def test_nothing_is_restarted_with_stores_that_cannot_be_read(world: World, portico: Portico) -> None:
    path, served = world.platform.data / "stores.toml", world.platform.front_pid
    right = path.read_text()
    path.write_text(right.replace('"weur"', "17"))
    try:
        refused = portico("restart", "--data", world.platform.data)
    finally:
        path.write_text(right)
    assert refused.code != 0
    assert "stores.toml" in refused.err
    assert world.platform.front_pid == served


def test_a_store_is_not_taken_over_without_asking(world: World, portico: Portico) -> None:
    asked = portico("stores", "claim", "away", "--data", world.platform.data)
    assert asked.code != 0
    assert "away belongs to: " in asked.err
