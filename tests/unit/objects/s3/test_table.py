"""Which operation a request is."""

from __future__ import annotations

import pytest

from portico_server.objects.faces.s3.canonical import decoded_query
from portico_server.objects.faces.s3.operations.table import BUCKET, OBJECT, OPERATIONS, SERVICE, operation_of, verbs_of
from portico_server.objects.faces.s3.request import by_name


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
