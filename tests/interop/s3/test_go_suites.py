"""What tests say that others wrote for S3 in Go, as Debian has their source: which fail, and why, is known of each."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.interop.s3.conftest import Clients

_SOURCES = Path("/usr/share/gocode")
_MINIO = "github.com/minio/minio-go/v7"
_RCLONE = "github.com/rclone/rclone"
_SECONDS = 600

_SIGNED = "it signs by Signature Version 2"
_REGIONS = "there are no regions"
_CLASSES = "there is one storage class"
OTHERWISE_OF_MINIO_GO = {
    "testMakeBucketErrorV2": _SIGNED,
    "testGetObjectClosedTwiceV2": _SIGNED,
    "testFPutObjectV2": _SIGNED,
    "testMakeBucketRegionsV2": _SIGNED,
    "testGetObjectReadSeekFunctionalV2": _SIGNED,
    "testGetObjectReadAtFunctionalV2": _SIGNED,
    "testCopyObjectV2": _SIGNED,
    "testFunctionalV2": _SIGNED,
    "testComposeObjectErrorCasesWrapper": f"{_SIGNED}; by Version 4 it passes",
    "testComposeMultipleSources": f"{_SIGNED}; by Version 4 it passes",
    "testUserMetadataCopyingWrapper": f"{_SIGNED}; by Version 4 it passes",
    "testPutObject0ByteV2": _SIGNED,
    "testPutObjectNoLengthV2": _SIGNED,
    "testPutObjectsUnknownV2": _SIGNED,
    "testGetObjectContextV2": _SIGNED,
    "testFPutObjectContextV2": _SIGNED,
    "testFGetObjectContextV2": _SIGNED,
    "testPutObjectContextV2": _SIGNED,
    "testEncryptedCopyObjectV2": _SIGNED,
    "testMakeBucketError": _REGIONS,
    "testMakeBucketRegions": _REGIONS,
    "testGetObjectACLContext": "ACLs grant nothing",
    "testStorageClassMetadataPutObject": _CLASSES,
    "testStorageClassMetadataCopyObject": _CLASSES,
    "testListObjects": _CLASSES,
}
"""Those that fail; those that want what is answered by NotImplemented are passed over by their own account."""
OTHERWISE_OF_RCLONE = {"TestIntegration/FsMkdir/FsPutFiles/SetTier": _CLASSES}


@pytest.mark.long
def test_the_functional_tests_of_minio_go(clients: Clients, tmp_path: Path) -> None:
    source = _source(f"{_MINIO}/functional_tests.go", "golang-github-minio-minio-go-v7-dev")
    program = _build(tmp_path, "build", source)
    printed = clients.printed
    variables = {
        "SERVER_ENDPOINT": printed["AWS_ENDPOINT_URL"].removeprefix("https://"),
        "ACCESS_KEY": printed["AWS_ACCESS_KEY_ID"],
        "SECRET_KEY": printed["AWS_SECRET_ACCESS_KEY"],
        "ENABLE_HTTPS": "1",
        "MINT_MODE": "full",
        "RUN_ON_FAIL": "1",
    }
    told = [json.loads(line) for line in _run(clients, tmp_path, variables, program).splitlines()]
    failed = {one["name"].removeprefix("minio-go: "): one for one in told if one["status"] == "FAIL"}
    assert failed.keys() == OTHERWISE_OF_MINIO_GO.keys(), {
        name: one for name, one in failed.items() if name not in OTHERWISE_OF_MINIO_GO
    }
    assert sum(one["status"] == "PASS" for one in told) >= 40


@pytest.mark.long
def test_the_integration_tests_of_rclones_backend(clients: Clients, tmp_path: Path) -> None:
    package = _source(f"{_RCLONE}/backend/s3/s3_test.go", "golang-github-rclone-rclone-dev").parent
    _source("github.com/coreos/go-semver/semver/semver.go", "golang-github-coreos-go-semver-dev")
    program = _build(tmp_path, "test", str(package.relative_to(_SOURCES / "src")))
    printed = clients.printed
    (tmp_path / "fstest" / "testserver" / "init.d").mkdir(parents=True)  # which servers they would start
    settings = tmp_path / "rclone.conf"
    settings.write_text(
        "[TestS3]\ntype = s3\nprovider = Other\nregion = auto\nlist_url_encode = true\n"
        f"endpoint = {printed['AWS_ENDPOINT_URL']}\n"
        f"access_key_id = {printed['AWS_ACCESS_KEY_ID']}\nsecret_access_key = {printed['AWS_SECRET_ACCESS_KEY']}\n"
    )
    variables = {"RCLONE_CONFIG": str(settings)}
    told = _run(clients, tmp_path, variables, program, "-test.v", "-remote", "TestS3:", status=1)
    failed = re.findall(r"^ *--- FAIL: (\S+)", told, re.MULTILINE)
    ends = {name for name in failed if not any(other.startswith(f"{name}/") for other in failed)}
    assert ends == OTHERWISE_OF_RCLONE.keys(), told[-5000:]
    assert told.count("--- PASS: ") > 130


def _source(path: str, package: str) -> Path:
    """A file of Go's that Debian ships, with the compiler to make use of it."""
    found = _SOURCES / "src" / path
    if shutil.which("go") is None or not found.exists():
        pytest.skip(f"needs the Debian packages golang-go and {package}")
    return found


def _build(folder: Path, kind: str, what: str | Path) -> Path:
    program = folder / "program"
    arguments = ("build",) if kind == "build" else ("test", "-c")
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(_SOURCES), "GOCACHE": str(folder / "cache")}
    command = ["go", *arguments, "-o", str(program), str(what)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return program


def _run(
    clients: Clients, folder: Path, variables: Mapping[str, str], program: Path, *arguments: str, status: int = 0
) -> str:
    """What it says on its standard output."""
    environment = {name: value for name, value in clients.environment.items() if not name.startswith("AWS_")}
    environment["SSL_CERT_FILE"] = clients.printed["AWS_CA_BUNDLE"]
    command = [str(program), *arguments]
    done = subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, timeout=_SECONDS, cwd=folder
    )
    assert done.returncode == status, (done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout
