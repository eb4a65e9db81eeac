"""Locked and tagged objects as people use them: by the command line and grpcurl, with what policies let them do."""

from __future__ import annotations

import json

import pytest

from tests.harness import RunningPlatform
from tests.harness.people import Person

BUCKET = "accounts/default/buckets/locked-backup"
NAME = f"{BUCKET}/objects/home.tar"
PLACE = "portico://locked-backup/home.tar"
SERVICE = "objects.v1.ObjectService"
LONG = {"mode": "RETENTION_MODE_GOVERNANCE", "retain_until_time": "2100-01-01T00:00:00Z"}


@pytest.fixture(scope="module")
def admin(platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Who may do everything, and has put an object into a bucket with object lock."""
    admin = Person(platform, platform.profile)
    source = tmp_path_factory.mktemp("home") / "home.tar"
    source.write_bytes(b"bytes")
    admin.portico("objects", "mb", "portico://locked-backup")
    admin.portico("objects", "update", "portico://locked-backup", "--object-lock")
    admin.portico("objects", "cp", source, PLACE)
    return admin


@pytest.fixture(scope="module")
def writer(admin: Person, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """A program that puts, changes and deletes objects, and may neither lock nor unlock."""
    permissions = [f"objects.object.{what}" for what in ("create", "update", "read", "list", "delete")]
    admin.portico("access", "create", "service-accounts", "writer")
    admin.portico("access", "create", "permission-groups", "writers", json.dumps({"permissions": permissions}))
    admin.portico("access", "create", "resource-groups", "locked-backup", json.dumps({"objects": [BUCKET]}))
    admin.portico("access", "grant", "accounts/default/serviceAccounts/writer", "writers", "--on", "locked-backup")
    return admin.with_profile_for("writer", tmp_path_factory.mktemp("writer") / "profile")


def test_tags_and_locks_are_told_by_the_command_line(admin: Person) -> None:
    assert admin.portico("objects", "tag", PLACE, "kind=home") == "kind=home\n"
    assert "under legal hold" in admin.portico("objects", "hold", PLACE, "on")
    version_id = json.loads(admin.portico("objects", "stat", PLACE, "--output", "json"))["versionId"]
    refused = admin.portico("objects", "rm", PLACE, "--version-id", version_id, code=5)
    assert "is under legal hold" in refused
    assert "OBJECT_LOCKED" in refused
    assert "not locked" in admin.portico("objects", "hold", PLACE, "off")
    assert "(governance)" in admin.portico("objects", "lock", PLACE, "governance:30d")
    assert "not locked" in admin.portico("objects", "lock", PLACE, "none", "--bypass-governance")


def test_who_may_write_may_tag_and_neither_lock_nor_unlock(admin: Person, writer: Person) -> None:
    tagged = writer.call(f"{SERVICE}/UpdateObject", name=NAME, tags={"by": "writer"}, update_mask={"paths": ["tags"]})
    assert tagged["object"]["tags"] == {"by": "writer"}
    for field, value in (("legal_hold", True), ("retention", LONG)):
        wanted = {"name": NAME, "update_mask": {"paths": [field]}, field: value}
        refused = writer.refusal(f"{SERVICE}/UpdateObject", **wanted)
        assert refused.code == "PermissionDenied"
        assert "objects.object.lock" in str(refused)
        assert not writer.may(f"{SERVICE}/PutObject", name=f"{BUCKET}/objects/new", **{field: value})
    admin.call(f"{SERVICE}/UpdateObject", name=NAME, retention=LONG, update_mask={"paths": ["retention"]})
    version_id = admin.call(f"{SERVICE}/HeadObject", name=NAME)["object"]["version_id"]
    request = {"name": NAME, "version_id": version_id, "bypass_governance": True}
    refused = writer.refusal(f"{SERVICE}/DeleteObject", **request)
    assert (refused.code, "bypass_governance" in str(refused)) == ("PermissionDenied", True)
    assert admin.call(f"{SERVICE}/DeleteObject", **request)["version_id"] == version_id


def test_a_bucket_with_a_locked_version_is_not_removed_by_force(admin: Person) -> None:
    admin.portico("objects", "mb", "portico://locked-kept")
    admin.portico("objects", "update", "portico://locked-kept", "--object-lock")
    put = {"name": "accounts/default/buckets/locked-kept/objects/k", "legal_hold": True, "data": {"data": "Ynl0ZXM="}}
    admin.call(f"{SERVICE}/PutObject", **put)
    assert "is under legal hold" in admin.portico("objects", "rb", "portico://locked-kept", "--force", "--yes", code=5)
    assert "k" in admin.portico("objects", "ls", "portico://locked-kept")
