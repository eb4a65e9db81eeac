"""What calls through the gateway use, as the report of the month tells it: by gRPC, REST, S3 and the command line."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.calls import ACCOUNT, Objects
from tests.e2e.s3.conftest import door_of
from tests.harness import RunningPlatform
from tests.unit.cli.conftest import portico

__all__ = ["portico"]

DEADLINE_SECONDS = 60


def used(platform: RunningPlatform, bucket: str) -> dict[str, Any]:
    report = platform.http("GET", f"/v1/{ACCOUNT}/objectUsage").json()["report"]
    found: dict[str, Any] = next((one for one in report.get("buckets", ()) if one.get("bucket") == bucket), {})
    return found


def read_parts_by_s3(platform: RunningPlatform, bucket: str) -> None:
    """Three requests of class A, and one of class B that is answered by two calls."""
    s3 = door_of(platform).client()
    which = {"Bucket": bucket, "Key": "parts"}
    upload_id = s3.create_multipart_upload(**which)["UploadId"]
    etag = s3.upload_part(**which, UploadId=upload_id, PartNumber=1, Body=b"bytes")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(**which, UploadId=upload_id, MultipartUpload=parts)
    found = s3.get_object_attributes(**which, ObjectAttributes=["ObjectParts"])
    assert found["ObjectParts"]["TotalPartsCount"] == 1


def test_calls_are_counted_and_told(platform: RunningPlatform, portico: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with platform.channel() as channel:
        objects = Objects(channel)
        bucket = objects.make_bucket()
        for number in range(3):
            objects.put(f"{bucket}/objects/{number}", b"x" * 20_000)
        for _ in range(2):
            objects.get(f"{bucket}/objects/0")
            objects.keys(bucket)
        assert platform.http("GET", f"/v1/{bucket}/objects/absent").status == 404
    read_parts_by_s3(platform, bucket.rpartition("/")[2])
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := used(platform, bucket)).get("classBOperations") != "3" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert (found["classAOperations"], found["classBOperations"]) == ("8", "3")
    for name in ("PORTICO_PROFILE", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))
    told = portico("objects", "usage").out
    assert bucket.rpartition("/")[2] in told
    assert "dollars in all" in told
    report = portico("objects", "usage", "--output", "json").json()
    assert [line["unitPrice"] for line in report["charges"]] == ["0.015", "4.5", "0.36", "0"]
