"""Tags, retention and legal hold at the S3 door."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.e2e.s3.door import code_of, new_name

LATER = datetime.datetime.now(datetime.UTC).replace(microsecond=0) + datetime.timedelta(days=1)


@pytest.fixture
def locked(s3: Any) -> str:
    name = new_name("locked")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    return name


def test_tags_of_an_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="a=1")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}]
    tags = [{"Key": "b", "Value": "2"}, {"Key": "c d", "Value": ""}]
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": tags})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == tags
    assert s3.head_object(Bucket=bucket, Key="k")["TagCount"] == 2
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []
    assert code_of(s3.get_object_tagging, Bucket=bucket, Key="none") == (404, "NoSuchKey")
    many = {"TagSet": [{"Key": str(number), "Value": ""} for number in range(11)]}
    assert code_of(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=many) == (400, "BadRequest")


def test_a_bucket_says_how_it_locks(s3: Any, locked: str) -> None:
    assert s3.get_bucket_versioning(Bucket=locked)["Status"] == "Enabled"
    configuration = s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"]
    assert configuration == {"ObjectLockEnabled": "Enabled"}
    retention = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": retention}
    s3.put_object_lock_configuration(Bucket=locked, ObjectLockConfiguration=configuration)
    assert s3.get_object_lock_configuration(Bucket=locked)["ObjectLockConfiguration"] == configuration
    s3.put_object(Bucket=locked, Key="k", Body=b"x")
    assert s3.head_object(Bucket=locked, Key="k")["ObjectLockMode"] == "GOVERNANCE"


def test_a_version_under_retention_stays(s3: Any, locked: str) -> None:
    put = s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=LATER)
    version = put["VersionId"]
    kept = s3.get_object_retention(Bucket=locked, Key="k")["Retention"]
    assert kept == {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}
    assert code_of(s3.delete_object, Bucket=locked, Key="k", VersionId=version) == (403, "AccessDenied")
    answer = s3.delete_objects(Bucket=locked, Delete={"Objects": [{"Key": "k", "VersionId": version}, {"Key": "o"}]})
    assert [found["Code"] for found in answer["Errors"]] == ["AccessDenied"]
    assert [found["Key"] for found in answer["Deleted"]] == ["o"]
    s3.delete_object(Bucket=locked, Key="k", VersionId=version, BypassGovernanceRetention=True)


def test_a_version_on_legal_hold_stays(s3: Any, locked: str) -> None:
    version = s3.put_object(Bucket=locked, Key="k", Body=b"x", ObjectLockLegalHoldStatus="ON")["VersionId"]
    assert s3.get_object_legal_hold(Bucket=locked, Key="k")["LegalHold"] == {"Status": "ON"}
    assert s3.head_object(Bucket=locked, Key="k")["ObjectLockLegalHoldStatus"] == "ON"
    assert code_of(s3.delete_object, Bucket=locked, Key="k", VersionId=version) == (403, "AccessDenied")
    s3.put_object_legal_hold(Bucket=locked, Key="k", LegalHold={"Status": "OFF"})
    assert s3.get_object_legal_hold(Bucket=locked, Key="k")["LegalHold"] == {"Status": "OFF"}
    s3.delete_object(Bucket=locked, Key="k", VersionId=version)


def test_retention_becomes_longer_and_not_shorter(s3: Any, locked: str) -> None:
    s3.put_object(Bucket=locked, Key="k", Body=b"x")
    assert code_of(s3.get_object_retention, Bucket=locked, Key="k") == (404, "NoSuchObjectLockConfiguration")
    s3.put_object_retention(Bucket=locked, Key="k", Retention={"Mode": "COMPLIANCE", "RetainUntilDate": LATER})
    longer = {"Mode": "COMPLIANCE", "RetainUntilDate": LATER + datetime.timedelta(days=1)}
    s3.put_object_retention(Bucket=locked, Key="k", Retention=longer)
    assert s3.get_object_retention(Bucket=locked, Key="k")["Retention"] == longer
    shorter = {"Mode": "COMPLIANCE", "RetainUntilDate": LATER}
    for bypass in (False, True):
        assert code_of(
            s3.put_object_retention, Bucket=locked, Key="k", Retention=shorter, BypassGovernanceRetention=bypass
        ) == (403, "AccessDenied")


def test_a_bucket_without_locks_has_none(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    refused = (400, "InvalidRequest")
    retention = {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}
    assert code_of(s3.get_object_retention, Bucket=bucket, Key="k") == refused
    assert code_of(s3.get_object_legal_hold, Bucket=bucket, Key="k") == refused
    assert code_of(s3.put_object_retention, Bucket=bucket, Key="k", Retention=retention) == refused
    assert code_of(s3.put_object_legal_hold, Bucket=bucket, Key="k", LegalHold={"Status": "ON"}) == refused
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", ObjectLockLegalHoldStatus="ON") == refused
