"""Two nodes that serve the same objects, from one PostgreSQL: they share the folder of bytes, or do not start."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest

from portico.objects.v1 import objects_pb2
from tests.e2e.calls import Objects, failure_of
from tests.harness import RunningPlatform, running_platform
from tests.harness.platform import StartFailed
from tests.harness.postgresql import fresh_database, shared_server

LARGE = 3_000_000


class Pair(NamedTuple):
    """Two nodes, and the settings of both."""

    one: RunningPlatform
    other: RunningPlatform
    settings: dict[str, Any]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("shared")
    with shared_server() as server:
        settings: dict[str, Any] = {"database": fresh_database(server)}
        with running_platform(folder / "one", **settings) as one:
            data = joining(one, folder / "other")
            (data / "blobs").symlink_to(one.data / "blobs")  # as a file system that both mount
            with running_platform(folder / "other", **settings) as other:
                yield Pair(one, other, settings)


def joining(one: RunningPlatform, folder: Path) -> Path:
    """The data directory of a node that is to join."""
    data = folder / "data"
    data.mkdir(parents=True, mode=0o700)
    shutil.copytree(one.data / "keys", data / "keys")
    return data


def test_what_one_took_the_other_gives_and_removes(pair: Pair) -> None:
    content = os.urandom(LARGE)
    with pair.one.channel() as by_one, pair.other.channel() as by_other:
        one, other = Objects(by_one), Objects(by_other)
        name = f"{one.make_bucket()}/objects/a"
        one.put(name, content)
        assert other.get(name) == content
        assert pair.other.http("GET", f"/v1/{name}").body == content
        other.put(name, content[::-1])
        assert one.get(name) == content[::-1]
        other.stub.DeleteObject(objects_pb2.DeleteObjectRequest(name=name), timeout=30)
        assert failure_of(lambda: one.get(name)).code is grpc.StatusCode.NOT_FOUND


def test_a_node_with_a_folder_of_its_own_does_not_start_and_says_where_they_are(pair: Pair, tmp_path: Path) -> None:
    joining(pair.one, tmp_path)
    with pytest.raises(StartFailed) as refused, running_platform(tmp_path, **pair.settings):
        pass
    told = str(refused.value)
    assert any(f"{node.data}/blobs/objects, and none of them in" in told for node in (pair.one, pair.other))
    assert "share that folder, so mount it here" in told
