"""Forms with a signed policy (POST Object): those that botocore makes are good, and hold what the policy says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import HmacV1PostAuth, S3SigV4PostAuth
from botocore.awsrequest import AWSRequest

from portico_server.objects.faces.s3.post_policy import SignedForm, policy_of, verify_form
from portico_server.platform.errors import ApiError
from tests.unit.objects.s3.signing import ANNA, CLOCK, CREDENTIALS, SECRET, signers

KEY = {"key": "photos/cat.jpg"}
USUAL: list[Any] = [{"bucket": "photos"}, ["starts-with", "$key", "photos/"]]


def form(
    conditions: list[Any],
    fields: dict[str, str],
    *,
    seconds: int = 60,
    credentials: Any = CREDENTIALS,
    older: bool = False,
) -> dict[str, str]:
    """The fields of a form that botocore has signed; `older`: by Signature Version 2."""
    expiration = (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    request = AWSRequest("POST", "http://s3.localhost/photos")
    request.context["s3-presign-post-fields"] = dict(fields)
    request.context["s3-presign-post-policy"] = {"expiration": expiration, "conditions": [*conditions]}
    (HmacV1PostAuth(credentials) if older else S3SigV4PostAuth(credentials, "s3", "auto")).add_auth(request)
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


def test_a_policy_names_its_bucket() -> None:
    reason, message = refusal(form([["starts-with", "$key", "photos/"]], KEY))
    assert reason == "ACCESS_DENIED"
    assert "Extra input fields: bucket" in message


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


def test_a_policy_that_is_signed_by_version_2_is_held_to_as_well() -> None:
    fields = form(USUAL, KEY, older=True)
    assert verified(fields).key.principal == ANNA
    assert refusal({**fields, "content-type": "text/html"})[0] == "ACCESS_DENIED"
    assert refusal(fields, "logs")[0] == "ACCESS_DENIED"
    assert "expired" in refusal(form(USUAL, KEY, older=True, seconds=-1))[1]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"signature": "AAAA"}, "SIGNATURE_DOES_NOT_MATCH"),
        ({"signature": "\u00fc"}, "SIGNATURE_DOES_NOT_MATCH"),
        ({"policy": form(USUAL, KEY, seconds=90)["policy"]}, "SIGNATURE_DOES_NOT_MATCH"),
        ({"awsaccesskeyid": "nobody"}, "INVALID_ACCESS_KEY_ID"),
        ({"signature": None}, "INVALID_ARGUMENT"),
        ({"awsaccesskeyid": None}, "INVALID_ARGUMENT"),
    ],
)
def test_a_wrong_signature_of_version_2_is_refused(changed: dict[str, str | None], told: str) -> None:
    fields = {**form(USUAL, KEY, older=True), **changed}
    assert refusal({name: value for name, value in fields.items() if value is not None})[0] == told


@pytest.mark.parametrize("older", [False, True])
def test_what_a_signature_stands_in_needs_a_policy(older: bool) -> None:
    fields = form(USUAL, KEY, older=older)
    del fields["policy"]
    reason, message = refusal(fields)
    assert (reason, "'policy'" in message) == ("INVALID_ARGUMENT", True)


def test_each_of_several_content_types_must_begin_as_the_policy_says() -> None:
    conditions = [*USUAL, ["starts-with", "$Content-Type", "image/"], ["starts-with", "$x-amz-meta-a", "image/"]]
    given = {**KEY, "Content-Type": "image/png, image/jpeg", "x-amz-meta-a": "image/png, text/html"}
    assert verified(form(conditions, given))
    assert refusal(form(conditions, {**given, "Content-Type": "image/png, text/html"}))[0] == "ACCESS_DENIED"


def test_what_version_2_needs_is_an_extra_field_of_version_4() -> None:
    assert refusal({**form(USUAL, KEY), "signature": "x"})[0] == "ACCESS_DENIED"


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
