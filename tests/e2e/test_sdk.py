"""The SDK against a real platform: both clients, big and small objects, credentials, traces."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

import portico
from portico import AsyncClient, Client, errors
from portico.objects.v1.buckets_pb2 import Versioning
from portico.objects.v1.objects_pb2 import Checksums, Conditions
from tests.harness import RunningPlatform

MEBIBYTE = 1024 * 1024
DEADLINE_SECONDS = 30
TIMEOUT_SECONDS = 60


@pytest.fixture(scope="module")
def profile(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A copy of the administrator's profile, which renewals may change."""
    folder = tmp_path_factory.mktemp("sdk") / "profile"
    shutil.copytree(platform.profile, folder)
    return str(folder)


@pytest.fixture
def client(profile: str) -> Iterator[Client]:
    with portico.connect(profile, transfer_timeout_seconds=TIMEOUT_SECONDS) as client:
        yield client


@pytest.fixture
def bucket(client: Client) -> Iterator[str]:
    name = f"sdk-{secrets.token_hex(4)}"
    client.buckets.create(name)
    yield name
    client.buckets.delete(name, force=True)


@pytest.mark.parametrize("size_bytes", [0, 1, 20_000, MEBIBYTE, 20 * MEBIBYTE + 3])
def test_a_file_comes_back_byte_for_byte(client: Client, bucket: str, tmp_path: Path, size_bytes: int) -> None:
    source, target = tmp_path / "cat.jpg", tmp_path / "copy.jpg"
    source.write_bytes(os.urandom(size_bytes))
    stored = client.objects.put(bucket, "a/ü b?#%.jpg", source, metadata={"by": "me"})
    assert (stored.size_bytes, stored.metadata.content_type) == (size_bytes, "image/jpeg")
    found = client.objects.download(bucket, "a/ü b?#%.jpg", target)
    assert target.read_bytes() == source.read_bytes()
    assert dict(found.metadata.custom) == {"by": "me"}


async def test_the_asyncio_client_does_the_same(profile: str, bucket: str) -> None:
    content = os.urandom(3 * MEBIBYTE)

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 100_000):
            yield content[start : start + 100_000]

    client: AsyncClient
    async with portico.connect_async(profile) as client:
        await client.objects.put(bucket, "pieces", pieces())
        assert await client.objects.read(bucket, "pieces") == content
        async with await client.objects.get(bucket, "pieces", offset_bytes=-5) as reader:
            assert await reader.read() == content[-5:]
        assert [item.size_bytes async for item in client.objects.list(bucket)] == [len(content)]
        with pytest.raises(errors.NotFound):
            await client.objects.head(bucket, "nothing")


def test_lists_go_over_pages_and_prefixes(client: Client, bucket: str) -> None:
    for number in range(12):
        client.objects.put(bucket, f"{'even' if number % 2 == 0 else 'odd'}/{number:02}", b"x")
    keys = [item.name.partition("/objects/")[2] for item in client.objects.list(bucket, page_size=5)]
    assert keys == sorted(keys)
    assert len(keys) == 12
    (page,) = client.objects.list(bucket, delimiter="/").pages()
    assert list(page.prefixes) == ["even/", "odd/"]
    assert len(client.objects.delete_many(bucket, keys)) == 12
    assert list(client.objects.list(bucket)) == []


def test_ranges_conditions_and_checksums_are_the_platforms(client: Client, bucket: str) -> None:
    etag = client.objects.put(bucket, "k", b"0123456789").etag
    assert client.objects.read(bucket, "k", offset_bytes=3, limit_bytes=4) == b"3456"
    with pytest.raises(errors.FailedPrecondition) as caught:
        client.objects.put(bucket, "k", b"x", overwrite=False)
    assert caught.value.reason == "OBJECT_EXISTS"
    with pytest.raises(errors.FailedPrecondition) as caught:
        client.objects.read(bucket, "k", conditions=Conditions(if_none_match=[etag]))
    assert caught.value.reason == "NOT_MODIFIED"
    with pytest.raises(errors.InvalidArgument) as refused:
        client.objects.put(bucket, "k", b"x", checksums=Checksums(sha256=hashlib.sha256(b"y").digest()))
    assert refused.value.reason == "BAD_DIGEST"
    assert client.objects.read(bucket, "k") == b"0123456789"
    with pytest.raises(errors.OutOfRange):
        client.objects.read(bucket, "k", offset_bytes=11)


def test_versions_are_kept_and_copied(client: Client, bucket: str) -> None:
    client.buckets.update(bucket, versioning=Versioning.VERSIONING_ENABLED)
    first = client.objects.put(bucket, "k", b"first")
    client.objects.put(bucket, "k", b"second")
    assert client.objects.delete(bucket, "k").delete_marker
    with pytest.raises(errors.NotFound):
        client.objects.read(bucket, "k")
    assert [item.delete_marker for item in client.objects.versions(bucket)] == [True, False, False]
    client.objects.copy(bucket, "k", bucket, "again", source_version_id=first.version_id)
    assert client.objects.read(bucket, "again") == b"first"


def test_a_bucket_that_holds_much_is_deleted_in_the_background(client: Client) -> None:
    name = f"sdk-{secrets.token_hex(4)}"
    client.buckets.create(name)
    client.objects.put(name, "k", b"x")
    with pytest.raises(errors.FailedPrecondition):
        client.buckets.delete(name)
    done = client.buckets.delete(name, force=True)
    assert done.done
    with pytest.raises(errors.NotFound):
        client.buckets.get(name)


def test_a_wrong_request_names_the_field(client: Client) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        client.buckets.create("NO")
    assert [violation.field for violation in caught.value.violations] == ["bucket_id"]
    assert len(caught.value.ray_id) == 32


def test_a_token_is_made_by_the_certificate_alone(profile: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(profile, tmp_path / "profile"))
    (folder / "token").unlink()
    with portico.connect(str(folder)) as client:
        list(client.buckets.list())
    assert (folder / "token").read_text().count(".") == 2


def test_a_bound_token_needs_its_certificate(client: Client, profile: str, tmp_path: Path) -> None:
    bound = client.credentials.create_token(bind_certificate=True, ttl_seconds=60).token
    with portico.connect(profile, token=bound) as same:
        list(same.buckets.list())
    folder = Path(shutil.copytree(profile, tmp_path / "profile"))
    with portico.connect(str(folder)) as renewing:
        renewing.credentials.renew_certificate()
    with portico.connect(str(folder), token=bound) as other, pytest.raises(errors.Unauthenticated) as caught:
        list(other.buckets.list())
    assert caught.value.reason == "CERTIFICATE_MISMATCH"


def test_a_renewed_certificate_is_let_in(profile: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(profile, tmp_path / "profile"))
    before = (folder / "client.key").read_bytes()
    with portico.connect(str(folder)) as client:
        client.credentials.renew_certificate()
        list(client.buckets.list())
    assert (folder / "client.key").read_bytes() != before
    with portico.connect(str(folder)) as client:
        assert client.health.check() == "SERVING"


def test_another_principal_may_do_only_what_the_policy_says(client: Client, bucket: str, tmp_path: Path) -> None:
    client.credentials.create_profile(tmp_path / "visitor", subject="visitor", ttl_seconds=3600)
    with portico.connect(str(tmp_path / "visitor")) as visitor:
        with pytest.raises(errors.PermissionDenied) as caught:
            visitor.objects.put(bucket, "k", b"x")
        assert caught.value.metadata["resource"].endswith(f"/buckets/{bucket}/objects/k")
        with pytest.raises(errors.Unauthenticated) as unknown:
            visitor.credentials.create_token(subject="admin")
        assert unknown.value.reason == "CERTIFICATE_UNKNOWN", "the policy does not name the visitor"


def test_a_trace_goes_from_the_client_to_the_store(client: Client, bucket: str) -> None:
    with client.trace("nightly") as span:
        client.objects.put(bucket, "k", b"x")
    client.flush()
    found = trace_with(client, span.trace_id, {"sdk", "gateway", "objects"})
    assert {item.trace_id for item in found.spans} == {span.trace_id}
    by_id = {item.span_id: item for item in found.spans}
    store = next(item for item in found.spans if item.name == "objects.store.put")
    way = [store]
    while way[-1].parent_span_id:
        way.append(by_id[way[-1].parent_span_id])
    assert [item.scope for item in way] == ["objects", "objects", "gateway", "sdk", "sdk"]
    assert way[-1].name == "nightly"
    assert found.request_events[0].ray_id == client.last_ray_id or found.request_events[0].trace_id == span.trace_id


def test_recent_calls_are_listed(client: Client) -> None:
    with pytest.raises(errors.NotFound) as caught:
        client.buckets.get("there-is-none")
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        rays = [
            event.ray_id
            for event in client.request_events.list(failed_only=True, page_size=100).pages().__next__().request_events
        ]
        if caught.value.ray_id in rays:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)


def trace_with(client: Client, trace_id: str, scopes: set[str]) -> Any:
    """The trace, when spans of all these scopes have been written."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            found = client.traces.get(trace_id)
            if {span.scope for span in found.spans} >= scopes and found.request_events:
                return found
        except errors.NotFound:
            pass
        assert time.monotonic() < deadline, f"the trace {trace_id} has not appeared"
        time.sleep(0.05)
