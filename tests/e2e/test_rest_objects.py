"""Objects by REST: raw bytes both ways, every key, ranges and conditions in the query, no half answer for a whole."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.calls import ACCOUNT, Objects
from tests.harness import Response, RunningPlatform
from tests.harness.clients import TIMEOUT_SECONDS
from tests.harness.credentials import ssl_context

INLINE_BYTES = 16 * 1024
LARGE_BYTES = 32 * 1024 * 1024


@pytest.fixture(scope="module")
def objects(platform: RunningPlatform) -> Iterator[Objects]:
    with platform.channel() as channel:
        yield Objects(channel)


@pytest.fixture
def bucket(objects: Objects) -> str:
    return objects.make_bucket()


def path(bucket: str, key: str) -> str:
    """An object's path as a client writes it that encodes everything."""
    return f"/v1/{bucket}/objects/{quote(key, safe='')}"


def reason_of(response: Response) -> str:
    reason: str = response.json()["details"][0]["reason"]
    return reason


@pytest.mark.parametrize("size", [0, 1, INLINE_BYTES, INLINE_BYTES + 1, 5_000_000])
def test_bytes_come_back_as_they_were_sent(platform: RunningPlatform, bucket: str, size: int) -> None:
    content = os.urandom(size)
    put = platform.http("PUT", path(bucket, "a"), body=content, headers={"content-type": "text/x-y; charset=latin1"})
    assert put.json()["object"].get("sizeBytes", "0") == str(size)
    got = platform.http("GET", path(bucket, "a"))
    assert (got.status, got.body) == (200, content)
    assert got.headers["content-type"] == "text/x-y; charset=latin1"
    assert got.headers["content-length"] == str(size)


def test_an_upload_need_not_say_how_long_it_is(platform: RunningPlatform, bucket: str) -> None:
    pieces = [os.urandom(100_000) for _ in range(50)]
    put = platform.http("PUT", path(bucket, "a"), body=iter(pieces))
    assert put.json()["object"]["sizeBytes"] == "5000000"
    assert platform.http("GET", path(bucket, "a")).body == b"".join(pieces)


def test_an_object_without_a_content_type_is_a_stream_of_octets(platform: RunningPlatform, bucket: str) -> None:
    platform.http("PUT", path(bucket, "a"), body=b"x")
    assert platform.http("GET", path(bucket, "a")).headers["content-type"] == "application/octet-stream"


def test_a_download_says_in_headers_what_it_is(platform: RunningPlatform, bucket: str) -> None:
    query = "?metadata.cache_control=no-store&metadata.content_disposition=attachment"
    put = platform.http("PUT", path(bucket, "a") + query, body=b"abc").json()["object"]
    headers = platform.http("GET", path(bucket, "a")).headers
    assert headers["etag"] == f'"{put["etag"]}"'
    assert headers["cache-control"] == "no-store"
    assert headers["content-disposition"] == "attachment"
    assert headers["x-portico-version-id"] == "null"
    assert parsedate_to_datetime(headers["last-modified"]).isoformat()[:19] == put["createTime"][:19]
    assert re.fullmatch("[0-9a-f]{32}", headers["x-ray-id"])


def test_an_upload_that_is_broken_off_leaves_nothing(platform: RunningPlatform, objects: Objects, bucket: str) -> None:
    with platform.connect() as connection:
        head = f"PUT {path(bucket, 'a')} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {platform.token}\r\n"
        connection.sendall(f"{head}content-length: 1000000\r\n\r\n".encode() + bytes(500_000))
    platform.http("PUT", path(bucket, "later"), body=b"x")
    assert objects.keys(bucket) == ["later"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, for HTTP/2")
def test_an_upload_that_ends_before_its_length_leaves_nothing(
    platform: RunningPlatform, objects: Objects, bucket: str, tmp_path: Path
) -> None:
    """Over HTTP/2 a stream may end well though the bytes that were announced have not come."""
    (tmp_path / "sent").write_bytes(bytes(30_000))
    upload = ("--header", "content-length: 40000", "--request", "PUT", "--data-binary", f"@{tmp_path / 'sent'}")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        curl(platform, path(bucket, "a"), "--http2", *upload)
    assert failed.value.returncode == 92, "the stream was reset"
    assert objects.keys(bucket) == []


ODD_KEYS = [
    *("a b", "a%b", "a+b", "a?b", "a#b", "a&b=c", "a;b", "a:copy", ":delete", "a%2Fb", "a%252Fb", "%", "%zz"),
    *("é", "e\u0301", "日本/語", "😀", "\u2028", "\u202e", "\ufeff", "a//b", "//", "/", "/a", "a/", "a//"),
    *(".", "..", "../a", "a/../b", "a/./b", "../../other/objects/x", "a\\b", "\t", "a\r\nb", "\x7f", "'\"<>[]|^`~"),
    *("*", "**", "{name}", "objects", "metadata", "x" * 1024, "é" * 512),
]


def test_every_key_is_its_own_object(platform: RunningPlatform, objects: Objects, bucket: str) -> None:
    for key in ODD_KEYS:
        response = platform.http("PUT", path(bucket, key), body=key.encode())
        assert response.status == 200, (key, response.body)
    assert objects.keys(bucket) == sorted(ODD_KEYS, key=str.encode)
    for key in ODD_KEYS:
        assert platform.http("GET", path(bucket, key)).body == key.encode()
    assert objects.keys(bucket, prefix="é") == [key for key in ODD_KEYS if key.startswith("é")]


PLAIN_SEGMENTS = {
    "a/../b": "a/../b",
    "./a": "./a",
    "..": "..",
    "../../../other/buckets/b/objects/x": "../../../other/buckets/b/objects/x",
    "%2e%2e/a": "../a",
    "a//b": "a//b",
    "/a": "/a",
    "a%2F": "a/",
    "a%5cb": "a\\b",
    "a+b": "a+b",
    "a;b=c": "a;b=c",
    "%zz": "%zz",
    "a%3Fb": "a?b",
}
"""What stands in a path, and the key that it means: nothing but percent-encoding is undone."""


@pytest.mark.parametrize(("sent", "key"), PLAIN_SEGMENTS.items())
def test_no_path_is_made_another_path(
    platform: RunningPlatform, objects: Objects, bucket: str, sent: str, key: str
) -> None:
    assert platform.http("PUT", f"/v1/{bucket}/objects/{sent}", body=b"x").status == 200
    assert objects.keys(bucket) == [key]


@pytest.mark.parametrize(
    "sent",
    ["a/", "a//", "a?", "a?b", "a?b&c", "a?limit_bytes", "a?name={bucket}/objects/b", "a?n%61me={bucket}/objects/b"],
)
@pytest.mark.parametrize("verb", ["PUT", "GET", "DELETE"])
def test_a_path_that_could_mean_another_object_is_refused(
    platform: RunningPlatform, objects: Objects, bucket: str, verb: str, sent: str
) -> None:
    for key in "ab":
        objects.put(f"{bucket}/objects/{key}", b"kept")
    sent_path = f"/v1/{bucket}/objects/{sent.format(bucket=bucket)}"
    response = platform.http(verb, sent_path, body=b"new" if verb == "PUT" else None)
    assert (response.status, reason_of(response)) in {(400, "PATH_MISMATCH"), (400, "REQUEST_MALFORMED")}
    assert [objects.get(f"{bucket}/objects/{key}") for key in "ab"] == [b"kept", b"kept"]


@pytest.mark.parametrize("sent", ["", "/", "%00", "x" * 1025, "%ff", "a#b"])
def test_what_is_no_key_is_refused(platform: RunningPlatform, objects: Objects, bucket: str, sent: str) -> None:
    assert platform.http("PUT", f"/v1/{bucket}/objects/{sent}", body=b"x").status == 400
    assert objects.keys(bucket) == []


@pytest.mark.parametrize("other", ["bucket.name={other}", "bucket.etag=x&bucket.name={other}"])
def test_the_query_cannot_name_another_bucket_than_the_path(
    platform: RunningPlatform, objects: Objects, bucket: str, other: str
) -> None:
    query = other.format(other=objects.make_bucket())
    body = {"versioning": "VERSIONING_ENABLED"}
    response = platform.http("PATCH", f"/v1/{bucket}?update_mask=versioning&{query}", json_body=body)
    assert response.status == 400


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("offset_bytes=2", b"cdef"),
        ("offset_bytes=2&limit_bytes=3", b"cde"),
        ("offsetBytes=-2", b"ef"),
        ("limit_bytes=100", b"abcdef"),
        ("version_id=null", b"abcdef"),
    ],
)
def test_a_part_is_asked_for_in_the_query(platform: RunningPlatform, bucket: str, query: str, content: bytes) -> None:
    platform.http("PUT", path(bucket, "a"), body=b"abcdef")
    response = platform.http("GET", f"{path(bucket, 'a')}?{query}")
    assert (response.status, response.body) == (200, content)
    assert response.headers["content-length"] == str(len(content))


def test_a_part_behind_the_end_is_refused(platform: RunningPlatform, bucket: str) -> None:
    platform.http("PUT", path(bucket, "a"), body=b"abcdef")
    response = platform.http("GET", f"{path(bucket, 'a')}?offset_bytes=7")
    assert (response.status, reason_of(response)) == (400, "INVALID_RANGE")


def test_conditions_stand_in_the_query(platform: RunningPlatform, bucket: str) -> None:
    def asked(verb: str, query: str) -> tuple[int, str]:
        body = b"new" if verb == "PUT" else None
        response = platform.http(verb, f"{path(bucket, 'a')}?conditions.{query}", body=body)
        return response.status, "" if response.status == 200 else reason_of(response)

    assert asked("PUT", "if_match=*") == (400, "ETAG_MISMATCH")
    assert asked("PUT", "if_none_match=*") == (200, "")
    assert asked("PUT", "if_none_match=*") == (400, "OBJECT_EXISTS")
    etag = platform.http("GET", path(bucket, "a")).headers["etag"].strip('"')
    assert asked("GET", f"if_match=other&conditions.if_match={etag}") == (200, "")
    assert asked("GET", f"if_none_match={etag}") == (400, "NOT_MODIFIED")
    assert asked("GET", "if_modified_since=2099-01-01T00:00:00Z") == (400, "NOT_MODIFIED")
    assert asked("DELETE", "if_unmodified_since=2001-01-01T00:00:00Z") == (400, "MODIFIED")
    assert asked("PUT", f"if_match={etag}") == (200, "")


def test_conditions_stand_in_the_headers_of_http(platform: RunningPlatform, bucket: str) -> None:
    def asked(verb: str, header: str, value: str, at: str = path(bucket, "a")) -> str:
        body = b"new" if verb == "PUT" else None
        response = platform.http(verb, at, body=body, headers={header: value})
        return "" if response.status == 200 else reason_of(response)

    future, past = "Thu, 01 Jan 2099 00:00:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"
    assert asked("PUT", "if-match", "*") == "ETAG_MISMATCH"
    assert asked("PUT", "if-none-match", "*") == ""
    assert asked("PUT", "if-none-match", "*") == "OBJECT_EXISTS"
    headers = platform.http("GET", path(bucket, "a")).headers
    for at in (path(bucket, "a"), f"/v1/metadata/{bucket}/objects/a"):
        assert asked("GET", "if-none-match", f'"other", W/{headers["etag"]}', at) == "NOT_MODIFIED"
        assert asked("GET", "if-modified-since", headers["last-modified"], at) == "NOT_MODIFIED"
        assert asked("GET", "if-modified-since", past, at) == ""
        assert asked("GET", "if-match", headers["etag"], at) == ""
    assert asked("DELETE", "if-match", '"nope"') == "ETAG_MISMATCH"
    assert asked("DELETE", "if-match", "nope") == "INVALID_FIELD"
    assert asked("DELETE", "if-unmodified-since", past) == "MODIFIED"
    assert asked("PUT", "if-modified-since", future) == ""
    assert asked("PUT", "if-match", headers["etag"]) == ""
    assert asked("DELETE", "if-match", headers["etag"]) == ""


def test_two_lines_of_a_header_are_one_list(platform: RunningPlatform, bucket: str) -> None:
    etag = platform.http("PUT", path(bucket, "a"), body=b"x").json()["object"]["etag"]
    with platform.connect() as connection:
        head = f"DELETE {path(bucket, 'a')} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {platform.token}\r\n"
        head += f'if-none-match: "{etag}"\r\nif-none-match: "other"\r\nconnection: close\r\n\r\n'
        connection.sendall(head.encode())
        assert b" 400 " in connection.recv(1024)
    assert platform.http("GET", path(bucket, "a")).body == b"x"


def test_the_md5_of_http_is_compared(platform: RunningPlatform, objects: Objects, bucket: str) -> None:
    def put(content: bytes, md5: bytes) -> Response:
        return platform.http(
            "PUT", path(bucket, "a"), body=content, headers={"content-md5": base64.b64encode(md5).decode()}
        )

    for content in (b"small", bytes(100_000)):
        assert reason_of(put(content, bytes(16))) == "BAD_DIGEST"
        assert objects.keys(bucket) == []
    assert put(b"small", hashlib.md5(b"small").digest()).status == 200


@pytest.mark.parametrize("size", [3, 5_000_000])
def test_an_upload_says_in_headers_what_it_is(platform: RunningPlatform, bucket: str, size: int) -> None:
    said = {
        "content-encoding": "gzip",
        "content-disposition": "attachment",
        "content-language": "de",
        "cache-control": "no-store",
        "expires": "Thu, 01 Jan 2099 00:00:00 GMT",
    }
    query = "?metadata.cache_control=private"
    assert platform.http("PUT", path(bucket, "a") + query, body=bytes(size), headers=said).status == 200
    headers = platform.http("GET", path(bucket, "a")).headers
    assert {name: headers[name] for name in said} == {**said, "cache-control": "private"}


def test_a_download_says_that_it_takes_no_ranges_and_is_whole(platform: RunningPlatform, bucket: str) -> None:
    platform.http("PUT", path(bucket, "a"), body=b"abcdef")
    response = platform.http("GET", path(bucket, "a"), headers={"range": "bytes=1-2"})
    assert (response.status, response.headers["accept-ranges"], response.body) == (200, "none", b"abcdef")


def test_a_download_whose_bytes_are_lost_on_the_way_is_never_taken_for_whole(
    platform: RunningPlatform, bucket: str
) -> None:
    put = platform.http("PUT", path(bucket, "a"), body=bytes(LARGE_BYTES))
    assert put.status == 200
    response, connection = reading(platform, path(bucket, "a"))
    try:
        response.read(1024)
        os.truncate(largest_file(platform.data / "blobs" / "objects"), LARGE_BYTES // 2)
        with pytest.raises((http.client.IncompleteRead, OSError)):
            response.read()
    finally:
        connection.close()


def test_a_download_survives_the_deletion_of_its_object(platform: RunningPlatform, bucket: str) -> None:
    platform.http("PUT", path(bucket, "a"), body=bytes(LARGE_BYTES))
    response, connection = reading(platform, path(bucket, "a"))
    try:
        received = len(response.read(1024))
        assert platform.http("DELETE", path(bucket, "a")).status == 200
        assert received + len(response.read()) == LARGE_BYTES
    finally:
        connection.close()


def reading(platform: RunningPlatform, path: str) -> tuple[http.client.HTTPResponse, http.client.HTTPSConnection]:
    """A download that has begun."""
    context = ssl_context(platform.authority, platform.certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", platform.port, context=context, timeout=TIMEOUT_SECONDS)
    connection.request("GET", path, headers={"authorization": f"Bearer {platform.token}"})
    response = connection.getresponse()
    assert response.status == 200
    return response, connection


def largest_file(folder: Path) -> Path:
    return max((found for found in folder.rglob("*") if found.is_file()), key=lambda found: found.stat().st_size)


@pytest.mark.parametrize("sizes", [[2_000_000], [100_000] * 20])
def test_a_json_stream_that_breaks_is_reset(platform: RunningPlatform, sizes: list[int]) -> None:
    fields = {"sizes_bytes": sizes, "status": {"code": 13, "message": "broken"}}
    with pytest.raises((http.client.IncompleteRead, OSError)):
        platform.http("POST", f"/v1/testing/{ACCOUNT}/tests/a:stream", json_body=fields)


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, for HTTP/2")
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_moves_an_object_over_both_versions_of_http(
    platform: RunningPlatform, bucket: str, tmp_path: Path, version: str
) -> None:
    content = os.urandom(3_000_000)
    (tmp_path / "sent").write_bytes(content)
    put = curl(platform, path(bucket, "a b"), version, "--upload-file", tmp_path / "sent")
    assert b'"sizeBytes":"3000000"' in put
    piped = curl(platform, path(bucket, "piped"), version, "--upload-file", "-", "--header", "content-type: a/b")
    assert b'"contentType":"a/b"' in piped
    assert curl(platform, path(bucket, "a b"), version) == content


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, for HTTP/2")
def test_a_broken_stream_is_an_error_over_http_2_too(platform: RunningPlatform) -> None:
    fields = '{"sizes_bytes": [2000000, 10], "status": {"code": 13, "message": "broken"}}'
    with pytest.raises(subprocess.CalledProcessError) as failed:
        curl(platform, f"/v1/testing/{ACCOUNT}/tests/a:stream", "--http2", "--data", fields)
    assert failed.value.returncode == 92, "an HTTP/2 stream that was not closed cleanly"


def curl(platform: RunningPlatform, path: str, *arguments: Any) -> bytes:
    """What curl prints; the token comes from a file, as in the README. Raises CalledProcessError."""
    (platform.profile / "curl.conf").write_text(f'header = "authorization: Bearer {platform.token}"\n')
    credentials = ("--cacert", "ca.pem", "--cert", "client.pem", "--key", "client.key", "--config", "curl.conf")
    command = ["curl", "--silent", "--max-time", "20", *credentials, *map(str, arguments)]
    done = subprocess.run(
        [*command, f"https://{platform.address}{path}"],
        cwd=platform.profile,
        input=b"from a pipe",
        capture_output=True,
        check=True,
    )
    return done.stdout
