"""Bodies in signed chunks, with and without trailers, at the S3 door: stored as they were signed, or not at all."""

from __future__ import annotations

import base64
import hmac
import http.client
import ssl
import zlib
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from portico_server.objects.faces.s3.claims import claims_of
from portico_server.objects.faces.s3.payload import NOT_SIGNED
from portico_server.objects.faces.s3.sigv4 import Signed
from portico_server.platform.access_keys import AccessKey
from portico_server.platform.authorization import Principal
from portico_server.platform.signature_v4 import SigningKey
from tests.e2e.s3.door import TIMEOUT_SECONDS, S3Door
from tests.unit.objects.s3.chunks import with_signatures

CHUNKS = (b"first" * 20_000, b"second" * 30_000, b"third")
WHOLE = b"".join(CHUNKS)
NOBODY = Principal("", "")
KIND = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CHECKSUM = {"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(WHOLE).to_bytes(4, "big")).decode()}


def put(door: S3Door, path: str, trailers: dict[str, str], old: bytes = b"", new: bytes = b"") -> tuple[int, str]:
    """Puts the chunks, with `new` in the place of `old` behind the signer: the status, and S3's code of an error."""
    kind = KIND + "-TRAILER" if trailers else KIND
    headers = {"content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(len(WHOLE))}
    headers |= {"x-amz-trailer": ",".join(trailers)} if trailers else {}
    request = AWSRequest("PUT", door.endpoint + path, headers={**headers, "x-amz-content-sha256": kind})
    signer = S3SigV4Auth(Credentials(door.access_key_id, door.secret_access_key), "s3", "auto")
    signer.payload = lambda request: kind
    signer.add_auth(request)
    sent = {name.lower(): value for name, value in request.headers.items()}
    body = with_signatures(seed(door, sent), CHUNKS, trailers)
    assert old in body
    body = body.replace(old, new, 1)
    with closing(connection(door)) as opened:
        opened.request("PUT", path, body, sent)
        response = opened.getresponse()
        text = response.read().decode()
    return response.status, text.partition("<Code>")[2].partition("</Code>")[0]


def seed(door: S3Door, sent: dict[str, str]) -> Signed:
    """What the chunks' signatures go on from."""
    claims = claims_of({name.encode(): [value.encode()] for name, value in sent.items()}, ())
    assert claims is not None
    derived = b"AWS4" + door.secret_access_key.encode()
    for part in claims.scope.text.split("/"):
        derived = hmac.digest(derived, part.encode(), "sha256")
    return Signed(AccessKey("", "", NOBODY, bytes), claims, NOT_SIGNED, SigningKey(derived))


def connection(door: S3Door) -> http.client.HTTPSConnection:
    address = urlsplit(door.endpoint)
    assert address.hostname
    context = ssl.create_default_context(cafile=door.authority or None)
    return http.client.HTTPSConnection(address.hostname, address.port, timeout=TIMEOUT_SECONDS, context=context)


@pytest.mark.parametrize("trailers", [{}, CHECKSUM], ids=["plain", "trailer"])
def test_what_comes_in_signed_chunks_is_stored_without_them(
    door: S3Door, s3: Any, bucket: str, trailers: dict[str, str]
) -> None:
    assert put(door, f"/{bucket}/k", trailers) == (200, "")
    found = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert found["Body"].read() == WHOLE
    assert "ContentEncoding" not in found
    if trailers:
        assert found["ChecksumCRC32"] == CHECKSUM["x-amz-checksum-crc32"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"third", b"tHird", (403, "SignatureDoesNotMatch")),
        (b"first", b"First", (403, "SignatureDoesNotMatch")),
        (b"\r\n0;chunk", b"\r\n1;chunk", (400, "IncompleteBody")),
        (b";chunk-signature=", b";chunk-signatur=", (400, "InvalidRequest")),
        (CHECKSUM["x-amz-checksum-crc32"].encode(), b"AAAAAA==", (403, "SignatureDoesNotMatch")),
    ],
)
def test_whatever_is_changed_behind_the_signer_nothing_is_stored(
    door: S3Door, s3: Any, bucket: str, old: bytes, new: bytes, expected: tuple[int, str]
) -> None:
    assert put(door, f"/{bucket}/k", CHECKSUM, old, new) == expected
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
