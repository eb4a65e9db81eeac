"""What a signed request says of its signature, in `authorization`, in its query (presigned) or in a form. Nothing is
verified here.

Source: Amazon S3 API Reference, "Authenticating Requests (AWS Signature Version 4)", using the authorization header and
using query parameters.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from portico_server.objects.faces.s3.canonical import Pairs
from portico_server.objects.faces.s3.signing_errors import (
    access_denied,
    form_malformed,
    header_malformed,
    invalid,
    query_malformed,
    unsupported_mechanism,
)
from portico_server.objects.services.http_dates import parse_http_date
from portico_server.platform.errors import ApiError

ALGORITHM = "AWS4-HMAC-SHA256"
SIGNATURE = b"X-Amz-Signature"
LONGEST_PRESIGN_SECONDS = 604_800
"""Seven days."""

_FIELDS = (b"Credential", b"SignedHeaders", b"Signature")
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_DATE = re.compile(r"[0-9]{8}")
_TIME = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_QUERY_PARAMETERS = (
    b"X-Amz-Algorithm",
    b"X-Amz-Credential",
    b"X-Amz-Date",
    b"X-Amz-Expires",
    b"X-Amz-SignedHeaders",
    SIGNATURE,
)
FORM_FIELDS = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_NEEDED = frozenset(_QUERY_PARAMETERS)
_OLDER_QUERY = frozenset((b"Signature", b"AWSAccessKeyId"))
"""Of Signature Version 2."""

Malformed = Callable[[str], ApiError]
"""Makes the error about the form in which the signature came."""


class Scope(NamedTuple):
    """For what the signing key is good: one day, one region."""

    date: str
    region: str
    text: str
    """As it is signed: `DATE/REGION/s3/aws4_request`."""


class Claims(NamedTuple):
    """`signed_at` as the client wrote it (`at_seconds` since 1970). `expires_seconds`: of presigned ones; else None."""

    key_id: str
    scope: Scope
    signed_headers: tuple[bytes, ...]
    signature: str
    signed_at: str
    at_seconds: int
    expires_seconds: int | None = None

    @property
    def presigned(self) -> bool:
        return self.expires_seconds is not None


def claims_of(headers: Mapping[bytes, list[bytes]], parameters: Pairs) -> Claims | None:
    """Of a request; None for one that is not signed. Raises ApiError."""
    authorization = headers.get(b"authorization")
    names = [name for name, _ in parameters if name[:6] == b"X-Amz-" or name in _OLDER_QUERY] if parameters else []
    in_query = SIGNATURE in names or b"X-Amz-Algorithm" in names or b"Signature" in names
    if authorization is None or not any(map(bytes.strip, authorization)):
        return _of_query(dict(parameters), names) if in_query else None
    if in_query or len(authorization) > 1:
        raise invalid(
            "INVALID_ARGUMENT",
            "only one signature is allowed: in the authorization header, or in the query",
            argument_name="Authorization",
        )
    return _of_header(authorization[0], headers)


def _of_header(authorization: bytes, headers: Mapping[bytes, list[bytes]]) -> Claims:
    mechanism, _, rest = authorization.strip().partition(b" ")
    fields = dict(part.strip().partition(b"=")[::2] for part in rest.split(b","))
    if mechanism != ALGORITHM.encode() or fields.keys() != {*_FIELDS}:
        raise _not_understood(mechanism)
    credential, signed, given = (fields[name].decode("latin-1") for name in _FIELDS)
    key_id, scope = _credential(credential, header_malformed)
    signed_at, at_seconds = _time_of(headers)
    return Claims(key_id, scope, _names(signed), _signature(given, header_malformed), signed_at, at_seconds)


def check_scope_date(claims: Claims) -> None:
    """Whether the credential is of the day of the request. Raises ApiError."""
    if not claims.signed_at.startswith(claims.scope.date):
        raise header_malformed(
            f"the credential's date {claims.scope.date} is not that of the request, {claims.signed_at}"
        )


def _not_understood(mechanism: bytes) -> ApiError:
    if mechanism == b"AWS":
        return unsupported_mechanism("AWS Signature Version 2")
    if mechanism != ALGORITHM.encode():
        return unsupported_mechanism("this kind of authorization")
    return header_malformed(
        "it must be `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/s3/aws4_request, SignedHeaders=…, Signature=…`"
    )


def _of_query(parameters: Mapping[bytes, bytes], names: list[bytes]) -> Claims:
    if not _OLDER_QUERY.isdisjoint(names):
        raise unsupported_mechanism("AWS Signature Version 2")
    needed = [name for name in names if name in _NEEDED]
    if len(needed) != len(_NEEDED) or len(set(needed)) != len(_NEEDED):
        raise query_malformed(
            "query-string authentication needs each of X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, "
            "X-Amz-SignedHeaders and X-Amz-Expires once"
        )
    algorithm, credential, date, expires, signed, given = (
        parameters[name].decode("latin-1") for name in _QUERY_PARAMETERS
    )
    if algorithm != ALGORITHM:
        raise query_malformed(f"X-Amz-Algorithm must be {ALGORITHM}")
    key_id, scope = _credential(credential, query_malformed)
    at_seconds = parse_time(date)
    if at_seconds is None:
        raise query_malformed("X-Amz-Date must be a time as 20130524T000000Z")
    if not date.startswith(scope.date):
        raise query_malformed(f"the credential's date {scope.date} is not that of X-Amz-Date, {date}")
    if not (expires.isascii() and expires.isdecimal() and 0 < int(expires[:9]) <= LONGEST_PRESIGN_SECONDS):
        raise query_malformed(f"X-Amz-Expires must be 1 to {LONGEST_PRESIGN_SECONDS} seconds: a week at most")
    signature = _signature(given, query_malformed)
    return Claims(key_id, scope, _names(signed), signature, date, at_seconds, int(expires))


def claims_of_form(fields: Mapping[str, str]) -> Claims:
    """Of a form with a policy (POST Object). Raises ApiError."""
    check_given(FORM_FIELDS, fields)
    algorithm, credential, date, given = (fields[name] for name in FORM_FIELDS)
    if algorithm != ALGORITHM:
        raise unsupported_mechanism("this x-amz-algorithm")
    key_id, scope = _credential(credential, form_malformed)
    at_seconds = parse_time(date)
    if at_seconds is None or not date.startswith(scope.date):
        raise form_malformed("x-amz-date must be a time as 20130524T000000Z, of the credential's date")
    return Claims(key_id, scope, (), _signature(given, form_malformed), date, at_seconds)


def check_given(names: Iterable[str], fields: Mapping[str, str]) -> None:
    """Raises ApiError where a form lacks one of these fields."""
    missing = [name for name in names if name not in fields]
    if missing:
        raise invalid(
            "INVALID_ARGUMENT",
            f"Bucket POST must contain a field named '{missing[0]}'. If it is specified, please check the order of the "
            "fields",
            argument_name=missing[0],
        )


@functools.lru_cache(1024)
def _names(signed_headers: str) -> tuple[bytes, ...]:
    return tuple(signed_headers.encode("latin-1").split(b";"))


@functools.lru_cache(1024)  # of one client it is the same all day
def _credential(text: str, malformed: Malformed) -> tuple[str, Scope]:
    parts = text.rsplit("/", 4)  # of other makers' keys some hold a slash
    if len(parts) != 5 or parts[4] != "aws4_request" or not _DATE.fullmatch(parts[1]):
        raise malformed("the credential must be KEY/YYYYMMDD/REGION/s3/aws4_request")
    key_id, date, region, service, _ = parts
    if service != "s3":
        raise malformed(f"the credential's service {service[:64]!r} is wrong; it must be 's3'")
    return key_id, Scope(date, region, "/".join(parts[1:]))


def _signature(text: str, malformed: Malformed) -> str:
    if not _SIGNATURE.fullmatch(text):
        raise malformed("the signature must be 64 hexadecimal digits in lower case")
    return text


def _time_of(headers: Mapping[bytes, list[bytes]]) -> tuple[str, int]:
    """When a request says that it was signed: as ISO 8601 writes it without separators, and in seconds since 1970."""
    for name in (b"x-amz-date", b"date"):
        values = headers.get(name)
        if values is None:
            continue
        text = values[0].decode("latin-1").strip()
        at_seconds = parse_time(text)
        if at_seconds is not None:
            return text, at_seconds
        at_seconds = parse_http_date(text)
        if at_seconds is not None:
            return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at_seconds)), at_seconds
        break
    raise access_denied("a signed request needs a valid x-amz-date header, or date")


@functools.lru_cache(1024)
def parse_time(text: str) -> int | None:
    """Seconds since 1970 of `20130524T000000Z`; None for what is no such time."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    try:
        return int(datetime(*map(int, found.groups()), tzinfo=UTC).timestamp())  # type: ignore[misc, arg-type]
    except ValueError:
        return None
