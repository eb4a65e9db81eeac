"""Putting, getting and listing objects by the client for threads."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from portico import Client, _retries, errors
from portico._clients import object_download
from portico.objects.v1.buckets_pb2 import Versioning
from portico.objects.v1.objects_pb2 import Conditions, ObjectMetadata
from tests.unit.sdk.fake_platform import ACCOUNT, FakePlatform, Fault

MEBIBYTE = 1024 * 1024


@pytest.fixture(autouse=True)
def bucket(client: Client) -> None:
    client.buckets.create("photos")


def sent(fake: FakePlatform) -> list[int]:
    """The bytes in each message of the last put."""
    return [len(message.data.data) for message in fake.requests["PutObject"][-1]]


def test_bytes_come_back_as_they_were_put(client: Client) -> None:
    stored = client.objects.put("photos", "cat.jpg", b"meow", content_type="image/jpeg", metadata={"by": "me"})
    assert stored.name == f"{ACCOUNT}/buckets/photos/objects/cat.jpg"
    assert client.objects.read("photos", "cat.jpg") == b"meow"
    found = client.objects.head("photos", "cat.jpg")
    assert (found.metadata.content_type, dict(found.metadata.custom)) == ("image/jpeg", {"by": "me"})


@pytest.mark.parametrize("size_bytes", [0, 1, MEBIBYTE, MEBIBYTE + 1, 5 * MEBIBYTE])
def test_a_file_comes_back_byte_for_byte(client: Client, fake: FakePlatform, tmp_path: Path, size_bytes: int) -> None:
    source, target = tmp_path / "source.txt", tmp_path / "target"
    source.write_bytes(bytes(range(256)) * (size_bytes // 256) + b"x" * (size_bytes % 256))
    stored = client.objects.put("photos", "a/b", source)
    assert stored.metadata.content_type == "text/plain"
    client.objects.download("photos", "a/b", target)
    assert target.read_bytes() == source.read_bytes()
    assert max(sent(fake)) <= MEBIBYTE
    assert len(sent(fake)) == max(1, -(-size_bytes // MEBIBYTE)), "a small object is one message"


def test_an_open_file_is_put_from_where_it_stands(client: Client, fake: FakePlatform) -> None:
    file = io.BytesIO(b"head:body")
    file.seek(5)
    client.objects.put("photos", "k", file)
    assert client.objects.read("photos", "k") == b"body"
    assert fake.requests["PutObject"][-1][0].size_bytes == 4


def test_pieces_of_an_iterable_are_joined_and_cut_to_chunks(client: Client, fake: FakePlatform) -> None:
    client.objects.put("photos", "k", iter([b"a" * 10] * 3 + [b"b" * (2 * MEBIBYTE)]))
    assert client.objects.read("photos", "k") == b"a" * 30 + b"b" * 2 * MEBIBYTE
    assert sent(fake) == [0, MEBIBYTE, MEBIBYTE, 30]
    assert not fake.requests["PutObject"][-1][0].HasField("size_bytes")


def test_an_error_of_the_source_ends_the_put_and_nothing_is_stored(
    client: Client, fake: FakePlatform, caplog: pytest.LogCaptureFixture
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x" * MEBIBYTE
        raise ZeroDivisionError("the source broke")

    with pytest.raises(ZeroDivisionError, match="the source broke"):
        client.objects.put("photos", "k", pieces())
    assert not fake.objects
    assert not caplog.records


@pytest.mark.parametrize("data", ["a text", 7, None])
def test_what_is_no_bytes_is_refused(client: Client, data: object) -> None:
    with pytest.raises(TypeError):
        client.objects.put("photos", "k", data)  # type: ignore[arg-type]


def test_a_file_open_as_text_is_refused(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("text")
    with path.open() as file, pytest.raises(TypeError, match="rb"):
        client.objects.put("photos", "k", file)  # type: ignore[arg-type]


def test_a_path_that_is_missing_or_a_folder_is_refused_before_anything_is_sent(
    client: Client, fake: FakePlatform, tmp_path: Path
) -> None:
    with pytest.raises(FileNotFoundError):
        client.objects.put("photos", "k", tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        client.objects.put("photos", "k", tmp_path)
    assert fake.calls["PutObject"] == 0


def test_bytes_that_change_on_the_way_are_not_stored(client: Client, fake: FakePlatform) -> None:
    fake.corrupt = lambda data: data[:-1] + b"!"
    with pytest.raises(errors.InvalidArgument) as caught:
        client.objects.put("photos", "k", b"good")
    assert caught.value.reason == "BAD_DIGEST"
    assert not fake.objects


def test_a_file_stored_with_other_bytes_is_told(client: Client, fake: FakePlatform, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"good")
    fake.corrupt = lambda data: data[:-1] + b"!"
    with pytest.raises(errors.DataLoss) as caught:
        client.objects.put("photos", "k", tmp_path / "f")
    assert caught.value.reason == "CHECKSUM_MISMATCH"


def test_other_bytes_than_stored_are_told_and_leave_no_file(client: Client, fake: FakePlatform, tmp_path: Path) -> None:
    client.objects.put("photos", "k", b"good")
    fake.corrupt = lambda data: b"evil"
    target = tmp_path / "folder" / "target"
    target.parent.mkdir()
    for read in (
        lambda: client.objects.read("photos", "k"),
        lambda: client.objects.get("photos", "k").read(),
        lambda: client.objects.download("photos", "k", target),
    ):
        with pytest.raises(errors.DataLoss) as caught:
            read()
        assert caught.value.reason == "CHECKSUM_MISMATCH"
    assert list(target.parent.iterdir()) == []


def test_bytes_that_went_wrong_on_their_way_are_got_once_more(
    client: Client, fake: FakePlatform, tmp_path: Path
) -> None:
    client.objects.put("photos", "k", b"good")
    target, times = tmp_path / "target", iter(range(100))
    fake.corrupt = lambda data: data if next(times) % 2 else b"evil"
    assert client.objects.read("photos", "k") == b"good"
    client.objects.download("photos", "k", target)
    assert target.read_bytes() == b"good"
    assert fake.calls["GetObject"] == 4


def test_what_is_wrong_twice_is_said_to_be_damaged(client: Client, fake: FakePlatform) -> None:
    client.objects.put("photos", "k", b"good")
    fake.corrupt = lambda data: b"evil"
    with pytest.raises(errors.DataLoss, match="what is stored is damaged; put it again"):
        client.objects.read("photos", "k")
    assert fake.calls["GetObject"] == 2


def test_what_is_no_file_is_not_given_the_bytes_twice(client: Client, fake: FakePlatform, tmp_path: Path) -> None:
    client.objects.put("photos", "k", b"good")
    fake.corrupt = lambda data: b"evil"
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(errors.DataLoss, match="get it again"):
        client.objects.download("photos", "k", tmp_path / "pipe")
    assert os.read(reading, 100) == b"evil"
    os.close(reading)


def test_fewer_bytes_than_announced_are_told(client: Client, fake: FakePlatform) -> None:
    client.objects.put("photos", "k", b"good")
    fake.corrupt = lambda data: data[:2]
    with pytest.raises(errors.DataLoss) as caught:
        client.objects.read("photos", "k")
    assert caught.value.reason == "SIZE_MISMATCH"


def test_a_download_replaces_a_file_and_keeps_its_mode(client: Client, tmp_path: Path) -> None:
    client.objects.put("photos", "k", b"new")
    target = tmp_path / "target"
    target.write_bytes(b"old")
    target.chmod(0o640)
    client.objects.download("photos", "k", target)
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_reader_is_a_binary_file(client: Client) -> None:
    client.objects.put("photos", "k", b"line one\nline two\n" * 20_000)
    with client.objects.get("photos", "k") as reader, io.BufferedReader(reader) as lines:
        assert reader.object.size_bytes == reader.length_bytes == 360_000
        assert sum(1 for line in lines if line == b"line two\n") == 20_000
    assert reader.closed


def test_a_range_is_read_from_either_end(client: Client) -> None:
    client.objects.put("photos", "k", b"0123456789")
    assert client.objects.read("photos", "k", offset_bytes=2, limit_bytes=3) == b"234"
    assert client.objects.read("photos", "k", offset_bytes=-2) == b"89"
    with client.objects.get("photos", "k", offset_bytes=7) as reader:
        assert (reader.offset_bytes, reader.length_bytes, reader.read()) == (7, 3, b"789")
    with pytest.raises(errors.OutOfRange):
        client.objects.read("photos", "k", offset_bytes=11)


def test_a_broken_read_goes_on_where_it_stopped(client: Client, fake: FakePlatform) -> None:
    content = bytes(range(256)) * 2048
    client.objects.put("photos", "k", content)
    fake.fail("GetObject", *[Fault(grpc.StatusCode.UNAVAILABLE, after_messages=3)] * 2)
    assert client.objects.read("photos", "k") == content
    offsets = [request.offset_bytes for request in fake.requests["GetObject"]]
    assert offsets == [0, 3 * 65536, 6 * 65536]
    assert fake.requests["GetObject"][1].conditions.if_match


def test_a_broken_read_waits_for_a_platform_that_starts_again(
    client: Client, fake: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_retries, "FIRST_PAUSE_SECONDS", 0.001)
    content = bytes(range(256)) * 2048
    client.objects.put("photos", "k", content)
    away = [Fault(grpc.StatusCode.UNAVAILABLE)] * 12  # more than a call is tried
    fake.fail("GetObject", Fault(grpc.StatusCode.UNAVAILABLE, after_messages=3), *away)
    assert client.objects.read("photos", "k") == content
    monkeypatch.setattr(object_download, "_AWAY_SECONDS", 0.0)
    fake.fail("GetObject", Fault(grpc.StatusCode.UNAVAILABLE, after_messages=3), *away * 3)
    with pytest.raises(errors.Unavailable):
        client.objects.read("photos", "k")


def test_a_broken_read_fails_if_the_object_changed_meanwhile(client: Client, fake: FakePlatform) -> None:
    client.objects.put("photos", "k", b"a" * 300_000)
    fake.fail("GetObject", Fault(grpc.StatusCode.UNAVAILABLE, after_messages=1))
    reader = client.objects.get("photos", "k")
    client.objects.put("photos", "k", b"b" * 300_000)
    with pytest.raises(errors.FailedPrecondition) as caught:
        reader.read()
    assert caught.value.reason == "ETAG_MISMATCH"


def test_progress_counts_the_bytes(client: Client, tmp_path: Path) -> None:
    up: list[int] = []
    down: list[int] = []
    client.objects.put("photos", "k", b"x" * (2 * MEBIBYTE + 5), progress=up.append)
    client.objects.download("photos", "k", tmp_path / "f", progress=down.append)
    assert up == [MEBIBYTE, 2 * MEBIBYTE, 2 * MEBIBYTE + 5]
    assert down[-1] == 2 * MEBIBYTE + 5
    assert down == sorted(down)


def test_an_object_is_not_replaced_where_that_is_unwanted(client: Client) -> None:
    client.objects.put("photos", "k", b"first", overwrite=False)
    with pytest.raises(errors.FailedPrecondition) as caught:
        client.objects.put("photos", "k", b"second", overwrite=False)
    assert caught.value.reason == "OBJECT_EXISTS"


def test_conditions_are_sent(client: Client, fake: FakePlatform) -> None:
    etag = client.objects.put("photos", "k", b"x").etag
    client.objects.delete("photos", "k", conditions=Conditions(if_match=[etag]))
    assert fake.requests["DeleteObject"][-1].conditions.if_match == [etag]


def test_lists_go_on_over_pages(client: Client, fake: FakePlatform) -> None:
    for number in range(25):
        client.objects.put("photos", f"{number:02}", b"")
    keys = [item.name.rpartition("/")[2] for item in client.objects.list("photos", page_size=10)]
    assert keys == [f"{number:02}" for number in range(25)]
    assert fake.calls["ListObjects"] == 3


def test_pages_hold_common_prefixes(client: Client) -> None:
    for key in ("a/1", "a/2", "b"):
        client.objects.put("photos", key, b"")
    (page,) = client.objects.list("photos", delimiter="/").pages()
    assert (list(page.prefixes), len(page.objects)) == (["a/"], 1)


def test_many_objects_are_deleted_a_thousand_a_call(client: Client, fake: FakePlatform) -> None:
    client.objects.put("photos", "7", b"")
    results = client.objects.delete_many("photos", (str(number) for number in range(2500)))
    assert len(results) == 2500
    assert results[7].version_id == "null"
    assert [len(request.objects) for request in fake.requests["DeleteObjects"]] == [1000, 1000, 500]


def test_a_copy_keeps_or_replaces_metadata(client: Client) -> None:
    client.objects.put("photos", "k", b"x", content_type="image/png")
    assert client.objects.copy("photos", "k", "photos", "k2").metadata.content_type == "image/png"
    changed = client.objects.copy("photos", "k", "photos", "k3", metadata=ObjectMetadata(content_type="image/gif"))
    assert changed.metadata.content_type == "image/gif"


def test_buckets_are_made_changed_listed_and_deleted(client: Client, fake: FakePlatform) -> None:
    assert client.buckets.get("photos").versioning == Versioning.VERSIONING_DISABLED
    assert client.buckets.update("photos", versioning=Versioning.VERSIONING_ENABLED).versioning == 2
    assert client.buckets.create("more", versioning=True).versioning == Versioning.VERSIONING_ENABLED
    assert [bucket.name for bucket in client.buckets.list(page_size=1)] == [
        f"{ACCOUNT}/buckets/more",
        f"{ACCOUNT}/buckets/photos",
    ]
    assert client.buckets.delete("more").done
    assert fake.calls["GetOperation"] == 0


def test_a_forced_deletion_is_waited_for(client: Client, fake: FakePlatform) -> None:
    client.objects.put("photos", "k", b"x")
    with pytest.raises(errors.FailedPrecondition) as caught:
        client.buckets.delete("photos")
    assert caught.value.reason == "BUCKET_NOT_EMPTY"
    assert client.buckets.delete("photos", force=True).done
    assert fake.calls["GetOperation"] == 3


def test_full_names_reach_another_account(client: Client, fake: FakePlatform) -> None:
    with pytest.raises(errors.NotFound):
        client.buckets.get("accounts/other/buckets/theirs")
    assert fake.requests["GetBucket"][-1].name == "accounts/other/buckets/theirs"


def test_a_name_that_is_no_text_is_told_as_such(client: Client, fake: FakePlatform) -> None:
    for bucket, key in ((None, "k"), ("zoo", None), ("zoo", 5)):
        with pytest.raises(TypeError, match="is no name"):
            client.objects.put(bucket, key, b"x")  # type: ignore[arg-type]
    assert not fake.calls["PutObject"]


@pytest.mark.parametrize("bucket", ["", "a/b", "accounts/x/zones/z", "accounts//buckets/b", "accounts/a/buckets/b/c"])
def test_what_names_no_bucket_is_refused_before_anything_is_sent(
    client: Client, fake: FakePlatform, bucket: str
) -> None:
    with pytest.raises(errors.InvalidArgument):
        client.buckets.get(bucket)
    assert fake.calls["GetBucket"] == 0
