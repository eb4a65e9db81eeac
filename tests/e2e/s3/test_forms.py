"""Files that come by a form, as browsers send them, to the S3 door: by policies that boto3 signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import requests

from tests.e2e.s3.door import NAMESPACE, TIMEOUT_SECONDS, S3Door, code_of


def post(door: S3Door, form: Mapping[str, Any], file: bytes = b"hello", **fields: str) -> requests.Response:
    """The form as `generate_presigned_post` answers it, sent without credentials."""
    return requests.post(
        form["url"],
        data={**form["fields"], **fields},
        files={"file": ("cat.jpg", file)},
        verify=door.authority or True,
        timeout=TIMEOUT_SECONDS,
        allow_redirects=False,
    )


def form_of(s3: Any, bucket: str, key: str = "photos/${filename}", *conditions: Any, **fields: str) -> Any:
    return s3.generate_presigned_post(
        bucket, key, Fields=fields, Conditions=[*conditions, *({k: v} for k, v in fields.items())]
    )


def test_a_form_puts_an_object_with_what_its_fields_say(door: S3Door, s3: Any, bucket: str) -> None:
    fields = {"Content-Type": "image/jpeg", "x-amz-meta-by": "anna", "success_action_status": "201"}
    answer = post(door, form_of(s3, bucket, **fields), b"x" * 3_000_000)
    assert answer.status_code == 201, answer.text
    assert "<Key>photos/cat.jpg</Key>" in answer.text
    assert NAMESPACE.strip("{}") not in answer.text
    found = s3.get_object(Bucket=bucket, Key="photos/cat.jpg")
    assert (found["ContentType"], found["Metadata"]) == ("image/jpeg", {"by": "anna"})
    assert found["Body"].read() == b"x" * 3_000_000
    assert answer.headers["etag"] == found["ETag"]


def test_a_form_of_signature_version_2_is_taken_and_no_other_request_of_it(door: S3Door, bucket: str) -> None:
    older = door.client(signature_version="s3")
    assert "AWSAccessKeyId" in (form := form_of(older, bucket))["fields"]
    assert post(door, form).status_code == 204
    assert "SignatureDoesNotMatch" in post(door, {**form, "fields": {**form["fields"], "signature": "AAAA"}}).text
    assert code_of(older.head_object, Bucket=bucket, Key="photos/cat.jpg")[0] == 400


def test_the_answer_is_empty_or_leads_elsewhere(door: S3Door, s3: Any, bucket: str) -> None:
    assert post(door, form_of(s3, bucket)).status_code == 204
    answer = post(door, form_of(s3, bucket, success_action_redirect="https://example.com/done?x=1"))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(
        f"https://example.com/done?x=1&bucket={bucket}&key=photos%2Fcat.jpg&etag="
    )


@pytest.mark.parametrize("size_bytes", [9, 21])
def test_a_file_beyond_the_policys_bounds_is_not_stored(door: S3Door, s3: Any, bucket: str, size_bytes: int) -> None:
    form = form_of(s3, bucket, "k", ["content-length-range", 10, 20])
    answer = post(door, form, b"x" * size_bytes)
    assert answer.status_code == 400
    assert ("EntityTooSmall" if size_bytes < 10 else "EntityTooLarge") in answer.text
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    assert post(door, form, b"x" * 15).status_code == 204


def test_what_the_policy_does_not_allow_is_refused(door: S3Door, s3: Any, bucket: str) -> None:
    form = form_of(s3, bucket)
    assert "Policy Condition failed" in post(door, form, key="elsewhere").text
    assert "Extra input fields" in post(door, form, **{"x-amz-meta-by": "mallory"}).text
    assert post(door, form, **{"x-amz-signature": "0" * 64}).status_code == 403
    unsigned = {"url": form["url"], "fields": {"key": "k"}}
    assert post(door, unsigned).status_code == 403
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_an_acl_that_would_open_the_object_is_refused(door: S3Door, s3: Any, bucket: str) -> None:
    answer = post(door, form_of(s3, bucket, acl="public-read"))
    assert (answer.status_code, "AccessControlListNotSupported" in answer.text) == (400, True)
    assert post(door, form_of(s3, bucket, acl="private")).status_code == 204


def test_what_is_no_form_is_refused(door: S3Door, bucket: str) -> None:
    answer = door.request("POST", f"/{bucket}", {"content-type": "text/plain"}, b"x", signed=False)
    assert (answer.status, answer.error["Code"]) == (412, "PreconditionFailed")
    answer = door.request(
        "POST", f"/{bucket}", {"content-type": "multipart/form-data; boundary=x"}, b"--x", signed=False
    )
    assert (answer.status, answer.error["Code"]) == (400, "MalformedPOSTRequest")
