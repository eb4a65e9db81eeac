"""Which operation a request is."""

from __future__ import annotations

import botocore.session
import pytest

from portico_server.objects.faces.s3.canonical import decoded_query
from portico_server.objects.faces.s3.operations.table import (
    BUCKET,
    OBJECT,
    OPERATIONS,
    SERVICE,
    check_parameters,
    operation_of,
    verbs_of,
)
from portico_server.objects.faces.s3.request import by_name
from portico_server.platform.errors import ApiError

ANALYSES = ("Analytics", "Inventory", "Metrics", "IntelligentTiering")
RENAMED = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}
"""Of older operations, what they are called now."""


@pytest.mark.parametrize(
    ("level", "verb", "query", "copies", "name"),
    [
        (SERVICE, "GET", b"", False, "ListBuckets"),
        (BUCKET, "GET", b"", False, "ListObjects"),
        (BUCKET, "GET", b"prefix=versions&delimiter=/", False, "ListObjects"),
        (BUCKET, "GET", b"list-type=2&prefix=a", False, "ListObjectsV2"),
        (BUCKET, "GET", b"prefix=a&versions", False, "ListObjectVersions"),
        (BUCKET, "POST", b"delete", False, "DeleteObjects"),
        (BUCKET, "GET", b"location=", False, "GetBucketLocation"),
        (OBJECT, "GET", b"x-id=GetObject", False, "GetObject"),
        (OBJECT, "GET", b"versionId=v&tagging", False, "GetObjectTagging"),
        (OBJECT, "PUT", b"", False, "PutObject"),
        (OBJECT, "PUT", b"", True, "CopyObject"),
        (OBJECT, "PUT", b"partNumber=1&uploadId=u", False, "UploadPart"),
        (OBJECT, "PUT", b"partNumber=1&uploadId=u", True, "UploadPartCopy"),
        (OBJECT, "POST", b"uploads", False, "CreateMultipartUpload"),
        (OBJECT, "GET", b"partNumber=1", False, "GetObject"),
        (OBJECT, "POST", b"select&select-type=2", False, "SelectObjectContent"),
    ],
)
def test_verb_and_query_make_the_operation(level: str, verb: str, query: bytes, copies: bool, name: str) -> None:
    found = operation_of(level, verb, by_name(decoded_query(query)), copies)
    assert found is not None
    assert found.name == name


def test_a_verb_that_a_resource_does_not_know_makes_none() -> None:
    assert operation_of(SERVICE, "DELETE", {}, False) is None
    assert verbs_of(SERVICE, {}) == "GET"
    assert operation_of(OBJECT, "PATCH", {}, False) is None
    assert verbs_of(OBJECT, {"tagging": ""}) == "DELETE, GET, PUT"


def test_each_operation_has_its_own_place_and_name() -> None:
    assert len({(found.level, found.verb, found.selector) for found in OPERATIONS}) == len(OPERATIONS)
    assert len({found.name for found in OPERATIONS}) == len(OPERATIONS)


def test_what_is_refused_says_why() -> None:
    assert [found.name for found in OPERATIONS if found.answer is None and not found.note] == []


ELSEWHERE = {
    "WriteGetObjectResponse": "answers a function that stands before a bucket; there is none",
    "ListObjectAnnotations": "refused as the one of the same query",
    "ListDirectoryBuckets": "asks another host; here it is what ListBuckets is",
    **{f"ListBucket{kind}Configurations": "refused as the one of the same query" for kind in ANALYSES},
}


def test_there_is_no_operation_of_s3_that_would_be_taken_for_another() -> None:
    model = botocore.session.get_session().get_service_model("s3")
    for name in model.operation_names:
        operation = model.operation_model(name)
        http, shape = operation.http, operation.input_shape
        path, _, query = http["requestUri"].partition("?")
        for member in shape.required_members if shape else ():
            told = shape.members[member].serialization
            if told.get("location") == "querystring":
                query += f"&{told['name']}=1"
        level = OBJECT if "{Key+}" in path else BUCKET if "{Bucket}" in path else SERVICE
        parameters = by_name(decoded_query(query.encode()))
        taken_for = operation_of(level, http["method"], parameters, "Copy" in name)
        if name in ELSEWHERE or (taken_for is not None and taken_for.name in (name, RENAMED.get(name))):
            continue
        assert taken_for is not None, name
        with pytest.raises(ApiError):  # newer than the table
            check_parameters(taken_for, parameters)


@pytest.mark.parametrize(
    ("level", "verb", "query", "reason"),
    [
        (OBJECT, "PUT", b"nonsense", "NOT_IMPLEMENTED"),
        (OBJECT, "PUT", b"append&position=1", "NOT_IMPLEMENTED"),
        (OBJECT, "PUT", b"versionId=v", "INVALID_ARGUMENT"),
        (OBJECT, "DELETE", b"partNumber=1", "NOT_IMPLEMENTED"),
        (OBJECT, "POST", b"uploads&versionId=v", "INVALID_ARGUMENT"),
        (BUCKET, "DELETE", b"nonsense", "NOT_IMPLEMENTED"),
        (BUCKET, "DELETE", b"versionId=v", "INVALID_ARGUMENT"),
        (BUCKET, "PUT", b"tagging&acl", "NOT_IMPLEMENTED"),
        (BUCKET, "POST", b"delete&nonsense=1", "NOT_IMPLEMENTED"),
    ],
)
def test_parameters_that_nobody_knows_change_nothing(level: str, verb: str, query: bytes, reason: str) -> None:
    parameters = by_name(decoded_query(query))
    operation = operation_of(level, verb, parameters, False)
    assert operation is not None
    with pytest.raises(ApiError) as raised:
        check_parameters(operation, parameters)
    assert raised.value.reason == reason


@pytest.mark.parametrize(
    ("level", "verb", "query"),
    [
        (OBJECT, "PUT", b"x-id=PutObject&X-Amz-Signature=s&X-Amz-Meta-A=b"),
        (OBJECT, "DELETE", b"versionId=v"),
        (OBJECT, "PUT", b"tagging&versionId=v"),
        (OBJECT, "PUT", b"uploadId=u&partNumber=1"),
        (OBJECT, "POST", b"uploads="),
        (BUCKET, "DELETE", b""),
        (BUCKET, "PUT", b"analytics&id=1"),
        (BUCKET, "GET", b"nonsense"),
    ],
)
def test_parameters_that_are_known_are_taken(level: str, verb: str, query: bytes) -> None:
    parameters = by_name(decoded_query(query))
    operation = operation_of(level, verb, parameters, False)
    assert operation is not None
    check_parameters(operation, parameters)
