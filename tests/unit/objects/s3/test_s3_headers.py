"""Headers of S3: conditions, ranges, digests, metadata, tags, locks."""

from __future__ import annotations

import base64
import hashlib
import itertools

import pytest

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3 import (
    byte_ranges,
    checksum_headers,
    conditional_headers,
    lock_headers,
    object_headers,
    refused_headers,
)
from portico_server.platform.errors import ApiError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=5-9", (5, 5)),
        ("bytes=5-", (5, 0)),
        ("bytes=-5", (-5, 0)),
        ("Bytes=1-2", (1, 2)),
        ("bytes=9-5", None),
        ("bytes=0-1,3-4", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("bytes= 1-2", None),
        ("bytes=1 -2", None),
        ("bytes=a-b", None),
        ("bytes=0-99999999999999999999", (0, 5_497_558_138_880)),
    ],
)
def test_one_range_of_bytes_counts_and_all_else_is_passed_over(text: str, expected: tuple[int, int] | None) -> None:
    assert byte_ranges.range_of(text) == expected


@pytest.mark.parametrize("size_bytes", [0, 7, 5_497_558_138_880])
def test_the_last_no_bytes_are_refused(size_bytes: int) -> None:
    wanted = byte_ranges.range_of("bytes=-0")
    assert wanted is not None
    with pytest.raises(ApiError) as raised:
        byte_ranges.resolved(wanted, size_bytes)
    assert (raised.value.reason, raised.value.metadata["size_bytes"]) == ("INVALID_RANGE", str(size_bytes))


@pytest.mark.parametrize("text", ["bytes=0-", "bytes=-5", "bytes=9-5", "0-5", "bytes=0-1,2-3"])
def test_a_copy_needs_both_ends_of_its_range(text: str) -> None:
    with pytest.raises(ApiError) as raised:
        byte_ranges.copy_range_of(text)
    assert raised.value.reason == "INVALID_ARGUMENT"


def test_conditions_come_with_quotes_and_without() -> None:
    found = conditional_headers.conditions_of({"if-match": '"a,b", W/"c" ,d', "if-none-match": "*"})
    assert found is not None
    assert list(found.if_match) == ['"a,b"', 'W/"c"', "d"]
    assert list(found.if_none_match) == ["*"]
    with_one = conditional_headers.conditions_of({"if-match": '"a, b", "c'})
    assert with_one is not None
    assert list(with_one.if_match) == ['"a, b"', "c"]
    assert conditional_headers.conditions_of({"if-match": 'a"'}) == objects_pb2.Conditions(if_match=["a"])


def test_times_are_read_and_what_is_none_is_passed_over() -> None:
    found = conditional_headers.conditions_of({"if-modified-since": "Thu, 01 Jan 1970 00:01:00 GMT"})
    assert found is not None
    assert found.if_modified_since.seconds == 60
    assert conditional_headers.conditions_of({"if-modified-since": "yesterday"}) is None
    assert conditional_headers.conditions_of({"x-amz-copy-source-if-match": "a"}) is None
    assert conditional_headers.conditions_of({"x-amz-copy-source-if-match": "a"}, conditional_headers.SOURCE)


@pytest.mark.parametrize("text", ["", " ", '"', ",", ",".join(["a"] * 65)])
def test_what_is_no_list_of_etags_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as raised:
        conditional_headers.conditions_of({"if-match": text})
    assert raised.value.reason == "INVALID_ARGUMENT"


def test_digests_are_told_from_headers() -> None:
    md5, sha256 = hashlib.md5(b"x").digest(), hashlib.sha256(b"x").digest()
    found = checksum_headers.expected(
        {
            "content-md5": _base64(md5),
            "x-amz-checksum-sha256": _base64(sha256),
            "x-amz-sdk-checksum-algorithm": "SHA256",
        }
    )
    assert found == objects_pb2.Checksums(md5=md5, sha256=sha256)
    assert checksum_headers.expected({"content-length": "1"}) is None


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"content-md5": "no digest"}, "INVALID_DIGEST"),
        ({"content-md5": base64.b64encode(b"short").decode()}, "INVALID_DIGEST"),
        ({"x-amz-checksum-crc32": "AAAAAAA="}, "INVALID_REQUEST"),
        ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "AAAA"}, "INVALID_REQUEST"),
        ({"x-amz-sdk-checksum-algorithm": "CRC32"}, "INVALID_REQUEST"),
    ],
)
def test_what_is_no_digest_is_refused(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        checksum_headers.expected(headers)
    assert raised.value.reason == reason


def test_one_digest_of_an_object_is_told() -> None:
    both = objects_pb2.Checksums(md5=b"m" * 16, crc64nvme=b"c" * 8, sha1=b"s" * 20)
    assert dict(checksum_headers.answer_headers(both)) == {
        "x-amz-checksum-sha1": _base64(b"s" * 20),
        "x-amz-checksum-type": "FULL_OBJECT",
    }
    assert checksum_headers.shown_algorithm(objects_pb2.Checksums(crc64nvme=b"c" * 8)) == "CRC64NVME"
    assert checksum_headers.answer_headers(objects_pb2.Checksums(md5=b"m" * 16)) == []


def test_of_a_serialized_message_the_same_digest_is_told() -> None:
    lengths = {"md5": 16, "sha1": 20, "sha256": 32, "crc32": 4, "crc32c": 4, "crc64nvme": 8}
    for count in range(len(lengths) + 1):
        for fields in itertools.combinations(lengths, count):
            for kind in objects_pb2.ChecksumType.values():
                digests = objects_pb2.Checksums(type=kind)
                for field in fields:
                    setattr(digests, field, bytes(lengths[field]))
                expected = checksum_headers.shown_algorithm(digests), kind
                assert checksum_headers.shown_in(digests.SerializeToString()) == expected


def test_a_composite_digest_says_of_how_many_parts() -> None:
    composite = objects_pb2.Checksums(crc32=b"abcd", type=objects_pb2.CHECKSUM_TYPE_COMPOSITE)
    assert checksum_headers.answer_headers(composite, 3)[0] == ("x-amz-checksum-crc32", "YWJjZA==-3")
    assert checksum_headers.expected_element("CRC32", "YWJjZA==-3") == ("crc32", b"abcd")


def test_a_trailer_is_announced_and_read() -> None:
    assert checksum_headers.announced_in_trailer({"x-amz-trailer": "x-amz-checksum-crc32"}) == "CRC32"
    assert checksum_headers.announced_in_trailer({}) == ""
    with pytest.raises(ApiError):
        checksum_headers.announced_in_trailer({"x-amz-trailer": "x-other"})
    assert checksum_headers.from_trailer({"x-amz-checksum-crc32": "YWJjZA=="}, "CRC32").crc32 == b"abcd"


@pytest.mark.parametrize("value", ["plain", "grüße", "日本", "a b\tc"])
def test_metadata_survive_as_utf8_and_as_encoded_words(value: str) -> None:
    as_sent = value.encode().decode("latin-1")
    assert object_headers.metadata_of({"x-amz-meta-k": as_sent}).custom == {"k": value}
    assert object_headers.metadata_of({"x-amz-meta-k": object_headers.encoded(value)}).custom == {"k": value}
    assert object_headers.encoded(value).isascii()


def test_other_encodings_are_taken_as_they_are() -> None:
    assert object_headers.decoded("caf\xe9") == "café"
    assert object_headers.decoded("=?ISO-8859-1?Q?caf=E9_au?=") == "café au"
    assert object_headers.decoded("=?none?B?!?=") == "=?none?B?!?="


def test_how_a_request_came_is_not_kept_as_the_objects_encoding() -> None:
    assert object_headers.metadata_of({"content-encoding": "aws-chunked"}).content_encoding == ""
    assert object_headers.metadata_of({"content-encoding": "aws-chunked,gzip"}).content_encoding == "gzip"
    assert object_headers.metadata_of({"content-encoding": "deflate, aws-chunked, gzip"}).content_encoding == (
        "deflate, gzip"
    )
    assert object_headers.metadata_of({"content-encoding": "deflate, gzip"}).content_encoding == "deflate, gzip"


def test_too_much_metadata_is_refused() -> None:
    with pytest.raises(ApiError) as raised:
        object_headers.metadata_of({"x-amz-meta-a": "b" * 8192})
    assert raised.value.reason == "METADATA_TOO_LARGE"
    assert object_headers.metadata_of({"x-amz-meta-a": "b" * 8191}).custom["a"]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"x-amz-server-side-encryption": "AES256"}, "NOT_IMPLEMENTED"),
        ({"x-amz-server-side-encryption-customer-algorithm": "AES256"}, "NOT_IMPLEMENTED"),
        ({"x-amz-storage-class": "GLACIER"}, "INVALID_STORAGE_CLASS"),
        ({"x-amz-website-redirect-location": "/"}, "NOT_IMPLEMENTED"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(headers: dict[str, str], reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        refused_headers.check_write(headers)
    assert raised.value.reason == reason


def test_what_holds_anyway_may_be_asked_for() -> None:
    refused_headers.check_write({"x-amz-storage-class": "STANDARD"})
    refused_headers.check_write({"x-amz-request-payer": "requester"})


def test_tags_are_read_from_a_header() -> None:
    assert lock_headers.tags_of({"x-amz-tagging": "a=1&b=&c%20d=%C3%BC"}) == {"a": "1", "b": "", "c d": "ü"}
    assert lock_headers.tags_of({}) == {}


@pytest.mark.parametrize(
    ("text", "tags"),
    [("a=b=c&&", {"a": "b=c"}), ("&&", {}), ("a", {"a": ""}), ("&a&b=", {"a": "", "b": ""}), ("a@=b@", {"a@": "b@"})],
)
def test_pairs_that_are_empty_are_passed_over_and_values_end_at_the_next_pair(text: str, tags: dict[str, str]) -> None:
    assert lock_headers.tags_of({"x-amz-tagging": text}) == tags


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a=1&a=2", "INVALID_ARGUMENT"),
        ("=1", "INVALID_ARGUMENT"),
        ("a%=1", "INVALID_ARGUMENT"),
        ("a=%3C", "INVALID_TAG"),
        ("k" * 129 + "=v", "INVALID_TAG"),
        ("k=" + "v" * 257, "INVALID_TAG"),
        ("&".join(f"k{number}=v" for number in range(11)), "BAD_REQUEST"),
    ],
)
def test_what_can_be_no_tags_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        lock_headers.tags_of({"x-amz-tagging": text})
    assert raised.value.reason == reason


def test_a_lock_needs_mode_and_time() -> None:
    mode, until = "x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date"
    found = lock_headers.retention_of({mode: "GOVERNANCE", until: "2030-01-01T00:00:00Z"})
    assert found is not None
    assert found.retain_until_time.seconds == 1_893_456_000
    for headers in (
        {mode: "GOVERNANCE"},
        {until: "2030-01-01"},
        {mode: "X", until: "2030-01-01"},
        {mode: "COMPLIANCE", until: "soon"},
    ):
        with pytest.raises(ApiError):
            lock_headers.retention_of(headers)
    with pytest.raises(ApiError):
        lock_headers.legal_hold_of({"x-amz-object-lock-legal-hold": "yes"})


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
