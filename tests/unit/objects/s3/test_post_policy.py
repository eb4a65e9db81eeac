"""Forms with a signed policy (POST Object): those that botocore makes are good, and hold what the policy says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import S3SigV4PostAuth
from botocore.awsrequest import AWSRequest

from portico_server.objects.faces.s3.post_policy import SignedForm, policy_of, verify_form
from portico_server.platform.errors import ApiError
from tests.unit.objects.s3.signing import ANNA, CLOCK, CREDENTIALS, SECRET, signers

KEY = {"key": "photos/cat.jpg"}
USUAL: list[Any] = [{"bucket": "photos"}, ["starts-with", "$key", "photos/"]]


def form(
    conditions: list[Any], fields: dict[str, str], *, seconds: int = 60, credentials: Any = CREDENTIALS
) -> dict[str, str]:
    """The fields of a form that botocore has signed."""
    expiration = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = AWSRequest("POST", "http://s3.localhost/photos")
    request.context["s3-presign-post-fields"] = dict(fields)
    request.context["s3-presign-post-policy"] = {"expiration": expiration, "conditions": [*conditions]}
    S3SigV4PostAuth(credentials, "s3", "auto").add_auth(request)
    return {name.lower(): value for name, value in request.context["s3-presign-post-fields"].items()}


def verified(fields: dict[str, str], bucket: str = "photos") -> SignedForm:
    found = verify_form(fields, bucket, signers(), CLOCK)
    assert found is not None
    return found


def refusal(fields: dict[str, str], bucket: str = "photos") -> tuple[str, str]:
    with pytest.raises(ApiError) as raised:
        verified(fields, bucket)
    return raised.value.reason, raised.value.message


def test_a_form_that_botocore_signs_is_good() -> None:
    assert verified(form(USUAL, KEY)).key.principal == ANNA
    assert verified(form([*USUAL, {"acl": "private"}], {**KEY, "acl": "private", "x-ignore-me": "yes"}))


def test_a_form_without_a_policy_is_nobodys() -> None:
    assert verify_form(KEY, "photos", signers(), CLOCK) is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"key": "other/cat.jpg"}, '["starts-with", "$key", "photos/"]'),
        ({"acl": "public-read"}, '["eq", "$acl", "private"]'),
        ({"content-type": "text/html"}, "Extra input fields: content-type"),
        ({"key": ""}, "$key"),
    ],
)
def test_what_the_policy_does_not_allow_is_refused(changed: dict[str, str], told: str) -> None:
    fields = form([*USUAL, {"acl": "private"}], {**KEY, "acl": "private"})
    reason, message = refusal({**fields, **changed})
    assert reason == "ACCESS_DENIED"
    assert told in message


def test_another_bucket_is_refused() -> None:
    assert refusal(form(USUAL, KEY), "logs")[0] == "ACCESS_DENIED"


def test_a_policy_ends() -> None:
    assert "expired" in refusal(form(USUAL, KEY, seconds=-1))[1]


def test_a_file_must_be_within_its_bounds() -> None:
    policy = verified(form([*USUAL, ["content-length-range", 10, "20"]], KEY)).policy
    for size_bytes in (10, 20):
        policy.check_not_larger(size_bytes)
        policy.check_not_smaller(size_bytes)
    with pytest.raises(ApiError) as too_small:
        policy.check_not_smaller(9)
    with pytest.raises(ApiError) as too_large:
        policy.check_not_larger(21)
    assert (too_small.value.reason, too_large.value.reason) == ("ENTITY_TOO_SMALL", "ENTITY_TOO_LARGE")


def test_another_policy_than_the_signed_one_is_refused() -> None:
    fields = form(USUAL, KEY)
    document = json.loads(base64.b64decode(fields["policy"]))
    document["conditions"].append({"acl": "public-read"})
    other = base64.b64encode(json.dumps(document).encode()).decode()
    assert refusal({**fields, "policy": other})[0] == "SIGNATURE_DOES_NOT_MATCH"
    assert SECRET not in refusal({**fields, "policy": other})[1]


@pytest.mark.parametrize("name", ["x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"])
def test_each_field_of_the_signature_is_needed(name: str) -> None:
    fields = form(USUAL, KEY)
    del fields[name]
    assert refusal(fields)[0] == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-amz-credential", "nonsense"),
        ("x-amz-date", "yesterday"),
        ("x-amz-signature", "0"),
    ],
)
def test_malformed_fields_are_refused(name: str, value: str) -> None:
    assert refusal({**form(USUAL, KEY), name: value})[0] == "AUTHORIZATION_QUERY_PARAMETERS_ERROR"


def test_signature_version_2_is_refused() -> None:
    policy = form(USUAL, KEY)["policy"]
    reason, message = refusal({**KEY, "policy": policy, "awsaccesskeyid": "x", "signature": "x"})
    assert (reason, "Version 2" in message) == ("INVALID_REQUEST", True)


@pytest.mark.parametrize(
    "document",
    [
        "nonsense",
        "[]",
        "{}",
        '{"expiration": "2030-01-01T00:00:00Z"}',
        '{"expiration": 1, "conditions": []}',
        '{"expiration": "soon", "conditions": []}',
        '{"expiration": "2030-01-01T00:00:00Z", "conditions": 7}',
        '{"expiration": "2030-01-01T00:00:00Z", "conditions": [["like", "$key", "x"]]}',
        '{"expiration": "2030-01-01T00:00:00Z", "conditions": [["eq", "key", "x"]]}',
        '{"expiration": "2030-01-01T00:00:00Z", "conditions": [["eq", 1, "x"]]}',
        '{"expiration": "2030-01-01T00:00:00Z", "conditions": [{"key": 1}]}',
        '{"expiration": "2030-01-01T00:00:00Z", "conditions": [["content-length-range", "x", 1]]}',
        '{"expiration": "2030-01-01T00:00:00Z", "conditions": [["content-length-range", 1, null]]}',
    ],
)
def test_a_policy_that_is_none_is_refused(document: str) -> None:
    with pytest.raises(ApiError) as raised:
        policy_of(base64.b64encode(document.encode()).decode())
    assert raised.value.reason == "INVALID_POLICY_DOCUMENT"
