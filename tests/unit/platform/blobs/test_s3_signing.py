"""Requests to a store are signed as a signer that is not ours signs them."""

from __future__ import annotations

import hashlib
import time

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from portico_server.platform.blobs.s3.signing import Signer, encoded_query

KEY_ID, SECRET, REGION = "AKEXAMPLE", "the-secret", "auto"
BODY = b"some bytes"
NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("verb", "path", "query", "headers"),
    [
        ("GET", "/bucket/objects/blobs/00ff", {}, {"range": "bytes=0-9"}),
        ("PUT", "/bucket/a%20b/%C3%A9", {"partNumber": "10", "uploadId": "a/b+c=~"}, {}),
        ("POST", "/bucket/x", {"uploads": ""}, {}),
        ("GET", "/bucket/", {"list-type": "2", "prefix": "a/b c", "continuation-token": "1+2/3="}, {}),
        ("PUT", "/bucket/x", {}, {"x-amz-copy-source": "/bucket/y", "x-amz-copy-source-range": "bytes=0-1"}),
    ],
)
def test_signatures_are_those_of_botocore(
    monkeypatch: pytest.MonkeyPatch, verb: str, path: str, query: dict[str, str], headers: dict[str, str]
) -> None:
    digest = hashlib.sha256(BODY).hexdigest()
    given = {"host": "s3.example.com", **headers}
    signed = Signer(KEY_ID, SECRET, REGION).headers(verb, path, query, given, digest, NOW)

    request = AWSRequest(verb, f"https://s3.example.com{path}?{encoded_query(query)}", headers | {}, BODY)
    request.context = {"signing": {}, "payload_signing_enabled": True, "timestamp": signed["x-amz-date"]}
    request.headers["X-Amz-Content-SHA256"] = digest
    request.headers["X-Amz-Date"] = signed["x-amz-date"]
    auth = S3SigV4Auth(Credentials(KEY_ID, SECRET), "s3", REGION)
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    assert signed["authorization"].rpartition("Signature=")[2] == auth.signature(to_sign, request)
    assert (
        f"Credential={KEY_ID}/{time.strftime('%Y%m%d', time.gmtime(NOW))}/{REGION}/s3/aws4_request"
        in signed["authorization"]
    )
