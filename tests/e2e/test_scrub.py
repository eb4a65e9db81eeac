"""A bucket scrubbed through a running gateway, by the SDK and by the command line."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico import Client, connect
from portico.objects.v1.buckets_pb2 import DAMAGE_DIGEST
from tests.harness import RunningPlatform
from tests.harness.waiting import wait_until
from tests.unit.cli.conftest import Portico, portico

__all__ = ["portico"]

SIZE_BYTES = 3_000_017


@pytest.fixture
def client(platform: RunningPlatform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    for name in ("PORTICO_PROFILE", "PORTICO_ADDRESS", "PORTICO_ACCOUNT", "PORTICO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))
    with connect() as connected:
        yield connected


@pytest.fixture
def bucket(client: Client) -> Iterator[str]:
    name = f"scrub-{secrets.token_hex(4)}"
    client.buckets.create(name)
    yield name
    client.buckets.delete(name, force=True)


def files(platform: RunningPlatform) -> set[Path]:
    return {path for path in (platform.data / "blobs" / "objects").glob("??/*") if path.stat().st_size == SIZE_BYTES}


def test_a_bit_that_flips_on_the_disk_is_told_with_the_version(
    platform: RunningPlatform, client: Client, bucket: str, portico: Portico
) -> None:
    before = files(platform)
    client.objects.put(bucket, "whole", b"bytes")
    client.objects.put(bucket, "key", os.urandom(SIZE_BYTES))
    assert portico("objects", "scrub", bucket).code == 0
    (file,) = files(platform) - before
    content = bytearray(file.read_bytes())
    content[SIZE_BYTES // 2] ^= 1
    file.write_bytes(content)
    result = client.buckets.scrub(bucket)
    assert (result.progress.versions, result.progress.read_bytes) == (2, SIZE_BYTES + len(b"bytes"))
    (found,) = result.damaged_versions
    assert (found.name.rpartition("/")[2], found.version_id, found.damage) == ("key", "null", DAMAGE_DIGEST)
    outcome = portico("objects", "scrub", bucket, "--output", "json")
    assert outcome.code == 1
    assert [item["versionId"] for item in outcome.json()["damagedVersions"]] == ["null"]
    wait_until(lambda: "portico objects scrub" in damage_told(portico, platform), "status tells of it")
    assert "stored versions are damaged" in portico("doctor", "--data", platform.data).out
    client.objects.put(bucket, "key", b"again")
    assert portico("objects", "scrub", bucket).code == 0
    wait_until(lambda: not damage_told(portico, platform), "status tells of it no more")


def damage_told(portico: Portico, platform: RunningPlatform) -> str:
    problems = portico("status", "--data", platform.data, "--output", "json").json()["problems"]
    return str(problems.get("stored objects", ""))
