"""What the command line and the SDK give S3's clients: an environment that is all they need, and presigned URLs."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import portico
from portico.presigning import presigned_url
from tests.e2e.s3.door import TIMEOUT_SECONDS, S3Door, code_of
from tests.harness import RunningPlatform

SCRIPT = """
import boto3
s3 = boto3.client("s3")
s3.create_bucket(Bucket="by-environment")
s3.put_object(Bucket="by-environment", Key="a key/ü+~", Body=b"hello")
print(s3.get_object(Bucket="by-environment", Key="a key/ü+~")["Body"].read().decode())
"""


def test_the_printed_environment_is_all_that_boto3_needs(s3_platform: RunningPlatform, tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PORTICO_PROFILE_DIR": str(s3_platform.profile)}
    environment |= {"AWS_SESSION_TOKEN": "of another store", "AWS_PROFILE": "another", "PYTHONUTF8": "1"}
    command = f'eval "$({sys.executable} -P -m portico_cli.main env --s3)" && exec {sys.executable} -P -'
    done = subprocess.run(
        ["sh", "-c", command], input=SCRIPT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout == "hello\n", done.stderr


def fetch(door: S3Door, url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Without credentials."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, method=method, headers=sent)
    try:
        with urllib.request.urlopen(
            request, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context(cafile=door.authority)
        ) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def presigned(s3_platform: RunningPlatform, door: S3Door, bucket: str, key: str, **options: Any) -> str:
    with portico.connect(str(s3_platform.profile)) as client:
        return presigned_url(door.endpoint, bucket, key, client.access.own_key(), **options)


def test_presigned_urls_do_one_thing_to_one_object(s3_platform: RunningPlatform, door: S3Door, bucket: str) -> None:
    key, plain = "häßlich & gut/+~.txt", {"content-type": "text/plain"}
    put = presigned(s3_platform, door, bucket, key, method="PUT", headers=plain)
    assert fetch(door, put, "PUT", b"hello", content_type="text/html")[0] == 403, "that was not signed"
    assert fetch(door, put, "PUT", b"hello", content_type="text/plain")[0] == 200
    query: Mapping[str, str] = {"response-content-type": "text/x-other"}
    get = presigned(s3_platform, door, bucket, key, query=query)
    assert fetch(door, get) == (200, b"hello")
    assert fetch(door, get, "DELETE")[0] == 403
    assert fetch(door, get.replace("x-other", "x-more"))[0] == 403
    assert fetch(door, presigned(s3_platform, door, bucket, key, method="DELETE"), "DELETE")[0] == 204


def test_a_presigned_url_ends(s3_platform: RunningPlatform, door: S3Door, bucket: str) -> None:
    door.client().put_object(Bucket=bucket, Key="k", Body=b"x")
    status, body = fetch(door, presigned(s3_platform, door, bucket, "k", expires_seconds=1, at_seconds=1_700_000_000))
    assert status == 403
    assert b"<Code>AccessDenied</Code>" in body
    assert b"expired" in body


def test_a_signature_that_does_not_match_is_told_with_what_was_signed(door: S3Door, bucket: str) -> None:
    wrong = S3Door(door.endpoint, door.access_key_id, "another secret", door.authority)
    assert code_of(wrong.client().list_objects_v2, Bucket=bucket) == (403, "SignatureDoesNotMatch")
    told = wrong.request("GET", f"/{bucket}").error
    assert told["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert told["CanonicalRequest"].startswith(f"GET\n/{bucket}\n")
    unknown = S3Door(door.endpoint, "unknown", "secret", door.authority)
    assert code_of(unknown.client().list_objects_v2, Bucket=bucket) == (403, "InvalidAccessKeyId")
