"""A full, read-only or limited disk, as clients of S3 meet it: they are told by a code at which they give up. What is
there is read and listed, nothing is half done, and it goes on by itself."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.s3.conftest import door_of
from tests.e2e.s3.door import S3Door, code_of
from tests.faults.attached import refusing
from tests.faults.disks import filled, read_only
from tests.faults.storing import LARGE, SMALL, check_is_the_same, unfinished
from tests.harness import RunningPlatform
from tests.harness.waiting import wait_until

BUCKET = "storage"
FULL = (507, "InsufficientStorage")
UNAVAILABLE = (503, "ServiceUnavailable")
SECONDS = 60


@pytest.fixture(scope="module")
def door(platform: RunningPlatform) -> S3Door:
    return door_of(platform)


class Stored:
    """A bucket with objects and an upload, and what is done to them."""

    def __init__(self, s3: Any) -> None:
        self.s3 = s3
        self.bucket = f"{BUCKET}-{next(_numbers)}"
        s3.create_bucket(Bucket=self.bucket)
        self.held = {
            f"{name}-{number}": data for name, data in (("large", LARGE), ("small", SMALL)) for number in "123"
        }
        for key, data in self.held.items():
            s3.put_object(**self.at(key), Body=data)
        self.put_in_parts("joined")
        self.upload = {**self.at("parts"), "UploadId": s3.create_multipart_upload(**self.at("parts"))["UploadId"]}
        self.part = {"PartNumber": 1, "ETag": s3.upload_part(**self.upload, PartNumber=1, Body=LARGE)["ETag"]}

    def at(self, key: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": key}

    def put(self, key: str, data: bytes) -> Any:
        return self.s3.put_object(**self.at(key), Body=data)

    def put_in_parts(self, key: str) -> None:
        upload = {**self.at(key), "UploadId": self.s3.create_multipart_upload(**self.at(key))["UploadId"]}
        part = {"PartNumber": 1, "ETag": self.s3.upload_part(**upload, PartNumber=1, Body=LARGE)["ETag"]}
        self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [part]})
        self.held[key] = LARGE

    def complete(self) -> Any:
        return self.s3.complete_multipart_upload(**self.upload, MultipartUpload={"Parts": [self.part]})

    def changes(self) -> dict[str, Callable[[], Any]]:
        """What writes little: some of it may find room where a file is longer than it need be."""
        s3, tags = self.s3, {"TagSet": [{"Key": "a", "Value": "b"}]}
        targets = {"Objects": [{"Key": "large-2"}, {"Key": "small-2"}]}
        return {
            "copy": lambda: s3.copy_object(**self.at("copied"), CopySource=self.at("large-3")),
            "begin": lambda: s3.create_multipart_upload(**self.at("begun")),
            "complete": self.complete,
            "tag": lambda: s3.put_object_tagging(**self.at("small-3"), Tagging=tags),
            "delete": lambda: s3.delete_object(**self.at("large-1")),
            "delete many": lambda: s3.delete_objects(Bucket=self.bucket, Delete=targets),
            "versions": lambda: s3.put_bucket_versioning(
                Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"}
            ),
        }

    def took(self, name: str) -> None:
        """A change was made: what is held from then on."""
        match name:
            case "copy":
                self.held["copied"] = LARGE
            case "complete":
                self.held["parts"] = LARGE
            case "delete":
                del self.held["large-1"]
            case "delete many":
                del self.held["large-2"], self.held["small-2"]

    def check(self) -> None:
        """Exactly this is there, by lists and by gets, and the upload's part until it has ended."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]
        assert {one["Key"]: one["Size"] for one in listed} == {key: len(data) for key, data in self.held.items()}
        for key, data in self.held.items():
            assert self.s3.get_object(**self.at(key))["Body"].read() == data
        if "parts" not in self.held:
            assert [part["ETag"] for part in self.s3.list_parts(**self.upload)["Parts"]] == [self.part["ETag"]]


_numbers = itertools.count(1)


def fill_the_log(stored: Stored) -> None:
    """Until even what is small finds no room: the database's log may have been longer than it is now."""
    for number in range(1_000):
        if (refused := refusal(lambda number=number: stored.put(f"more-{number}", SMALL))) is not None:
            assert refused == FULL
            return
        stored.held[f"more-{number}"] = SMALL
    raise AssertionError("the disk is not full")


def refusal(change: Callable[[], Any]) -> tuple[int, str] | None:
    """Status and code of the error in which it ends, if it does."""
    try:
        change()
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    return None


def check_refused(stored: Stored, *told: tuple[int, str] | None) -> None:
    """Each change is refused as a whole and told one of these; None: it may be made as a whole."""
    for name, change in stored.changes().items():
        refused = refusal(change)
        assert refused in told, name
        if refused is None:
            stored.took(name)
        stored.check()


def check_goes_on(stored: Stored, platform: RunningPlatform, front: int) -> None:
    """Without a start in between."""

    def writes() -> bool:
        with contextlib.suppress(ClientError):
            return bool(stored.put("again", LARGE) and stored.put("again", SMALL))
        return False

    wait_until(writes, "puts succeed", SECONDS)
    stored.held["again"] = SMALL
    for name, change in stored.changes().items():
        if name not in ("complete", "delete", "delete many"):
            change()
            stored.took(name)
    if "parts" not in stored.held:
        stored.complete()
        stored.took("complete")
    stored.check()
    check_is_the_same(platform, front)


def test_a_full_disk_is_told_to_clients_and_forgotten_with_room(
    platform: RunningPlatform, door: S3Door, small_disk: Path
) -> None:
    stored, front = Stored(door.client()), platform.front_pid
    with filled(small_disk):
        assert code_of(stored.put, key="new", data=LARGE) == FULL
        assert code_of(stored.put, key="large-1", data=LARGE + b"other") == FULL
        assert code_of(stored.s3.upload_part, **stored.upload, PartNumber=2, Body=LARGE) == FULL
        fill_the_log(stored)
        stored.check()
        check_refused(stored, FULL, None)
        assert unfinished(platform) == []
    check_goes_on(stored, platform, front)


def test_a_client_that_repeats_calls_does_not_repeat_them_on_a_full_disk(door: S3Door, small_disk: Path) -> None:
    stored = Stored(door.client())
    patient = door.client(attempts=5)
    with filled(small_disk), pytest.raises(ClientError) as refused:
        patient.put_object(**stored.at("new"), Body=LARGE)
    assert refused.value.response["ResponseMetadata"]["RetryAttempts"] == 0
    assert refused.value.response["Error"]["Code"] == FULL[1]


def test_while_the_file_system_is_read_only_all_is_read_and_no_change_is_made(
    platform: RunningPlatform, door: S3Door
) -> None:
    """A mount that is read-only for the bytes; SQLite's files are open for long: its writes are refused one by one."""
    stored, front = Stored(door.client()), platform.front_pid
    with read_only(platform.data / "blobs"):
        assert code_of(stored.put, key="new", data=LARGE) == UNAVAILABLE
        assert code_of(stored.s3.upload_part, **stored.upload, PartNumber=2, Body=LARGE) == UNAVAILABLE
        with refusing(platform, "EROFS"):
            assert code_of(stored.put, key="new", data=SMALL) == UNAVAILABLE
            stored.check()
            check_refused(stored, UNAVAILABLE)
    check_goes_on(stored, platform, front)


def test_over_quota_no_change_is_made(platform: RunningPlatform, door: S3Door) -> None:
    stored, front = Stored(door.client()), platform.front_pid
    with refusing(platform, "EDQUOT"):
        for data in (SMALL, LARGE):
            assert code_of(stored.put, key="new", data=data) == FULL
        check_refused(stored, FULL)
    check_goes_on(stored, platform, front)


def test_while_the_disk_fails_clients_are_told_to_try_later_and_nothing_is_stored(
    platform: RunningPlatform, door: S3Door
) -> None:
    stored, front = Stored(door.client()), platform.front_pid
    with refusing(platform, "EIO"):
        for data in (SMALL, LARGE):
            assert code_of(stored.put, key="new", data=data) == UNAVAILABLE
        stored.check()
    check_goes_on(stored, platform, front)
