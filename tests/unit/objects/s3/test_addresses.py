"""Which bucket and key a request is about."""

from __future__ import annotations

import pytest

from portico_server.objects.faces.s3.addresses import Address, Hosts
from portico_server.platform.errors import ApiError

HOSTS = Hosts(["localhost", "s3.example.com"])


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("localhost:9000", b"/", Address("", "", "")),
        ("localhost", b"", Address("", "", "")),
        ("localhost:9000", b"/bucket", Address("", "bucket", "")),
        ("localhost:9000", b"/bucket/", Address("", "bucket", "")),
        ("localhost", b"/bucket/a/b", Address("", "bucket", "a/b")),
        ("localhost", b"/bucket//a//", Address("", "bucket", "/a//")),
        ("127.0.0.1:9000", b"/bucket/key", Address("", "bucket", "key")),
        ("[::1]:9000", b"/bucket/key", Address("", "bucket", "key")),
        ("", b"/dotted.bucket/key", Address("", "dotted.bucket", "key")),
        ("bucket.s3.example.com", b"/", Address("", "bucket", "")),
        ("BUCKET.S3.Example.com.:443", b"/key", Address("", "bucket", "key")),
        ("bucket.acme.s3.example.com", b"/a/b", Address("acme", "bucket", "a/b")),
        ("elsewhere.example.com", b"/bucket/key", Address("", "bucket", "key")),
    ],
)
def test_host_and_path_name_account_bucket_and_key(host: str, path: bytes, expected: Address) -> None:
    assert HOSTS.address(host, path) == expected


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"a+b", "a+b"),
        (b"a%20b", "a b"),
        (b"a%2Fb%252F", "a/b%2F"),
        (b"gr%C3%BC%C3%9Fe", "grüße"),
        ("grüße".encode(), "grüße"),
        (b"%F0%9F%98%80", "😀"),
        (b"./../.", "./../."),
        (b"%3Fa%26b%3Dc", "?a&b=c"),
        (b"%01%0A%7F", "\x01\n\x7f"),
    ],
)
def test_keys_are_decoded_once_and_left_as_they_are(raw: bytes, key: str) -> None:
    assert HOSTS.address("localhost", b"/bucket/" + raw).key == key
    assert HOSTS.address("bucket.localhost", b"/" + raw).key == key


@pytest.mark.parametrize(
    ("host", "path", "reason"),
    [
        ("localhost", b"/bucket/%ff", "INVALID_URI"),
        ("localhost", b"/bucket/a%00b", "INVALID_URI"),
        ("localhost", b"/B/key", "INVALID_BUCKET_NAME"),
        ("localhost", b"/bu_cket/key", "INVALID_BUCKET_NAME"),
        ("localhost", b"//key", "INVALID_BUCKET_NAME"),
        ("localhost", b"/" + b"b" * 64, "INVALID_BUCKET_NAME"),
        ("a.dotted.bucket.localhost", b"/key", "INVALID_URI"),
        ("localhost", b"/bucket/" + b"k" * 1025, "KEY_TOO_LONG_ERROR"),
        ("localhost", b"/bucket/" + "ü".encode() * 513, "KEY_TOO_LONG_ERROR"),
    ],
)
def test_what_names_none_is_refused(host: str, path: bytes, reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        HOSTS.address(host, path)
    assert raised.value.reason == reason


def test_a_key_may_have_as_many_bytes_as_s3_allows() -> None:
    assert len(HOSTS.address("localhost", b"/bucket/" + b"k" * 1024).key) == 1024


def test_a_name_with_s3_before_it_is_the_platform_too() -> None:
    assert HOSTS.address("s3.localhost:9000", b"/photos/a") == ("", "photos", "a")
    assert HOSTS.address("photos.s3.localhost", b"/a") == ("", "photos", "a")
    assert HOSTS.address("photos.team.s3.localhost", b"/a") == ("team", "photos", "a")
