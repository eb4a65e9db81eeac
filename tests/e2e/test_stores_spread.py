"""Bytes in another platform's S3 door when the platform is spread over processes: what one took others give, and a
bucket's bytes move while all of them read and write, and one is killed."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import apsw
import grpc
import psycopg
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc

from portico.objects.v1 import buckets_pb2, objects_pb2
from portico_server.platform.blobs.interface import Store
from portico_server.platform.blobs.stores import S3Store
from tests.e2e.calls import Objects
from tests.e2e.s3.conftest import door_of
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF, WORKERS
from tests.harness.postgresql import fresh_database, shared_server
from tests.harness.stores import describe, store_in
from tests.harness.waiting import wait_until

pytestmark = SPREADS_ITSELF

WEST, EAST = Store("west", "weur"), Store("east", "eeur")
PART_BYTES = 5 << 20
LARGE = random.Random(17).randbytes(PART_BYTES + 70_001)
STEADY = 60
"""Objects that nobody changes while they are moved."""
MOVED_BEFORE_THE_KILL = 5
COLLECTED_SECONDS = 400
"""A fold, the grace and the removal of files come one after another, every minute or so."""


@dataclass
class Spread:
    """The platforms (several: nodes) whose bytes are in another one's bucket."""

    elsewhere: RunningPlatform
    nodes: list[RunningPlatform]

    def blobs_in(self, store: Store) -> int:
        pages = door_of(self.elsewhere).client().get_paginator("list_objects_v2")
        found = pages.paginate(Bucket="bytes", Prefix=f"{store.name}/objects/blobs/")
        return sum(page["KeyCount"] for page in found)

    @contextlib.contextmanager
    def objects(self, number: int) -> Iterator[Objects]:
        """By a connection of its own, which any process may get; of the nodes they take turns."""
        with self.nodes[number % len(self.nodes)].channel() as channel:
            yield Objects(channel)


@pytest.fixture(
    scope="module", params=["workers", *(pytest.param(name, marks=pytest.mark.long) for name in ("apart", "nodes"))]
)
def spread(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spread]:
    folder = tmp_path_factory.mktemp("spread")
    with running_platform(folder / "elsewhere", workers=1) as elsewhere:
        west = store_in(elsewhere, "bytes", WEST, "west/")
        stores = west, replace(west, store=EAST, prefix="east/")
        with nodes(request.param, folder, stores) as running:
            yield Spread(elsewhere, running)


@contextlib.contextmanager
def nodes(layout: str, folder: Path, stores: tuple[S3Store, ...]) -> Iterator[list[RunningPlatform]]:
    describe(folder / "one" / "data", *stores, default="west")
    if layout == "apart":
        with running_platform(folder / "one", processes=("access", "objects")) as one:
            yield [one]
        return
    with shared_server() as server:
        settings: dict[str, Any] = {"database": fresh_database(server)}
        if layout == "workers":
            with running_platform(folder / "one", **settings, workers=WORKERS) as one:
                yield [one]
            return
        with running_platform(folder / "one", **settings) as one:
            data = folder / "other" / "data"
            describe(data, *stores, default="west")
            shutil.copytree(one.data / "keys", data / "keys")
            (data / "blobs").symlink_to(one.data / "blobs")  # as a file system that both mount
            with running_platform(folder / "other", **settings) as other:
                yield [one, other]


def test_what_one_process_took_all_others_give_whole(spread: Spread) -> None:
    with spread.objects(0) as objects:
        name = f"{objects.make_bucket()}/objects/"
        objects.put(f"{name}large", LARGE)
    before = spread.blobs_in(WEST)
    s3, bucket = door_of(spread.nodes[-1]).client(), name.split("/")[3]
    parts_of(s3, bucket, "parts")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "large"})
    assert spread.blobs_in(WEST) == before + 3
    for number in range(6):
        with spread.objects(number) as objects:
            for key in ("large", "parts", "copy"):
                assert objects.get(name + key) == LARGE
                ranged = objects.get(name + key, offset_bytes=PART_BYTES - 3, limit_bytes=9)
                assert ranged == LARGE[PART_BYTES - 3 : PART_BYTES + 6]


def parts_of(s3: Any, bucket: str, key: str) -> None:
    """LARGE, uploaded in two parts."""
    named = {"Bucket": bucket, "Key": key}
    named["UploadId"] = s3.create_multipart_upload(**named)["UploadId"]
    sent = [
        {"PartNumber": number, "ETag": s3.upload_part(**named, PartNumber=number, Body=data)["ETag"]}
        for number, data in enumerate((LARGE[:PART_BYTES], LARGE[PART_BYTES:]), 1)
    ]
    s3.complete_multipart_upload(**named, MultipartUpload={"Parts": sent})


def content(key: str, turn: int = 0) -> bytes:
    chance = random.Random(f"{key} {turn}")
    return chance.randbytes(chance.randrange(20_000, 250_000))


@dataclass
class Traffic:
    """Threads that read what nobody changes, and write objects of their own, until they are stopped."""

    spread: Spread
    bucket: str
    stopping: threading.Event = field(default_factory=threading.Event)
    wrong: list[str] = field(default_factory=list)
    may_be: dict[str, set[int]] = field(default_factory=dict)
    """By key, which of its contents it may have: one alone, if that put was answered."""
    reads: int = 0

    def __enter__(self) -> Traffic:
        threads = [threading.Thread(target=self._read, args=(number,)) for number in range(2)]
        threads += [threading.Thread(target=self._write, args=(number,)) for number in range(2)]
        self._threads = threads
        for thread in threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        for thread in self._threads:
            thread.join()

    def _read(self, number: int) -> None:
        chance = random.Random(number)
        while not self.stopping.is_set():
            with self.spread.objects(number) as objects, contextlib.suppress(grpc.RpcError):  # of a process that died
                for _ in range(20):
                    key = f"steady-{chance.randrange(STEADY)}"
                    if objects.get(f"{self.bucket}/objects/{key}") != content(key):
                        self.wrong.append(key)
                    self.reads += 1

    def _write(self, number: int) -> None:
        for turn in itertools.count():
            if self.stopping.is_set():
                return
            key = f"own-{number}-{turn % 7}"
            before = self.may_be.get(key, set())
            self.may_be[key] = before | {turn}
            with self.spread.objects(number + turn) as objects, contextlib.suppress(grpc.RpcError):
                objects.put(f"{self.bucket}/objects/{key}", content(key, turn))
                self.may_be[key] = {turn}


def test_a_bucket_s_bytes_are_moved_while_all_read_and_write_and_one_is_killed(
    spread: Spread,
) -> None:
    with spread.objects(0) as objects:
        bucket = objects.make_bucket(location_hint="weur")
        for number in range(STEADY):
            objects.put(f"{bucket}/objects/steady-{number}", content(f"steady-{number}"))
    parts_of(door_of(spread.nodes[0]).client(), bucket.rpartition("/")[2], "parts")
    with Traffic(spread, bucket) as traffic:
        there = spread.blobs_in(EAST)
        first = relocation(spread, bucket)
        # Progress is told every second, in which all may be moved.
        wait_until(lambda: spread.blobs_in(EAST) >= there + STEADY // 3, "some are moved")
        assert not operation(spread, first).done
        os.kill(runner_of(spread.nodes[0], first), signal.SIGKILL)
        again = relocation(spread, bucket)
        wait_until(lambda: operation(spread, again).done, "the rest is moved", seconds=120)
    assert not operation(spread, again).HasField("error")
    assert traffic.wrong == []
    assert traffic.reads > 0
    for number in range(2 * len(spread.nodes)):
        with spread.objects(number) as objects:
            assert objects.get(f"{bucket}/objects/parts") == LARGE
            for key in map("steady-{}".format, range(STEADY)):
                assert objects.get(f"{bucket}/objects/{key}") == content(key)
            for key, turns in traffic.may_be.items():
                assert objects.get(f"{bucket}/objects/{key}") in [content(key, turn) for turn in turns]
    assert progress(spread, again).moved_versions < progress(spread, again).versions, "what was moved stayed moved"


@pytest.mark.long
def test_what_was_moved_and_deleted_is_removed_from_the_stores(spread: Spread) -> None:
    with spread.objects(0) as objects:
        bucket = objects.make_bucket(location_hint="weur")
        objects.put(f"{bucket}/objects/k", LARGE)
        objects.put(f"{bucket}/objects/deleted", LARGE)
        there = spread.blobs_in(WEST)
        moved = relocation(spread, bucket)
        wait_until(lambda: operation(spread, moved).done, "it is moved", seconds=120)
        kept = spread.blobs_in(EAST)
        objects.stub.DeleteObject(objects_pb2.DeleteObjectRequest(name=f"{bucket}/objects/deleted"), timeout=30)
        wait_until(lambda: spread.blobs_in(WEST) <= there - 2, "what was moved is gone", COLLECTED_SECONDS)
        wait_until(lambda: spread.blobs_in(EAST) <= kept - 1, "what was deleted is gone", COLLECTED_SECONDS)
        assert objects.get(f"{bucket}/objects/k") == LARGE


@pytest.mark.long
def test_a_move_whose_process_was_killed_is_gone_on_with_by_another(spread: Spread) -> None:
    with spread.objects(0) as objects:
        bucket = objects.make_bucket(location_hint="weur")
        for number in range(STEADY):
            objects.put(f"{bucket}/objects/{number}", content(f"{number}"))
    moving = relocation(spread, bucket)
    wait_until(lambda: progress(spread, moving).moved_versions >= MOVED_BEFORE_THE_KILL, "some are moved")
    os.kill(runner_of(spread.nodes[0], moving), signal.SIGKILL)
    wait_until(lambda: operation(spread, moving).done, "it was gone on with", seconds=240)
    assert not operation(spread, moving).HasField("error")
    with spread.objects(1) as objects:
        for number in range(STEADY):
            assert objects.get(f"{bucket}/objects/{number}") == content(f"{number}")


def relocation(spread: Spread, bucket: str) -> str:
    """The name of a new operation; a process that has just been killed is asked again."""
    started: list[str] = []

    def is_started() -> bool:
        request = buckets_pb2.RelocateBucketRequest(name=bucket, location_hint="eeur")
        with spread.objects(0) as objects, contextlib.suppress(grpc.RpcError):
            started.append(objects.buckets.RelocateBucket(request, timeout=30).operation.name)
        return bool(started)

    wait_until(is_started, "a move is begun")
    return started[0]


def operation(spread: Spread, name: str) -> operations_pb2.Operation:
    """As it is now; with nothing done where nobody says it."""
    with spread.nodes[0].channel() as channel, contextlib.suppress(grpc.RpcError):
        found: operations_pb2.Operation = operations_pb2_grpc.OperationsStub(channel).GetOperation(
            operations_pb2.GetOperationRequest(name=name), timeout=30
        )
        return found
    return operations_pb2.Operation()


def progress(spread: Spread, name: str) -> buckets_pb2.RelocateProgress:
    metadata = buckets_pb2.RelocateBucketMetadata()
    operation(spread, name).metadata.Unpack(metadata)
    return metadata.progress


def runner_of(platform: RunningPlatform, name: str) -> int:
    """The process that has the lease of an operation: the holder names it (`process_identity`)."""
    lease = f"operation {name.rpartition('/')[2]}"
    database = platform.settings.database
    if database == "sqlite":
        connection = apsw.Connection(
            str(platform.data / "databases" / "objects.sqlite"), flags=apsw.SQLITE_OPEN_READONLY
        )
        with contextlib.closing(connection):
            ((holder,),) = connection.execute("SELECT holder FROM platform_lease WHERE name = ?", (lease,))
    else:
        with psycopg.connect(database) as session:
            query = "SELECT holder FROM objects.platform_lease WHERE name = %s"
            ((holder,),) = session.execute(query, (lease,)).fetchall()
    identity, _, _ = str(holder).partition(" ")
    return int(identity.split("/")[-2])
