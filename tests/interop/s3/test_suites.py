"""What tests say that others wrote for S3: which of them fail, and why, is known of each."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.interop.s3.conftest import Clients
from tests.interop.s3.suites import environment, source

MOTO = "5.2.5"
MINIO = "7.2.20"
S3TRANSFER = "0.19.3"
_SECONDS = 900

_REGIONS = "there are no regions: a location is a hint, or chooses a jurisdiction"
_OWNED = "a bucket that is there is not made again, as S3 has it in all regions but one"
_WEBSITES = "no websites are served"
_LOCKED = "S3's sentence is followed by which version is kept until when"
_ACLS = "ACLs grant nothing"
_ENCRYPTED = "no bytes are encrypted"
_LOGS = "logs of accesses are not written into buckets"
REFUSED_OF_MOTO = {
    "test_create_bucket_with_wrong_location_constraint[us-east-1]": _REGIONS,
    "test_create_bucket_with_wrong_location_constraint[us-east-2]": _REGIONS,
    "test_create_bucket_with_wrong_location_constraint[eu-central-1]": _REGIONS,
    "test_create_bucket_with_wrong_location_constraint[us-gov-east-2]": _REGIONS,
    "test_create_bucket_in_regions_from_us_east_1[us-east-2]": _REGIONS,
    "test_create_bucket_in_regions_from_us_east_1[eu-central-1]": _REGIONS,
    "test_bucket_create_force_us_east_1": _REGIONS,
    "test_bucket_create_empty_location_constraint_non_standard_region_should_return_error": _REGIONS,
    "test_put_object_legal_hold": _OWNED,
    "test_create_multipart_upload_with_content_type": _OWNED,
    "test_copy_key_with_args": _WEBSITES,
    "test_copy_key_with_args__using_multipart": _WEBSITES,
    "test_locked_object_governance_mode[no_bypass]": _LOCKED,
    "test_locked_object_governance_mode[unspecified]": _LOCKED,
    "test_locked_object_compliance_mode[bypass]": _LOCKED,
    "test_locked_object_compliance_mode[no_bypass]": _LOCKED,
    "test_locked_object_compliance_mode[unspecified]": _LOCKED,
    "test_put_logging_w_bucket_policy_no_prefix": _LOGS,
    "test_put_logging_w_bucket_policy_w_prefix": _LOGS,
    "test_presigned_url_generates_content_response_headers": "boto3 signs it by Signature Version 2 in that region",
}
"""Of the tests that were verified against S3 itself, those that do not pass here."""
OTHERWISE_OF_MINIO = {
    "test_set_get_bucket_versioning": "folders cannot be excluded from versions, which MinIO alone knows",
    "test_set_bucket_policy_readwrite": "a policy that lets everybody write",
    "test_select_object_content": "SELECT",
    "test_presigned_get_object_range": "it wants 200 for a range, and is not among those that its authors run",
    "test_upload_snowball_objects": "archives are not unpacked, which MinIO alone does",
    "test_upload_snowball_objects_with_staging": "archives are not unpacked, which MinIO alone does",
}
OTHERWISE_OF_S3TRANSFER = {
    "test_can_send_extra_params_on_download": _ENCRYPTED,
    "test_can_send_extra_params_on_upload": _ACLS,
    "test_upload_file_above_threshold_with_acl": _ACLS,
    "test_upload_file_above_threshold_with_ssec": _ENCRYPTED,
}

_RUN_MINIO = """
import importlib.util, inspect, json, os, sys
from urllib.parse import urlsplit
from minio import Minio

spec = importlib.util.spec_from_file_location("functional", sys.argv[1])
tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tests)
tests._get_random_string = lambda size: ("abcdefghijklmnopqrstuvwxyz" * (size // 26 + 1))[:size]  # theirs takes minutes
door = urlsplit(os.environ["AWS_ENDPOINT_URL"])
tests._client = Minio(door.netloc, os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
for name, mebibytes in (("_test_file", 1), ("_large_file", 11)):
    with open(name, "wb") as file:
        file.write(b"x" * (mebibytes << 20))
    setattr(tests, name, name)
failed = {}
for name, test in inspect.getmembers(tests, inspect.isfunction):
    if name.startswith("test_"):
        try:
            test({"name": name})
        except Exception as error:
            failed[name] = repr(error)[:300]
print(json.dumps(failed))
"""


@pytest.mark.long
def test_what_moto_has_verified_against_s3(clients: Clients, tmp_path: Path) -> None:
    python = environment(tmp_path / "environment", f"moto[s3,server]=={MOTO}", "pytest", "freezegun")
    folder = source(f"moto=={MOTO}", tmp_path)
    options = ("-m", "aws_verified", "--ignore", "tests/test_s3/test_s3_select.py", "tests/test_s3")
    variables = {
        "MOTO_TEST_ALLOW_AWS_REQUEST": "true",
        "REQUESTS_CA_BUNDLE": clients.environment["AWS_CA_BUNDLE"],
    }
    cases, failed = _cases(clients, python, folder, *options, **variables)
    assert len(cases) > 60
    assert failed.keys() == REFUSED_OF_MOTO.keys(), {
        name: ElementTree.tostring(case)[:2000] for name, case in failed.items() if name not in REFUSED_OF_MOTO
    }


@pytest.mark.long
def test_the_functional_tests_of_the_minio_sdk(clients: Clients, tmp_path: Path) -> None:
    python = environment(tmp_path / "environment", f"minio=={MINIO}")
    functional = source(f"minio=={MINIO}", tmp_path) / "tests" / "functional" / "tests.py"
    done = subprocess.run(
        [python, "-c", _RUN_MINIO, str(functional)],
        env=clients.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    failed: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    assert failed.keys() == OTHERWISE_OF_MINIO.keys(), failed


@pytest.mark.long
def test_the_integration_tests_of_s3transfer(clients: Clients, tmp_path: Path) -> None:
    python = environment(tmp_path / "environment", f"s3transfer=={S3TRANSFER}", "pytest")
    folder = source(f"s3transfer=={S3TRANSFER}", tmp_path)
    options = ("-p", "one_region", "tests/integration")
    cases, failed = _cases(clients, python, folder, *options, PYTHONPATH=str(Path(__file__).parent))
    assert len(cases) > 50
    assert failed.keys() == OTHERWISE_OF_S3TRANSFER.keys(), {
        name: ElementTree.tostring(case)[:2000] for name, case in failed.items() if name not in OTHERWISE_OF_S3TRANSFER
    }


def _cases(
    clients: Clients, python: Path, folder: Path, *options: str, **variables: str
) -> tuple[list[ElementTree.Element], dict[str, ElementTree.Element]]:
    """The tests that pytest has run there, and those of them that failed, by name."""
    results = folder / "results.xml"
    subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={results}", *options],
        env={**clients.environment, **variables},
        cwd=folder,
        capture_output=True,
        timeout=_SECONDS,
    )
    cases = [case for case in ElementTree.parse(results).iter("testcase") if case.find("skipped") is None]
    return cases, {case.get("name", ""): case for case in cases if len(case)}
