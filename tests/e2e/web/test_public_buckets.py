"""Objects of public buckets at the web door: for everybody, without a token, and no danger to who has one."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest

from portico.objects.v1 import buckets_pb2, objects_pb2
from tests.e2e.calls import Objects
from tests.harness import Response, RunningPlatform, running_platform
from tests.harness.clients import TIMEOUT_SECONDS, channel
from tests.harness.web import web

PUBLIC = buckets_pb2.PUBLIC_ACCESS_READ
PAGE = b"<script>alert(document.domain)</script>"


@pytest.fixture(scope="module")
def objects(platform: RunningPlatform) -> Iterator[Objects]:
    with platform.channel() as connected:
        yield Objects(connected)


def read(platform: RunningPlatform, name: str, **options: object) -> Response:
    return web(platform, "GET", f"/v1/{name}", **{"token": None, **options})


def test_anybody_reads_an_object_of_a_public_bucket(platform: RunningPlatform, objects: Objects) -> None:
    name = f"{objects.make_bucket(public_access=PUBLIC)}/objects/pages/a.txt"
    objects.put(name, b"hello", metadata={"content_type": "text/plain"})
    answer = read(platform, name)
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"hello", "text/plain")
    metadata = web(platform, "GET", f"/v1/metadata/{name}", token=None)
    assert (metadata.status, metadata.json()["object"]["sizeBytes"]) == (200, "5")
    with channel(platform.web_address, authority=platform.authority, certificate=None, token=None) as stranger:
        assert Objects(stranger).get(name) == b"hello"


def test_a_page_that_somebody_stored_gets_neither_scripts_nor_the_doors_origin(
    platform: RunningPlatform, objects: Objects
) -> None:
    name = f"{objects.make_bucket(public_access=PUBLIC)}/objects/a.html"
    objects.put(name, PAGE, metadata={"content_type": "text/html"})
    headers = read(platform, name).headers
    assert headers["content-security-policy"] == "sandbox"
    assert headers["x-content-type-options"] == "nosniff"


def test_a_stranger_cannot_tell_what_a_private_bucket_holds(platform: RunningPlatform, objects: Objects) -> None:
    private = objects.make_bucket()
    objects.put(f"{private}/objects/key", b"secret")
    names = (f"{private}/objects/key", f"{private}/objects/absent", f"{private}-absent/objects/key")
    told = set()
    for name in names:
        answer = read(platform, name)
        assert answer.status == 401
        told.add((answer.json()["message"], answer.json()["details"][0]["reason"]))
    assert len(told) == 1


def test_nothing_but_reading_is_public(platform: RunningPlatform, objects: Objects) -> None:
    bucket = objects.make_bucket(public_access=PUBLIC)
    objects.put(f"{bucket}/objects/key", b"x")
    for method, path in (
        ("GET", f"/v1/{bucket}/objects"),
        ("GET", f"/v1/{bucket}"),
        ("PUT", f"/v1/{bucket}/objects/key"),
        ("DELETE", f"/v1/{bucket}/objects/key"),
        ("GET", f"/v1/{bucket}/objects/key?versionId=null"),
    ):
        assert web(platform, method, path, token=None, body=b"" if method == "PUT" else None).status == 401, path


def test_a_bad_token_is_refused_though_none_would_do(platform: RunningPlatform, objects: Objects) -> None:
    name = f"{objects.make_bucket(public_access=PUBLIC)}/objects/key"
    objects.put(name, b"x")
    assert read(platform, name, token="bad").status == 401


def test_the_api_door_asks_strangers_for_a_certificate_as_ever(platform: RunningPlatform, objects: Objects) -> None:
    name = f"{objects.make_bucket(public_access=PUBLIC)}/objects/key"
    objects.put(name, b"x")
    with (
        channel(platform.address, authority=platform.authority, certificate=None, token=None) as stranger,
        pytest.raises(grpc.RpcError),
    ):
        Objects(stranger).stub.HeadObject(objects_pb2.HeadObjectRequest(name=name), timeout=TIMEOUT_SECONDS)


def test_strangers_are_held_to_the_limits_of_a_caller_by_their_address(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_platform(tmp_path_factory.mktemp("limits"), calls_per_second=1, call_burst=3) as limited:
        with limited.channel() as connected:
            name = f"{Objects(connected).make_bucket(public_access=PUBLIC)}/objects/absent"
        statuses = [read(limited, name).status for _ in range(12)]
    assert 404 in statuses
    assert 429 in statuses
