"""The same platform on PostgreSQL: started by one setting, it does what it does on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from portico.objects.v1 import objects_pb2
from tests.e2e.calls import Objects, failure_of
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.postgresql import fresh_database, shared_server

pytestmark = SPREADS_ITSELF


@pytest.fixture(scope="module")
def on_postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with shared_server() as server:
        folder = tmp_path_factory.mktemp("platform")
        with running_platform(folder, database=fresh_database(server)) as platform:
            yield platform


@pytest.fixture
def objects(on_postgresql: RunningPlatform) -> Iterator[Objects]:
    with on_postgresql.channel() as channel:
        yield Objects(channel)


@pytest.mark.parametrize("size", [0, 1, 1024, 20_000, 3_000_000])
def test_what_is_put_is_got(objects: Objects, size: int) -> None:
    name = f"{objects.make_bucket()}/objects/a"
    data = bytes(range(256)) * (size // 256) + bytes(size % 256)
    put = objects.put(name, data, content_type="text/plain")
    assert put.size_bytes == size
    assert objects.get(name) == data
    assert objects.head(name).etag == put.etag


def test_a_list_is_in_order_and_a_delete_is_seen_at_once(objects: Objects) -> None:
    bucket = objects.make_bucket()
    for key in ("b", "a/1", "ä", "a/2", "Z"):
        objects.put(f"{bucket}/objects/{key}", b"x")
    assert objects.keys(bucket) == ["Z", "a/1", "a/2", "b", "ä"]
    objects.stub.DeleteObject(objects_pb2.DeleteObjectRequest(name=f"{bucket}/objects/b"), timeout=10)
    assert objects.keys(bucket) == ["Z", "a/1", "a/2", "ä"]
    failure = failure_of(lambda: objects.head(f"{bucket}/objects/b"))
    assert (failure.code, failure.reason) == (grpc.StatusCode.NOT_FOUND, "OBJECT_NOT_FOUND")


def test_nothing_of_the_products_state_is_in_a_file(on_postgresql: RunningPlatform, objects: Objects) -> None:
    objects.make_bucket()
    assert not list(Path(on_postgresql.data).rglob("*.sqlite"))
