"""The first post's own script, and what it does, by boto3 as it comes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.e2e.s3.door import S3Door, code_of

SCRIPT = Path(__file__).resolve().parents[4] / "shared" / "seed" / "listings" / "r2_boto3.py"


def test_what_the_script_does(door: S3Door) -> None:
    cl = door.client()
    cl.create_bucket(Bucket="some-bucket-1")
    cl.head_bucket(Bucket="some-bucket-1")
    cl.create_bucket(Bucket="some-other-bucket-1")
    cl.put_object(Bucket="some-bucket-1", Key="my object", Body="some payload")
    assert cl.get_object(Bucket="some-bucket-1", Key="my object")["Body"].read() == b"some payload"


@pytest.mark.skipif(not SCRIPT.exists(), reason="the folder of the posts' listings is not beside this checkout")
def test_the_script_itself(door: S3Door) -> None:
    client = door.client()
    assert code_of(client.head_bucket, Bucket="some-bucket") == (404, "404")
    client.create_bucket(Bucket="some-bucket")
    environment = {
        **os.environ,
        "ENDPOINT": door.endpoint,
        "ACCESS_KEY_ID": door.access_key_id,
        "SECRET_ACCESS_KEY": door.secret_access_key,
        "AWS_CA_BUNDLE": door.authority,
    }
    ran = subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    assert client.get_object(Bucket="some-bucket", Key="my object")["Body"].read() == b"some payload"
    with pytest.raises(ClientError, match="BucketAlreadyOwnedByYou"):
        client.create_bucket(Bucket="some-other-bucket")
