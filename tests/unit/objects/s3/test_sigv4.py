"""Signatures of Version 4: those of other people's signers are good, and whatever is changed behind them is noticed."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from portico_server.objects.faces.s3.claims import parse_time
from portico_server.objects.faces.s3.signers import Signers
from portico_server.objects.faces.s3.sigv4 import Signed, verify
from portico_server.platform.errors import ApiError
from tests.unit.objects.s3.signing import ANNA, CLOCK, KEY_ID, SECRET, Keys, Sent, presigned, signed, signers

URL = "http://s3.localhost:9000/bucket/some/key"
HEADERS = {"x-amz-meta-colour": "blue", "content-type": "text/plain", "range": "bytes=0-9"}
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


class _At:
    """A clock that stands some seconds behind the time at which a request was signed, however long that is ago."""

    def __init__(self, sent: Sent, seconds_ahead: float) -> None:
        text = dict(sent.headers).get(b"x-amz-date", b"") or sent.query.partition(b"X-Amz-Date=")[2][:16]
        signed_at = parse_time(text.decode("latin-1"))
        signed_at_us = CLOCK.now_us() if signed_at is None else signed_at * 1_000_000
        self._now_us = signed_at_us + int(seconds_ahead * 1_000_000)

    def now_us(self) -> int:
        return self._now_us


def _verify(sent: Sent, seconds_ahead: float = 0) -> Signed:
    found = verify(sent, signers(), _At(sent, seconds_ahead))
    assert found is not None
    return found


def _refusal(sent: Sent, seconds_ahead: float = 0) -> ApiError:
    with pytest.raises(ApiError) as raised:
        _verify(sent, seconds_ahead)
    return raised.value


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "POST", "DELETE"])
def test_what_botocore_signs_is_good(verb: str) -> None:
    found = _verify(signed(verb, URL + "?uploads&partNumber=1", HEADERS, b"body"))

    assert found.key.principal == ANNA
    assert not found.claims.presigned


@pytest.mark.parametrize("verb", ["GET", "HEAD", "PUT", "DELETE"])
def test_what_botocore_presigns_is_good_until_it_expires(verb: str) -> None:
    sent = presigned(verb, URL + "?versionId=3", HEADERS, expires_seconds=300)

    assert _verify(sent).key.principal == ANNA
    assert _verify(sent, seconds_ahead=290).payload.sha256 is None
    assert _refusal(sent, seconds_ahead=301).reason == "ACCESS_DENIED"


def test_a_request_without_a_signature_is_nobodys() -> None:
    assert verify(Sent("GET", b"/bucket/key", b"list-type=2", ((b"host", b"h"),)), signers(), CLOCK) is None


@pytest.mark.parametrize("region", ["auto", "us-east-1", ""])
def test_these_regions_mean_this_place(region: str) -> None:
    assert _verify(signed("GET", URL, region=region)).claims.scope.region == region


def test_another_region_is_refused_and_the_right_one_named() -> None:
    error = _refusal(signed("GET", URL, region="eu-central-1"))

    assert (error.reason, error.metadata["region"]) == ("AUTHORIZATION_HEADER_MALFORMED", "auto")


@settings(deadline=None, max_examples=150)
@given(key=KEYS, prefix=KEYS, meta=VALUES)
def test_odd_keys_parameters_and_values_are_signed_alike_on_both_sides(key: str, prefix: str, meta: str) -> None:
    url = f"http://s3.localhost/bucket/{quote(key, safe='/~')}?prefix={quote(prefix, safe='~')}&delimiter=%2F&acl"

    assert _verify(signed("PUT", url, {"x-amz-meta-note": meta}, b"x")).key.principal == ANNA
    assert _verify(presigned("GET", url)).key.principal == ANNA


@pytest.mark.parametrize(
    "path", ["/bucket/a b", "/bucket/(a)!*'", "/bucket/a%28b%29", "/bucket/%7Ea", "/bucket//a/../b"]
)
def test_a_path_may_be_encoded_less_than_it_should_be(path: str) -> None:
    """Some clients sign what they send, others what they should have sent."""
    assert _verify(signed("GET", f"http://s3.localhost{path}")).key.principal == ANNA


def test_a_path_that_was_signed_encoded_may_come_less_encoded() -> None:
    sent = signed("GET", "http://s3.localhost/bucket/a%28b%29%20c")

    assert _verify(replace(sent, raw_path=b"/bucket/a(b)%20c")).key.principal == ANNA


def test_a_query_may_be_signed_as_it_was_sent() -> None:
    assert _verify(signed("GET", "http://s3.localhost/bucket?prefix=a+b&delimiter=/")).key.principal == ANNA


def test_a_parameter_without_a_name_is_signed_like_others() -> None:
    sent = signed("GET", "http://s3.localhost/bucket?=x&acl")
    assert _verify(sent).key.principal == ANNA
    assert _refusal(replace(sent, query=b"acl")).reason == "SIGNATURE_DOES_NOT_MATCH"


def test_several_values_of_a_header_are_one() -> None:
    sent = signed("PUT", URL, {"x-amz-meta-list": "one,two  three"})
    apart = replace(sent.with_header("x-amz-meta-list", None))

    assert _verify(
        replace(apart, headers=(*apart.headers, (b"x-amz-meta-list", b" one"), (b"x-amz-meta-list", b"two three ")))
    )


def test_the_authority_of_http_2_counts_as_the_host() -> None:
    sent = signed("GET", URL)
    host = sent.header("host")

    assert _verify(sent.with_header("host", None).with_header(":authority", host))


@pytest.mark.parametrize("expect", ["100-continue", "100-Continue"])
def test_what_the_door_takes_of_a_request_may_have_been_signed(expect: str) -> None:
    sent = signed("PUT", URL, {"x-amz-meta-a": "b"}, b"body")
    assert "expect" not in sent.header("authorization")  # botocore leaves it out, others do not
    with_expect = _signed_by_hand("PUT", "/bucket/key", {"host": "h", "expect": expect})

    assert _verify(with_expect.with_header("expect", None)).key.principal == ANNA


def test_the_secret_is_opened_once_a_day_and_region() -> None:
    keys = Keys({KEY_ID: SECRET})
    ours = Signers(keys)
    for _ in range(5):
        verify(signed("GET", URL), ours, CLOCK)

    assert keys.opened <= 2  # two, should midnight have passed


# What was changed behind the signer.

SENT_BY_HEADER = signed("PUT", URL + "?partNumber=1&uploadId=x", HEADERS, b"body")
SENT_BY_QUERY = presigned("PUT", URL + "?partNumber=1&uploadId=x", {"x-amz-meta-colour": "blue"})


@pytest.mark.parametrize("sent", [SENT_BY_HEADER, SENT_BY_QUERY], ids=["header", "query"])
@pytest.mark.parametrize(
    "change",
    [
        {"verb": "GET"},
        {"raw_path": b"/bucket/some/kez"},
        {"raw_path": b"/bucket/some/key/"},
        {"raw_path": b"/bucket//some/key"},
        {"raw_path": b"/bucket/./some/key"},
    ],
    ids=str,
)
def test_another_method_or_path_is_refused(sent: Sent, change: dict[str, bytes | str]) -> None:
    error = _refusal(replace(sent, **change))  # type: ignore[arg-type]

    assert error.reason == "SIGNATURE_DOES_NOT_MATCH"
    assert error.metadata["canonical_request"].startswith(str(change.get("verb", "PUT")))
    assert error.metadata["string_to_sign"].startswith("AWS4-HMAC-SHA256\n")
    assert SECRET not in str(error.metadata)


@pytest.mark.parametrize("sent", [SENT_BY_HEADER, SENT_BY_QUERY], ids=["header", "query"])
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"partNumber=1", b"partNumber=2"), (b"partNumber=1&", b""), (b"partNumber=1", b"partNumber=1&acl")],
)
def test_another_query_is_refused(sent: Sent, old: bytes, new: bytes) -> None:
    assert old in sent.query
    assert _refusal(replace(sent, query=sent.query.replace(old, new))).reason == "SIGNATURE_DOES_NOT_MATCH"


@pytest.mark.parametrize("sent", [SENT_BY_HEADER, SENT_BY_QUERY], ids=["header", "query"])
@pytest.mark.parametrize("name", ["host", "x-amz-meta-colour"])
@pytest.mark.parametrize("value", ["red", None])
def test_another_value_of_a_signed_header_is_refused(sent: Sent, name: str, value: str | None) -> None:
    assert _refusal(sent.with_header(name, value)).reason == "SIGNATURE_DOES_NOT_MATCH"


@pytest.mark.parametrize("name", ["content-type", "range"])
def test_other_headers_that_botocore_signs_are_held_to_it(name: str) -> None:
    assert _refusal(SENT_BY_HEADER.with_header(name, "other")).reason == "SIGNATURE_DOES_NOT_MATCH"


@pytest.mark.parametrize("sent", [SENT_BY_HEADER, SENT_BY_QUERY], ids=["header", "query"])
def test_headers_of_s3_that_were_not_signed_are_refused(sent: Sent) -> None:
    error = _refusal(sent.with_header("x-amz-acl", "public-read"))

    assert (error.reason, error.metadata["headers_not_signed"]) == ("ACCESS_DENIED", "x-amz-acl")


def test_the_host_must_be_signed() -> None:
    sent = _signed_by_hand("GET", "/bucket/key", {})

    assert _refusal(sent).metadata["headers_not_signed"] == "host"


def test_another_body_than_the_signed_one_is_announced_in_vain() -> None:
    sent = SENT_BY_HEADER.with_header("x-amz-content-sha256", "0" * 64)

    assert _refusal(sent).reason == "SIGNATURE_DOES_NOT_MATCH"


def test_where_no_body_is_announced_it_must_be_empty() -> None:
    """curl's signer leaves the header out."""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    sent = _signed_by_hand("GET", "/bucket/key", {"host": "h"}, payload=empty)

    assert _verify(sent).payload.sha256 == bytes.fromhex(empty)
    assert _refusal(SENT_BY_HEADER.with_header("x-amz-content-sha256", None)).reason == "SIGNATURE_DOES_NOT_MATCH"


def test_a_body_is_announced_once() -> None:
    twice = ((b"x-amz-content-sha256", b"UNSIGNED-PAYLOAD"),) * 2

    assert _refusal(replace(SENT_BY_HEADER, headers=(*SENT_BY_HEADER.headers, *twice))).reason == "INVALID_REQUEST"


def test_an_unknown_announcement_of_a_body_is_refused() -> None:
    sent = SENT_BY_HEADER.with_header("x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD")

    assert _refusal(sent).reason == "INVALID_ARGUMENT"


@pytest.mark.parametrize("seconds", [-901, 901, 86_400])
def test_clocks_may_differ_by_fifteen_minutes(seconds: int) -> None:
    sent = signed("GET", URL)

    assert _verify(sent, seconds / 100).key.principal == ANNA
    assert _refusal(sent, seconds).reason == "REQUEST_TIME_TOO_SKEWED"


def test_a_presigned_request_of_the_future_is_refused() -> None:
    sent = presigned("GET", URL)  # now: an hour may have passed since this module was read

    assert _verify(sent, -880)
    assert _refusal(sent, -1000).reason == "ACCESS_DENIED"


def test_another_date_is_refused() -> None:
    later = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 60))
    sent = signed("GET", URL)
    if sent.header("x-amz-date")[:8] != later[:8]:
        assert _refusal(sent.with_header("x-amz-date", later)).reason == "AUTHORIZATION_HEADER_MALFORMED"
    else:
        assert _refusal(sent.with_header("x-amz-date", later)).reason == "SIGNATURE_DOES_NOT_MATCH"


def test_without_a_date_nothing_is_signed() -> None:
    assert _refusal(signed("GET", URL).with_header("x-amz-date", None)).reason == "ACCESS_DENIED"


def test_an_unknown_key_is_refused() -> None:
    error = _refusal(signed("GET", URL, credentials=Credentials("AKIAUNKNOWN", SECRET)))

    assert (error.reason, error.metadata["aws_access_key_id"]) == ("INVALID_ACCESS_KEY_ID", "AKIAUNKNOWN")


def test_another_secret_is_refused() -> None:
    error = _refusal(signed("GET", URL, credentials=Credentials(KEY_ID, SECRET + "x")))

    assert error.reason == "SIGNATURE_DOES_NOT_MATCH"


def test_session_tokens_are_refused() -> None:
    error = _refusal(signed("GET", URL, credentials=Credentials(KEY_ID, SECRET, "token")))

    assert error.reason == "INVALID_TOKEN"


@pytest.mark.parametrize(
    "authorization",
    [f"AWS {KEY_ID}:frJIUN8DYpKDtOLCwo", "Bearer abc", "AWS4-ECDSA-P256-SHA256 Credential=x", "Basic x"],
)
def test_other_ways_to_sign_are_refused_with_the_right_one(authorization: str) -> None:
    error = _refusal(signed("GET", URL).with_header("authorization", authorization))

    assert error.reason == "INVALID_REQUEST"
    assert "AWS4-HMAC-SHA256" in error.message


def test_presigning_by_version_2_is_refused() -> None:
    sent = Sent("GET", b"/bucket/key", f"AWSAccessKeyId={KEY_ID}&Expires=1&Signature=x".encode(), ((b"host", b"h"),))

    assert "Version 2" in _refusal(sent).message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/s3/", "/ec2/"),
        ("aws4_request", "aws5_request"),
        (f"Credential={KEY_ID}/", "Credential="),
        ("Signature=", "Signatur="),
        ("Signature=", "Signature=0"),
        ("SignedHeaders=", "Signature="),
    ],
)
def test_malformed_authorizations_are_refused(old: str, new: str) -> None:
    sent = signed("GET", URL)
    authorization = sent.header("authorization").replace(old, new)

    assert _refusal(sent.with_header("authorization", authorization)).reason == "AUTHORIZATION_HEADER_MALFORMED"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Expires=300", "X-Amz-Expires=604801"),
        ("X-Amz-Expires=300", "X-Amz-Expires=0"),
        ("X-Amz-Expires=300", "X-Amz-Expires=-1"),
        ("X-Amz-Expires=300", "X-Amz-Expires=%D9%A3"),
        ("X-Amz-Expires=300", "X-Amz-Expires=" + "9" * 400),
        ("X-Amz-Expires=300&", ""),
        ("X-Amz-Expires=300", "X-Amz-Expires=300&X-Amz-Expires=300"),
        ("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-HMAC-SHA1"),
        ("X-Amz-Date=2", "X-Amz-Date=x2"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("%2Fs3%2F", "%2Fsqs%2F"),
    ],
)
def test_malformed_presigned_requests_are_refused(old: str, new: str) -> None:
    query = SENT_BY_QUERY.query.decode()
    assert old in query
    sent = replace(SENT_BY_QUERY, query=query.replace(old, new).encode())

    assert _refusal(sent).reason == "AUTHORIZATION_QUERY_PARAMETERS_ERROR"


def test_a_longer_expiry_than_was_signed_is_refused() -> None:
    query = SENT_BY_QUERY.query.replace(b"Expires=300", b"Expires=3000")

    assert _refusal(replace(SENT_BY_QUERY, query=query)).reason == "SIGNATURE_DOES_NOT_MATCH"


def test_two_signatures_are_one_too_many() -> None:
    sent = SENT_BY_QUERY.with_header("authorization", signed("GET", URL).header("authorization"))

    assert _refusal(sent).reason == "INVALID_ARGUMENT"


@settings(deadline=None, max_examples=300)
@given(
    authorization=st.binary(max_size=200) | VALUES.map(lambda text: f"AWS4-HMAC-SHA256 {text}".encode()),
    query=st.binary(max_size=200),
)
def test_whatever_comes_is_answered(authorization: bytes, query: bytes) -> None:
    for headers in (((b"host", b"h"),), ((b"host", b"h"), (b"authorization", authorization))):
        try:
            assert verify(Sent("GET", b"/", query, headers), signers(), CLOCK) is None
        except ApiError as error:
            error.status("ray").SerializeToString()


def _signed_by_hand(verb: str, path: str, headers: dict[str, str], payload: str = "") -> Sent:
    """What botocore would not sign, or not sign so: exactly these headers. `payload`: signed, but not told."""
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    told = {} if payload else {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    headers = {**headers, "x-amz-date": now, **told}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = f"{verb}\n{path}\n\n{lines}\n{names}\n{payload or 'UNSIGNED-PAYLOAD'}"
    scope = f"{now[:8]}/auto/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"AWS4" + SECRET.encode()
    for part in (*scope.split("/"), text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    authorization = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/{scope},SignedHeaders={names},Signature={key.hex()}"
    pairs = {"host": "h", **headers, "authorization": authorization}
    return Sent(verb, path.encode(), b"", tuple((name.encode(), value.encode()) for name, value in pairs.items()))
