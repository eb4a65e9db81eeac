"""Errors by REST: each has its HTTP status and is JSON of one shape, whoever refuses."""

from __future__ import annotations

import http.client
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.calls import ACCOUNT, Objects
from tests.harness import Response, RunningPlatform

UNARY = f"/v1/testing/{ACCOUNT}/tests/a"
BUCKETS = f"/v1/{ACCOUNT}/buckets"

STATUSES = {
    1: 499,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    11: 400,
    12: 501,
    13: 500,
    14: 503,
    15: 500,
    16: 401,
}
"""The HTTP status of each google.rpc.Code, as Envoy and google/rpc/code.proto have it."""


@pytest.fixture(scope="module")
def bucket(platform: RunningPlatform) -> Iterator[str]:
    with platform.channel() as channel:
        objects = Objects(channel)
        made = objects.make_bucket()
        objects.put(f"{made}/objects/a", b"abc")
        yield made


def details(response: Response) -> dict[str, dict[str, Any]]:
    """The details of an error by the name of their type; asserts the shape that every error has."""
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body.keys() == {"code", "message", "details"}
    assert body["message"]
    return {detail["@type"].rpartition(".")[2]: detail for detail in body["details"]}


def reason_of(response: Response) -> str:
    info = details(response)["ErrorInfo"]
    assert info["domain"] == "portico"
    reason: str = info["reason"]
    return reason


@pytest.mark.parametrize(("code", "status"), STATUSES.items())
def test_each_code_that_a_servicer_aborts_with_has_its_http_status(
    platform: RunningPlatform, code: int, status: int
) -> None:
    response = platform.http("POST", UNARY, json_body={"status": {"code": code, "message": "as told"}})
    assert response.status == status
    assert response.json() == {"code": code, "message": "as told"}
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-ray-id"]


def test_a_path_with_a_fragment_is_refused_with_what_to_write_instead(platform: RunningPlatform) -> None:
    response = platform.http("GET", f"{BUCKETS}/a#b")
    assert response.status == 400
    assert reason_of(response) == "REQUEST_MALFORMED"
    assert response.json()["message"] == "the path has a #: write it as %23"


def test_a_bad_id_is_told_in_words(platform: RunningPlatform) -> None:
    response = platform.http("POST", f"/v1/{ACCOUNT}/groups?groupId=A_B", json_body={})
    message = response.json()["message"]
    assert "1 to 63 lower-case letters, digits and hyphens, beginning with a letter or digit" in message
    assert "[" not in message


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (f"{BUCKETS}/NONE", "name: must be accounts/ACCOUNT/buckets/BUCKET, and BUCKET 3 to 63 lower-case letters"),
        (
            f"{BUCKETS}/BAD/objects/k",
            "name: must be accounts/ACCOUNT/buckets/BUCKET/objects/OBJECT, and BUCKET 3 to 63",
        ),
        (
            f"/v1/{ACCOUNT}/queues/NO_NAME/notifications",
            "parent: must be accounts/ACCOUNT/queues/QUEUE, and QUEUE 1 to 63",
        ),
    ],
)
def test_a_name_that_is_none_is_told_with_the_part_that_is_wrong(
    platform: RunningPlatform, path: str, told: str
) -> None:
    response = platform.http("GET", path)
    assert (response.status, reason_of(response)) == (400, "INVALID_NAME")
    assert response.json()["message"].startswith(told)


PLATFORMS_OWN: list[tuple[str, str, str, Any, int, str, set[str]]] = [
    ("GET", "/v1/{bucket}/objects/none", "nothing there", None, 404, "OBJECT_NOT_FOUND", set()),
    ("GET", f"{BUCKETS}/none-here", "no such bucket", None, 404, "BUCKET_NOT_FOUND", set()),
    ("GET", f"{BUCKETS}/NONE", "a bad name", None, 400, "INVALID_NAME", {"BadRequest"}),
    ("GET", f"{BUCKETS}?page_size=-1", "a bad field", None, 400, "VALIDATION_FAILED", {"BadRequest"}),
    ("GET", f"{BUCKETS}?page_token=x", "a forged token", None, 400, "INVALID_PAGE_TOKEN", {"BadRequest"}),
    ("GET", f"{BUCKETS}?prefix=%00", "a NUL", None, 400, "VALIDATION_FAILED", {"BadRequest"}),
    ("GET", f"{BUCKETS}?prefix=%ff", "text that is not UTF-8", None, 400, "TEXT_MALFORMED", set()),
    ("GET", "/v1/{bucket}/objects/%ff", "a name that is not UTF-8", None, 400, "TEXT_MALFORMED", set()),
    ("GET", "/v1/{bucket}/objects/a?offset_bytes=9", "a range behind", None, 400, "INVALID_RANGE", set()),
    (
        "GET",
        "/v1/{bucket}/objects/a?conditions.if_match=other",
        "a condition",
        None,
        400,
        "ETAG_MISMATCH",
        {"PreconditionFailure"},
    ),
    ("DELETE", "/v1/{bucket}", "not empty", None, 400, "BUCKET_NOT_EMPTY", {"PreconditionFailure"}),
    ("POST", f"{BUCKETS}?bucket_id={{bucket_id}}", "there already", {}, 409, "BUCKET_ALREADY_EXISTS", set()),
    ("PATCH", "/v1/{bucket}?update_mask=versioning", "changed", {"etag": "old"}, 409, "ETAG_MISMATCH", set()),
    ("GET", "/v1/accounts/other/buckets/some", "another account", None, 403, "PERMISSION_DENIED", set()),
    ("GET", "/v1/operations/objects/none", "no such operation", None, 404, "OPERATION_NOT_FOUND", set()),
    ("GET", "/v1/testing:unimplemented", "not implemented", None, 501, "METHOD_UNKNOWN", set()),
    ("POST", UNARY, "a crash", {"crash": True}, 500, "INTERNAL", set()),
]


@pytest.mark.parametrize(
    ("verb", "path", "what", "body", "status", "reason", "more"), PLATFORMS_OWN, ids=[row[2] for row in PLATFORMS_OWN]
)
def test_an_error_of_the_platform_says_why_and_where_to_look(
    platform: RunningPlatform,
    bucket: str,
    verb: str,
    path: str,
    what: str,
    body: Any,
    status: int,
    reason: str,
    more: set[str],
) -> None:
    sent = path.format(bucket=bucket, bucket_id=bucket.rpartition("/")[2])
    response = platform.http(verb, sent, json_body=body)
    assert (response.status, reason_of(response)) == (status, reason), response.body
    found = details(response)
    assert found.keys() == {"ErrorInfo"} | more
    assert found["ErrorInfo"]["metadata"]["ray_id"] == response.headers["x-ray-id"]
    if "BadRequest" in more:
        assert found["BadRequest"]["fieldViolations"][0]["field"]


def test_a_deadline_that_has_passed_is_504(platform: RunningPlatform) -> None:
    response = platform.http("POST", UNARY, json_body={"delay_millis": 10_000}, headers={"grpc-timeout": "50m"})
    assert (response.status, reason_of(response)) == (504, "DEADLINE_EXCEEDED")


@pytest.mark.parametrize(("token", "reason"), [(None, "TOKEN_MISSING"), ("garbage", "TOKEN_MALFORMED")])
def test_who_is_not_known_gets_401_and_how_to_make_oneself_known(
    platform: RunningPlatform, token: str | None, reason: str
) -> None:
    response = platform.http("GET", BUCKETS, token=token)
    assert (response.status, reason_of(response)) == (401, reason)
    assert response.headers["www-authenticate"].startswith("Bearer")


DOORS_OWN = [
    ("GET", "/v1/nothing-here", "an unknown path", {}, None, 404, "PATH_UNKNOWN"),
    ("GET", "/", "the root", {}, None, 404, "PATH_UNKNOWN"),
    ("PUT", BUCKETS, "a verb that the path does not have", {}, b"{}", 405, "METHOD_NOT_ALLOWED"),
    ("GET", "/portico.objects.v1.BucketService/ListBuckets", "gRPC by GET", {}, None, 405, "METHOD_NOT_ALLOWED"),
    (
        "POST",
        "/portico.objects.v1.BucketService/ListBuckets",
        "gRPC in XML",
        {"content-type": "application/xml"},
        b"<x/>",
        415,
        "CONTENT_TYPE_UNKNOWN",
    ),
    ("POST", f"{BUCKETS}?bucket_id=never-made", "bad JSON", {}, b'{"versioning": ', 400, "REQUEST_MALFORMED"),
    ("POST", f"{BUCKETS}?bucket_id=never-made", "bad UTF-8", {}, b'{"etag": "\xff"}', 400, "REQUEST_MALFORMED"),
    ("POST", f"{BUCKETS}?bucket_id=never-made", "a bad enum", {}, b'{"versioning": {}}', 400, "REQUEST_MALFORMED"),
    ("GET", f"{BUCKETS}?surprise=1", "an unknown parameter", {}, None, 400, "REQUEST_MALFORMED"),
    ("GET", f"{BUCKETS}?page_size=many", "a number that is none", {}, None, 400, "REQUEST_MALFORMED"),
    ("GET", BUCKETS, "a huge header", {"x-large": "a" * 70_000}, None, 431, "HEADERS_TOO_LARGE"),
    ("GET", BUCKETS, "too many headers", {f"x-{number}": "a" for number in range(250)}, None, 431, "HEADERS_TOO_LARGE"),
    ("POST", f"{BUCKETS}?bucket_id=never-made", "a huge body", {}, b" " * 12_000_000, 413, "REQUEST_TOO_LARGE"),
]


@pytest.mark.parametrize(
    ("verb", "path", "what", "headers", "body", "status", "reason"), DOORS_OWN, ids=[row[2] for row in DOORS_OWN]
)
def test_what_is_refused_before_it_is_a_call_is_told_the_same_way_without_a_ray(
    platform: RunningPlatform,
    verb: str,
    path: str,
    what: str,
    headers: dict[str, str],
    body: bytes | None,
    status: int,
    reason: str,
) -> None:
    response = platform.http(verb, path, headers=headers, body=body)
    assert (response.status, reason_of(response)) == (status, reason), response.body
    assert "x-ray-id" not in response.headers
    assert "metadata" not in details(response)["ErrorInfo"], "nothing of Envoy's inside"


ODDITIES = [
    ("no host", "GET /v1/x HTTP/1.1", 400, "REQUEST_MALFORMED", "send the header Host"),
    ("no HTTP", "\0\1garbage", 400, "REQUEST_MALFORMED", "cannot be read"),
    ("a header's name with a space", "GET / HTTP/1.1\r\nhost: a\r\nx y: b", 400, "REQUEST_MALFORMED", "cannot be read"),
    (
        "an upgrade",
        "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket",
        403,
        "UPGRADE_REFUSED",
        "",
    ),
    ("every path", "OPTIONS * HTTP/1.1\r\nhost: a", 404, "PATH_UNKNOWN", "nothing answers"),
    ("an old protocol", "GET / HTTP/1.0\r\nhost: a", 426, "PROTOCOL_UNKNOWN", "HTTP/1.1 and HTTP/2"),
    (
        "an encoding",
        "PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip",
        501,
        "TRANSFER_ENCODING_UNKNOWN",
        "chunked",
    ),
]


@pytest.mark.parametrize(
    ("request_head", "status", "reason", "told"), [row[1:] for row in ODDITIES], ids=[row[0] for row in ODDITIES]
)
def test_what_is_hardly_http_gets_the_same_json_and_never_an_empty_message(
    platform: RunningPlatform, request_head: str, status: int, reason: str, told: str
) -> None:
    with platform.connect() as connection:
        connection.sendall(f"{request_head}\r\n\r\n".encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        response = Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    assert (response.status, reason_of(response)) == (status, reason), response.body
    assert told in response.json()["message"]


def test_json_is_read_whatever_its_content_type_says(platform: RunningPlatform) -> None:
    response = platform.http("POST", UNARY, body=b'{"text": "hello"}', headers={"content-type": "text/plain"})
    assert response.json() == {"text": "hello"}


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("HEAD", BUCKETS, "GET, POST"),
        ("HEAD", f"{BUCKETS}/some/objects/a/b", "DELETE, GET, PATCH, PUT"),
        ("OPTIONS", f"{BUCKETS}/some", "DELETE, GET, PATCH"),
        ("GET", "/portico.objects.v1.BucketService/ListBuckets", "POST"),
    ],
)
def test_a_method_that_a_path_does_not_have_is_told_which_it_has(
    platform: RunningPlatform, verb: str, path: str, allowed: str
) -> None:
    response = platform.http(verb, path)
    assert (response.status, response.headers["allow"]) == (405, allowed)
    assert (response.body == b"") == (verb == "HEAD")


def test_a_path_that_nobody_serves_has_no_body_for_head(platform: RunningPlatform) -> None:
    response = platform.http("HEAD", "/v1/nothing-here")
    assert (response.status, response.body) == (404, b"")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, for HTTP/2")
def test_over_http_2_errors_are_the_same_and_headers_that_are_too_large_end_their_stream(
    platform: RunningPlatform, bucket: str
) -> None:
    assert curl(platform, f"/v1/{bucket}/objects/none", "--head", "--request", "GET").startswith("HTTP/2 404")
    assert curl(platform, f"/v1/{bucket}/objects/a", "--head").startswith("HTTP/2 405"), "no method is bound to HEAD"
    with pytest.raises(subprocess.CalledProcessError):
        curl(platform, BUCKETS, "--header", f"x-large: {'a' * 70_000}")


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl, for HTTP/2")
@pytest.mark.parametrize("size_bytes", [20, 2_000_000])
def test_over_http_2_an_upload_that_is_refused_is_answered_with_the_reason(
    platform: RunningPlatform, tmp_path: Path, size_bytes: int
) -> None:
    (tmp_path / "body").write_bytes(b"x" * size_bytes)
    upload = ("--upload-file", str(tmp_path / "body"))
    assert "BUCKET_NOT_FOUND" in curl(platform, f"/v1/{ACCOUNT}/buckets/none-here/objects/a", *upload)
    assert "PATH_UNKNOWN" in curl(platform, "/v1/nothing-here", *upload)


def curl(platform: RunningPlatform, path: str, *arguments: str) -> str:
    credentials = ("--cacert", "ca.pem", "--cert", "client.pem", "--key", "client.key", "--header", "@-")
    command = ["curl", "--silent", "--http2", "--max-time", "20", *credentials, *arguments]
    done = subprocess.run(
        [*command, f"https://{platform.address}{path}"],
        input=f"authorization: Bearer {platform.token}\n",
        cwd=platform.profile,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
