"""Errors of the contract in S3's names: no field that the door fills is told as the contract calls it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor import Descriptor
from grpc import StatusCode

from portico._buf.validate import validate_pb2
from portico.objects.v1 import buckets_pb2, objects_pb2, uploads_pb2
from portico_server.objects.faces.s3 import errors, wording
from portico_server.platform.errors import ApiError, FieldViolation

FILLED_BY_THE_DOOR = {"bucket.etag", "etag", "request_id", "update_mask"}
"""Which no request of S3 says."""


def methods() -> set[str]:
    """Those of the contract that the door calls."""
    folder = Path(inspect.getfile(wording)).parent
    text = "".join(path.read_text() for path in folder.rglob("*.py"))
    return set(re.findall(r'\b(?:call|stream)\(\s*"([A-Za-z]+)"', text))


def request_of(method: str) -> Descriptor:
    named = f"{method}Request"
    found = next(getattr(module, named) for module in (buckets_pb2, objects_pb2, uploads_pb2) if hasattr(module, named))
    descriptor: Descriptor = found.DESCRIPTOR
    return descriptor


def fields_with_rules(message: Descriptor, path: str = "") -> Iterator[str]:
    for field in message.fields:
        here = f"{path}.{field.name}" if path else field.name
        if field.GetOptions().HasExtension(validate_pb2.field):  # type: ignore[no-untyped-call]
            yield here
        inside: Any = field.message_type
        if inside is not None and inside.file.package.startswith("portico.") and not inside.GetOptions().map_entry:
            yield from fields_with_rules(inside, here)


def test_each_field_that_a_rule_of_the_contract_may_refuse_has_a_name_of_s3() -> None:
    called = methods()
    assert {"CreateBucket", "PutObject", "GetObject", "CompleteMultipartUpload"} <= called
    found = {field for method in called for field in fields_with_rules(request_of(method))}
    assert "bucket.lifecycle_rules.filter.prefix" in found
    nameless = {field for field in found if wording.name_of(field) not in wording.NAMES.values()}
    assert nameless == FILLED_BY_THE_DOOR


def of(field: str, message: str, reason: str = "VALIDATION_FAILED") -> ApiError:
    violations = [FieldViolation(field, message)] if field else []
    return ApiError(StatusCode.INVALID_ARGUMENT, reason, message, violations=violations)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (of("bucket_id", "bucket_id: must not hold '..'"), "the bucket's name must not hold '..'"),
        (of("prefix", "prefix: value length must be at most 9 bytes"), "prefix: value length must be at most 9 bytes"),
        (
            of("bucket.lifecycle_rules[0].filter.tags", "bucket.lifecycle_rules[0].filter.tags: must have 10 at most"),
            "Tag must have 10 at most",
        ),
        (
            of(
                "bucket.lifecycle_rules[3].expire_time",
                "bucket.lifecycle_rules[3].expire_time stands beside expire_after_days",
            ),
            "Date stands beside Days",
        ),
        (of('metadata.custom["a.b"]', 'metadata.custom["a.b"]: must be short'), "x-amz-meta-* must be short"),
        (
            of("retention.retain_until_time", "retention.retain_until_time has passed", "INVALID_FIELD"),
            "The retain until date must be in the future!",
        ),
        (
            of(
                "", "accounts/default/buckets/bkt/objects/a_b.c is kept (bypass_governance lifts that)", "OBJECT_LOCKED"
            ),
            "Access Denied because object protected by object lock. bkt/a_b.c is kept "
            "(x-amz-bypass-governance-retention lifts that)",
        ),
        (of("", "accounts/a/buckets/my.b is being deleted", "BUCKET_BEING_DELETED"), "my.b is being deleted"),
        (
            of(
                "bucket.notification_rules[0].queue",
                "bucket.notification_rules[0].queue must be accounts/a/queues/QUEUE",
            ),
            "Queue must be arn:aws:sqs:auto:a:QUEUE",
        ),
    ],
)
def test_what_is_said_names_what_s3_names(error: ApiError, message: str) -> None:
    assert errors.told(error).message == message
