"""Large files go up in parts, whose digests the object's is made of: each client names them when it completes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from tests.interop.s3.conftest import Clients

BUCKET = "uploads-in-parts"
PARTS = 5 << 20


@pytest.fixture(scope="module")
def s3(clients: Clients) -> Any:
    made = clients.door.client()
    made.create_bucket(Bucket=BUCKET)
    return made


def uploaded(s3: Any, key: str, path: Path) -> dict[str, Any]:
    """What is told of the object, which must hold the file's bytes."""
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == path.read_bytes()
    told: dict[str, Any] = s3.head_object(Bucket=BUCKET, Key=key, ChecksumMode="ENABLED")
    assert "-" in told["ETag"]
    return told


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256"])
def test_boto3(s3: Any, files: Path, algorithm: str) -> None:
    limits = TransferConfig(multipart_threshold=PARTS, multipart_chunksize=PARTS)
    extra = {"ChecksumAlgorithm": algorithm}
    s3.upload_file(str(files / "big"), BUCKET, algorithm, ExtraArgs=extra, Config=limits)
    told = uploaded(s3, algorithm, files / "big")
    assert told["ChecksumType"] == "COMPOSITE"
    assert told[f"Checksum{algorithm}"].endswith("-2")


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA256"])
def test_aws_cli(clients: Clients, s3: Any, files: Path, algorithm: str) -> None:
    key = f"aws-{algorithm}"
    clients.run("aws", "s3", "cp", files / "big", f"s3://{BUCKET}/{key}", "--quiet", "--checksum-algorithm", algorithm)
    assert uploaded(s3, key, files / "big")["ChecksumType"] == "COMPOSITE"


def test_rclone(clients: Clients, s3: Any, files: Path) -> None:
    remote = f":s3,provider=Other,env_auth=true:{BUCKET}/rclone"
    sizes = ("--s3-upload-cutoff", "5Mi", "--s3-chunk-size", "5Mi")
    clients.run("rclone", "copyto", files / "big", remote, *sizes, "--quiet")
    uploaded(s3, "rclone", files / "big")


def test_s5cmd(clients: Clients, s3: Any, files: Path) -> None:
    clients.run("s5cmd", "cp", "--part-size", "5", files / "big", f"s3://{BUCKET}/s5cmd")
    uploaded(s3, "s5cmd", files / "big")
