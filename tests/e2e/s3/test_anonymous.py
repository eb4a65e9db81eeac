"""Who has not signed is told nothing but that: neither what is wrong with the request nor what there is."""

from __future__ import annotations

from typing import Any

import pytest

from portico_server.objects.faces.s3.operations.table import COPY, OBJECT, OPERATIONS, SERVICE, Operation
from tests.e2e.s3.door import S3Door

SIGNED = [found for found in OPERATIONS if not found.anonymous]


@pytest.mark.parametrize("operation", SIGNED, ids=lambda found: found.name)
def test_nothing_of_a_request_is_looked_at_before_who_sends_it(door: S3Door, operation: Operation) -> None:
    selector, _, copies = operation.selector.partition("+") if operation.selector != COPY else ("", "", COPY)
    path = "/" if operation.level == SERVICE else "/there-is-none" + ("/k" if operation.level == OBJECT else "")
    headers = {"x-amz-copy-source": "nothing"} if copies else {}
    body = b"<junk" if operation.verb in ("PUT", "POST") else b""
    answer = door.request(operation.verb, f"{path}?{selector}", headers, body, signed=False)
    assert answer.status == 403
    assert operation.verb == "HEAD" or answer.error["Code"] == "AccessDenied"


def test_head_is_about_the_bucket_or_the_object_whatever_the_query_says(door: S3Door, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"bytes")
    assert door.request("HEAD", f"/{bucket}?list-type=2").headers["x-amz-bucket-region"] == "us-east-1"
    assert door.request("HEAD", f"/{bucket}/k?tagging").headers["content-length"] == "5"
