"""A store that leads back to its own platform, at once or by another one: it is told, and nothing is written there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from botocore.exceptions import ClientError

from portico_server.host.supervisor import doctor, restart
from portico_server.platform.blobs.interface import Store
from portico_server.platform.blobs.stores import S3Store
from tests.e2e.calls import Objects, failure_of
from tests.e2e.s3.conftest import door_of
from tests.harness import RunningPlatform, running_platform
from tests.harness.stores import describe, store_in
from tests.harness.waiting import wait_until
from tests.unit.cli.conftest import Portico, portico

__all__ = ["portico"]

LARGE = random.Random(19).randbytes(300_000)
HERE, AGAIN, AWAY = Store("here", "weur"), Store("again", "eeur"), Store("away", "weur")
BACK = "leads back to this platform"


@contextmanager
def platform_in(folder: Path) -> Iterator[tuple[RunningPlatform, S3Store]]:
    """A platform, and a bucket of it as a store."""
    with running_platform(folder) as platform:
        yield platform, store_in(platform, "bytes", AWAY)


def problems(portico: Portico, platform: RunningPlatform) -> dict[str, str]:
    found: dict[str, str] = portico("status", "--data", platform.data, "--output", "json").json()["problems"]
    return found


def states(portico: Portico, platform: RunningPlatform) -> dict[str, str]:
    """What `portico stores check` says of each store."""
    checked = portico("stores", "check", "--data", platform.data, "--output", "json")
    found = {one["store"]: one["problem"] for one in checked.json()}
    assert checked.code == (1 if any(found.values()) else 0)
    return found


def keys(platform: RunningPlatform) -> list[str]:
    found = door_of(platform).client().list_objects_v2(Bucket="bytes").get("Contents", ())
    return [one["Key"] for one in found]


def test_its_own_door_is_no_store_by_whatever_name(tmp_path: Path, portico: Portico) -> None:
    with platform_in(tmp_path) as (platform, described):
        here = replace(described, store=HERE)
        again = replace(described, store=AGAIN, endpoint=described.endpoint.replace("localhost", "127.0.0.1"))
        describe(platform.data, here, again, default="here")
        assert all(BACK in problem for problem in states(portico, platform).values()), "before it starts with it"
        assert restart(platform.settings)
        wait_until(
            lambda: [BACK in problem for problem in problems(portico, platform).values()] == [True, True],
            "both are told",
        )
        assert sum(BACK in check.detail for check in doctor(platform.settings) if not check.ok) == 2, "both"
        with platform.channel() as channel:
            objects = Objects(channel)
            for location in ("weur", "eeur"):
                name = f"{objects.make_bucket(location_hint=location)}/objects/k"
                refused = failure_of(lambda name=name: objects.put(name, LARGE))  # type: ignore[misc]
                assert (refused.code, refused.reason) == (grpc.StatusCode.INTERNAL, "STORE_LOOP")
                assert "stores.toml" in refused.message
                objects.put(name, b"small")
                assert objects.get(name) == b"small"
        with pytest.raises(ClientError) as told:
            door_of(platform).client().put_object(Bucket=name.split("/")[3], Key="large", Body=LARGE)
        assert told.value.response["ResponseMetadata"]["HTTPStatusCode"] == 508
        assert told.value.response["Error"]["Code"] == "LoopDetected"
        assert keys(platform) == [], "nothing is written, a mark neither"


def test_two_platforms_are_not_one_another_s_store(tmp_path: Path, portico: Portico) -> None:
    with platform_in(tmp_path / "one") as (one, in_one), platform_in(tmp_path / "other") as (other, in_other):
        describe(one.data, in_other, default="away")
        assert states(portico, one) == {"away": ""}
        assert restart(one.settings)
        with one.channel() as channel:
            before = f"{Objects(channel).make_bucket()}/objects/k"
            Objects(channel).put(before, LARGE)
        there = keys(other)
        assert sorted(key.split("/")[1] for key in there) == ["blobs", "owner"]

        describe(other.data, in_one, default="away")
        assert BACK in states(portico, other)["away"], "though every small object would stay where it comes first"
        assert restart(other.settings)
        for platform in (one, other):
            wait_until(lambda told=platform: BACK in problems(portico, told).get("store away", ""), "it is told")  # type: ignore[misc]
            with platform.channel() as channel:
                objects = Objects(channel)
                name = f"{objects.make_bucket()}/objects/k"
                assert failure_of(lambda: objects.put(name, LARGE)).reason == "STORE_LOOP"  # noqa: B023
        with one.channel() as channel:
            assert Objects(channel).get(before) == LARGE, "what was put before is read"
        assert keys(other) == there
        assert keys(one) == []

        (other.data / "stores.toml").unlink()
        assert restart(other.settings)
        wait_until(lambda: problems(portico, one) == {}, "the circle is open again")
        with one.channel() as channel:
            Objects(channel).put(before, LARGE[::-1])
            assert Objects(channel).get(before) == LARGE[::-1]


def test_a_chain_ends_somewhere_and_a_circle_further_on_is_told_apart(tmp_path: Path, portico: Portico) -> None:
    with platform_in(tmp_path / "last") as (last, in_last):
        describe(tmp_path / "middle" / "data", in_last, default="away")
        with platform_in(tmp_path / "middle") as (middle, in_middle):
            describe(tmp_path / "first" / "data", in_middle, default="away")
            with running_platform(tmp_path / "first") as first, first.channel() as channel:
                objects = Objects(channel)
                name = f"{objects.make_bucket()}/objects/k"
                objects.put(name, LARGE)
                assert objects.get(name) == LARGE
                assert len([key for key in keys(last) if "/blobs/" in key]) == 1
                assert states(portico, first) == states(portico, middle) == {"away": ""}

                describe(last.data, in_middle, default="away")
                assert BACK in states(portico, last)["away"]
                assert restart(last.settings)
                wait_until(lambda: BACK in problems(portico, middle).get("store away", ""), "the middle is told")
                assert "leads in a circle of platforms" in states(portico, first)["away"]
                assert failure_of(lambda: objects.put(name, LARGE)).reason == "STORE_LOOP"
                assert objects.get(name) == LARGE
