"""The newest policy revision that a client has seen goes along with each of its calls."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from portico import AsyncClient, Client, errors
from portico_cli import revision
from portico_cli.main import run
from tests.unit.sdk.fake_platform import FakePlatform, Fault

SENT = "x-policy-revision"


def test_it_is_remembered_and_sent_by_all_that_share_the_connection(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    assert SENT not in fake.headers["CreateBucket"][0]
    fake.policy_revision = 41
    client.with_options(timeout_seconds=30).buckets.get("photos")
    fake.policy_revision = 40
    client.buckets.get("photos")
    client.buckets.get("photos")
    assert client.policy_revision == 41
    assert [headers.get(SENT) for headers in fake.headers["GetBucket"]] == [None, "41", "41"]


async def test_in_asyncio_too(async_client: AsyncClient, fake: FakePlatform) -> None:
    fake.policy_revision = 7
    await async_client.buckets.create("photos")
    await async_client.buckets.get("photos")
    assert fake.headers["GetBucket"][0][SENT] == "7"


def test_one_that_the_platform_does_not_know_is_forgotten_once(client: Client, fake: FakePlatform) -> None:
    client.buckets.create("photos")
    client.policy_revision = 9
    unknown = Fault(grpc.StatusCode.INVALID_ARGUMENT, "POLICY_REVISION_UNKNOWN")
    fake.fail("UpdateBucket", unknown)
    client.buckets.update("photos", versioning=2)  # type: ignore[arg-type]
    assert [headers.get(SENT) for headers in fake.headers["UpdateBucket"]] == ["9", None]
    assert client.policy_revision == 0
    fake.fail("GetBucket", unknown, unknown)
    with pytest.raises(errors.InvalidArgument):
        client.buckets.get("photos")


def test_a_call_refused_because_policies_were_behind_is_tried_again_whatever_it_does(
    client: Client, fake: FakePlatform
) -> None:
    client.buckets.create("photos")
    fake.fail("UpdateBucket", Fault(grpc.StatusCode.UNAVAILABLE, "POLICY_REVISION_BEHIND"))
    client.buckets.update("photos", versioning=2)  # type: ignore[arg-type]
    assert fake.calls["UpdateBucket"] == 2


@pytest.mark.parametrize("told", ["x", "9" * 30, "-1"])
def test_a_header_that_is_none_is_not_taken(client: Client, fake: FakePlatform, told: str) -> None:
    fake.policy_revision = told
    client.buckets.create("photos")
    assert client.policy_revision == 0


def test_commands_hand_it_on_from_one_to_the_next(fake: FakePlatform) -> None:
    fake.policy_revision = 12
    assert run(["objects", "mb", "portico://photos"]) == 0
    fake.policy_revision = 0
    assert run(["objects", "ls"]) == 0
    assert fake.headers["ListBuckets"][0][SENT] == "12"
    assert (fake.profile / revision.FILE).stat().st_mode & 0o777 == 0o600


def test_what_commands_remember_only_grows_but_for_what_the_platform_does_not_know(tmp_path: Path) -> None:
    revision.remember(tmp_path, 0, 5)
    revision.remember(tmp_path, 0, 3)  # another command, which began before
    assert revision.recall(tmp_path) == 5
    revision.remember(tmp_path, 5, 0)
    assert revision.recall(tmp_path) == 0
    (tmp_path / revision.FILE).write_bytes(b"\xff")
    assert revision.recall(tmp_path) == 0
    revision.remember(tmp_path / "gone", 0, 5)
    assert revision.recall(None) == 0
