"""Presigned URLs are those that `botocore` makes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.presigning import AccessKey, presigned_url

KEY = AccessKey("abcdefghij234567klmn", "a secret of 40 characters")
AT = 1_700_000_000
ENDPOINT = "https://s3.localhost:9000"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


def theirs(url: str, method: str, headers: Mapping[str, str], expires_seconds: int) -> str:
    """As botocore presigns the URL."""
    request = AWSRequest(method, url, headers=dict(headers))
    with patch("botocore.auth.get_current_datetime", return_value=datetime.fromtimestamp(AT, UTC)):
        signer = S3SigV4QueryAuth(Credentials(KEY.id, KEY.secret), "s3", "auto", expires=expires_seconds)
        signer.add_auth(request)
    return str(request.url)


def parts(url: str) -> tuple[str, list[str]]:
    before, _, query = url.partition("?")
    return before, sorted(query.split("&"))


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}])
def test_a_url_is_signed_as_botocore_signs_it(method: str, headers: Mapping[str, str]) -> None:
    ours = presigned_url(
        ENDPOINT, "photos", "cat.jpg", KEY, method=method, expires_seconds=60, headers=headers, at_seconds=AT
    )
    assert parts(ours) == parts(theirs(f"{ENDPOINT}/photos/cat.jpg", method, headers, 60))


@settings(deadline=None, max_examples=100)
@given(TEXTS, TEXTS)
def test_odd_keys_and_parameters_are_signed_as_botocore_signs_them(key: str, value: str) -> None:
    ours = presigned_url(ENDPOINT, "photos", key, KEY, query={"response-content-type": value}, at_seconds=AT)
    unsigned = ours.partition("&X-Amz-Signature=")[0]
    path, _, query = unsigned.partition("?")
    own = "&".join(part for part in query.split("&") if not part.startswith("X-Amz-"))
    assert parts(ours) == parts(theirs(f"{path}?{own}", "GET", {}, 3600))


def test_the_secret_is_not_shown() -> None:
    assert KEY.secret not in repr(KEY)
    assert "secret" not in presigned_url(ENDPOINT, "photos", "cat.jpg", KEY)


@pytest.mark.parametrize("seconds", [0, -1, 604_801])
def test_a_url_is_good_for_seven_days_at_most(seconds: int) -> None:
    with pytest.raises(ValueError, match="seven days"):
        presigned_url(ENDPOINT, "photos", "cat.jpg", KEY, expires_seconds=seconds)


@pytest.mark.parametrize("endpoint", ["localhost:9000", "https://", "https://host/path", ""])
def test_an_endpoint_is_a_url_without_a_path(endpoint: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        presigned_url(endpoint, "photos", "cat.jpg", KEY)
