"""One platform for all tests of the S3 door. `PORTICO_TEST_S3_ENDPOINT` names another store of S3's kind instead, to
judge the tests by; its keys come from the usual variables (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

import portico
from tests.e2e.s3.door import S3Door, new_name
from tests.harness import RunningPlatform, running_platform

_ELSEWHERE = "PORTICO_TEST_S3_ENDPOINT"


@pytest.fixture(scope="package")
def s3_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="package")
def door(request: pytest.FixtureRequest) -> S3Door:
    if _ELSEWHERE in os.environ:
        keys = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
        return S3Door(os.environ[_ELSEWHERE], *keys)
    return door_of(request.getfixturevalue("s3_platform"))


def door_of(platform: RunningPlatform) -> S3Door:
    """The door of a platform, with an access key of its administrator."""
    with portico.connect(str(platform.profile)) as client:
        key = client.access.own_key()
    port = platform.s3_address.rpartition(":")[2]
    return S3Door(f"https://localhost:{port}", key.id, key.secret, str(platform.profile / "ca.pem"))


@pytest.fixture(scope="package")
def s3(door: S3Door) -> Any:
    """A client of boto3."""
    return door.client()


@pytest.fixture
def bucket(s3: Any) -> str:
    """An empty bucket of the test's own."""
    name = new_name()
    s3.create_bucket(Bucket=name)
    return name
