"""Each operation that `docs/s3.md` says is answered is tried by a test here; each other one is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from portico_server.objects.faces.s3.operations.table import BUCKET, OPERATIONS, Operation
from tests.e2e.s3.door import S3Door

HERE = Path(__file__).parent
REFUSED = [found for found in OPERATIONS if found.answer is None]


def test_each_operation_that_is_answered_is_called_by_a_test() -> None:
    texts = "".join(path.read_text() for path in HERE.glob("test_*.py"))
    others = {"PostObject"}  # a form that browsers send, no call of boto3
    missing = [
        found.name
        for found in OPERATIONS
        if found.answer is not None and found.name not in others and xform_name(found.name) not in texts
    ]
    assert missing == []


@pytest.mark.parametrize("operation", REFUSED, ids=lambda found: found.name)
def test_what_is_refused_is_refused_by_name(door: S3Door, s3: Any, operation: Operation) -> None:
    path = "/refusing" if operation.level == BUCKET else "/refusing/key"
    answer = door.request(operation.verb, f"{path}?{operation.selector}")
    assert (answer.status, answer.error["Code"]) == (501, "NotImplemented")
    assert answer.error["Message"].startswith(f"{operation.name} is not implemented here; ")


def test_what_can_be_set_to_one_thing_alone_can_be_set_to_that(s3: Any, bucket: str) -> None:
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={})
    s3.put_bucket_request_payment(Bucket=bucket, RequestPaymentConfiguration={"Payer": "BucketOwner"})
    rules = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=rules)
    for call in (
        s3.delete_bucket_encryption,
        s3.delete_public_access_block,
        s3.delete_bucket_website,
        s3.delete_bucket_replication,
    ):
        assert call(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 204
