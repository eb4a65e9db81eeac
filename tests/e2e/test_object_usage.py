"""What calls through the gateway use, as the report of the month tells it: by gRPC, REST and the command line."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.e2e.calls import ACCOUNT, Objects
from tests.harness import RunningPlatform
from tests.unit.cli.conftest import portico

__all__ = ["portico"]

DEADLINE_SECONDS = 60


def used(platform: RunningPlatform, bucket: str) -> dict[str, Any]:
    report = platform.http("GET", f"/v1/{ACCOUNT}/objectUsage").json()["report"]
    found: dict[str, Any] = next((one for one in report.get("buckets", ()) if one.get("bucket") == bucket), {})
    return found


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
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (found := used(platform, bucket)).get("classBOperations") != "2" and time.monotonic() < deadline:
        time.sleep(0.2)
    assert (found["classAOperations"], found["classBOperations"]) == ("5", "2")
    for name in ("PORTICO_PROFILE", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))
    told = portico("objects", "usage").out
    assert bucket.rpartition("/")[2] in told
    assert "dollars in all" in told
    report = portico("objects", "usage", "--output", "json").json()
    assert [line["unitPrice"] for line in report["charges"]] == ["0.015", "4.5", "0.36", "0"]
