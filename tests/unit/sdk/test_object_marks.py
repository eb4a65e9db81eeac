"""Tags and locks of objects by the clients."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from portico import Client
from portico.objects.v1.objects_pb2 import ChecksumAlgorithm, Retention, RetentionMode
from tests.unit.sdk.fake_platform import FakePlatform

RETENTION = Retention(mode=RetentionMode.RETENTION_MODE_GOVERNANCE, retain_until_time=Timestamp(seconds=4_000_000_000))


@pytest.fixture(autouse=True)
def bucket(client: Client) -> None:
    client.buckets.create("photos")
    client.objects.put("photos", "k", b"meow")


def test_tags_are_set_as_a_whole(client: Client, fake: FakePlatform) -> None:
    assert dict(client.objects.set_tags("photos", "k", {"a": "b"}).tags) == {"a": "b"}
    assert dict(client.objects.set_tags("photos", "k", {"c": "d"}, version_id="null").tags) == {"c": "d"}
    assert fake.requests["UpdateObject"][-1].version_id == "null"


def test_a_version_is_locked_and_unlocked(client: Client, fake: FakePlatform) -> None:
    assert client.objects.set_retention("photos", "k", RETENTION).retention == RETENTION
    assert not client.objects.set_retention("photos", "k", None, bypass_governance=True).HasField("retention")
    assert fake.requests["UpdateObject"][-1].bypass_governance
    assert client.objects.set_legal_hold("photos", "k", True).legal_hold
    assert not client.objects.set_legal_hold("photos", "k", False).legal_hold


def test_a_put_and_a_copy_say_how_the_new_version_is_marked(client: Client, fake: FakePlatform) -> None:
    algorithms = [ChecksumAlgorithm.CHECKSUM_ALGORITHM_SHA256]
    marks = {"tags": {"a": "b"}, "retention": RETENTION, "legal_hold": True, "checksum_algorithms": algorithms}
    client.objects.put("photos", "k", b"meow", **marks)
    client.objects.copy("photos", "k", "photos", "l", **marks)
    client.objects.copy("photos", "k", "photos", "l")
    put, copied, plain = fake.requests["PutObject"][-1][0], *fake.requests["CopyObject"][-2:]
    for request in (put, copied):
        assert (dict(request.tags), request.retention, request.legal_hold) == ({"a": "b"}, RETENTION, True)
        assert list(request.checksum_algorithms) == algorithms
    assert (copied.replace_tags, plain.replace_tags) == (True, False)


def test_deletes_say_whether_they_bypass_governance(client: Client, fake: FakePlatform) -> None:
    client.objects.delete("photos", "k", version_id="null", bypass_governance=True)
    client.objects.delete_many("photos", ["k"], bypass_governance=True)
    assert fake.requests["DeleteObject"][-1].bypass_governance
    assert fake.requests["DeleteObjects"][-1].bypass_governance


def test_lists_say_where_they_begin(client: Client, fake: FakePlatform) -> None:
    list(client.objects.list("photos", start_after="a/", start_behind_prefix=True))
    list(client.objects.versions("photos", start_after="a", start_after_version_id="v", start_behind_prefix=True))
    assert fake.requests["ListObjects"][-1].start_behind_prefix
    request = fake.requests["ListObjectVersions"][-1]
    assert (request.start_after, request.start_after_version_id, request.start_behind_prefix) == ("a", "v", True)
