"""AWS Signature Version 4: who has signed a request, and that it came as it was signed.

Source: AWS Identity and Access Management User Guide, "Create a signed AWS API request"; Amazon S3 API Reference,
"Authenticating Requests (AWS Signature Version 4)".
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from portico_server.objects.faces.s3 import canonical
from portico_server.objects.faces.s3.canonical import Pairs
from portico_server.objects.faces.s3.claims import SIGNATURE, Claims, check_scope_date, claims_of
from portico_server.objects.faces.s3.payload import EMPTY, NOT_SIGNED, Payload, payload_of
from portico_server.objects.faces.s3.signers import Signers, string_to_sign
from portico_server.objects.faces.s3.signing_errors import access_denied, does_not_match, invalid, refused
from portico_server.platform.access_keys import AccessKey
from portico_server.platform.clock import Clock
from portico_server.platform.signature_v4 import SigningKey

SKEW_SECONDS = 15 * 60
_CONTENT_SHA256 = b"x-amz-content-sha256"
_SECURITY_TOKEN = b"x-amz-security-token"


class Request(Protocol):
    """What is verified; `platform.faces.FaceRequest` is one. `raw_path` and `query` are as they were sent, names of
    `headers` in lower case."""

    @property
    def verb(self) -> str: ...
    @property
    def raw_path(self) -> bytes: ...
    @property
    def query(self) -> bytes: ...
    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...


class Signed(NamedTuple):
    """A request whose signature is good. What its body must be is `payload`, and whoever reads it sees to that; chunks
    are verified by `signing_key`, a secret of one day, and go on from the signature in `claims`."""

    key: AccessKey
    claims: Claims
    payload: Payload
    signing_key: SigningKey


def verify(request: Request, signers: Signers, clock: Clock, parameters: Pairs | None = None) -> Signed | None:
    """Who has signed it; None for nobody. `parameters`: those of its query, where they are decoded already. Raises
    ApiError: UNAUTHENTICATED, or INVALID_ARGUMENT for a body that is announced in an unknown way."""
    headers = _by_name(request.headers)
    if parameters is None:
        parameters = canonical.decoded_query(request.query)
    claims = claims_of(headers, parameters)
    if claims is None:
        return None
    check_time(claims, clock.now_us() // 1_000_000)  # first: whose clock is wrong is told so
    check_scope_date(claims)
    _check_covered(claims, headers)
    _check_no_token(headers, parameters)
    payload = _payload(claims, headers, parameters)
    key = signers.key_of(claims)
    signing_key = signers.signing_key(key, claims)
    _check_signature(request, headers, parameters, claims, payload, signing_key)
    return Signed(key, claims, payload, signing_key)


def _by_name(pairs: Pairs) -> dict[bytes, list[bytes]]:
    headers = {name: [value] for name, value in pairs}
    if len(headers) < len(pairs):  # seldom: one stands there more than once
        headers = {}
        for name, value in pairs:
            headers.setdefault(name, []).append(value)
    if b"host" not in headers and b":authority" in headers:
        headers[b"host"] = headers[b":authority"]
    return headers


def check_time(claims: Claims, now_seconds: int) -> None:
    """Whether a signature of then is good now. Raises ApiError."""
    if claims.expires_seconds is None:
        if abs(now_seconds - claims.at_seconds) > SKEW_SECONDS:
            raise refused(
                "REQUEST_TIME_TOO_SKEWED",
                "the request's time and this server's differ by more than 15 minutes; check the clocks",
                request_time=claims.signed_at,
                server_time=_written(now_seconds),
                max_allowed_skew_milliseconds=str(SKEW_SECONDS * 1000),
            )
        return
    ends = claims.at_seconds + claims.expires_seconds
    if claims.at_seconds > now_seconds + SKEW_SECONDS:
        raise access_denied(
            "the request is not valid yet; check the clocks",
            request_time=claims.signed_at,
            server_time=_written(now_seconds),
        )
    if now_seconds >= ends:
        raise access_denied(
            "the request has expired; have it signed anew",
            x_amz_expires=str(claims.expires_seconds),
            expires=_written(ends),
            server_time=_written(now_seconds),
        )


def _written(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _check_covered(claims: Claims, headers: Mapping[bytes, list[bytes]]) -> None:
    """The signature must cover what could change the request's meaning: `host`, and whatever S3 reads."""
    signed = claims.signed_headers
    missing = [name for name in headers if name[:6] == b"x-amz-" and name not in signed]
    if b"host" not in signed:
        missing.append(b"host")
    if missing:
        raise access_denied(
            "there were headers present in the request which were not signed; sign host and every x-amz- header",
            headers_not_signed=", ".join(sorted(name.decode("latin-1") for name in missing)),
        )


def _check_no_token(headers: Mapping[bytes, list[bytes]], parameters: Pairs) -> None:
    in_query = [value for name, value in parameters if name == b"X-Amz-Security-Token"]
    if any(headers.get(_SECURITY_TOKEN, ())) or any(in_query):
        raise refused(
            "INVALID_TOKEN", "session tokens are not issued here: sign with an access key alone, without a token"
        )


def _payload(claims: Claims, headers: Mapping[bytes, list[bytes]], parameters: Pairs) -> Payload:
    """What is said of the body. Where nothing is said, that of a presigned request may be any, and others have none (S3
    wants the header then; curl's signer leaves it out)."""
    given = headers.get(_CONTENT_SHA256, ())
    if not given:
        given = [value for name, value in parameters if claims.presigned and name == b"X-Amz-Content-Sha256"]
        if not given:
            return NOT_SIGNED if claims.presigned else EMPTY
    if len(given) != 1:
        raise invalid("INVALID_REQUEST", "x-amz-content-sha256 must be there once")
    return payload_of(given[0].strip())


def _check_signature(
    request: Request,
    headers: Mapping[bytes, list[bytes]],
    parameters: Pairs,
    claims: Claims,
    payload: Payload,
    signing_key: SigningKey,
) -> None:
    """Tries the request as it was sent, then as it should be written: clients differ in what they leave unencoded, and
    some sign the one, some the other. Then with the header `Expect`, which the door has taken, as boto 2 spells it."""

    def signed_text(path: bytes, query: bytes, headers: Mapping[bytes, list[bytes]] = headers) -> tuple[bytes, bytes]:
        written = canonical.canonical_request(request.verb, path, query, headers, claims.signed_headers, payload.text)
        return string_to_sign(claims, written), written

    left_out = SIGNATURE if claims.presigned else None
    sent = request.raw_path, canonical.query_as_sent(request.query, left_out)
    to_sign, written = signed_text(*sent)
    if hmac.compare_digest(signing_key.signature(to_sign), claims.signature):
        return
    pairs = [pair for pair in parameters if pair[0] != left_out]
    proper = canonical.canonical_path(request.raw_path), canonical.canonical_query(pairs)
    if proper != sent:
        to_sign, written = signed_text(*proper)
        if hmac.compare_digest(signing_key.signature(to_sign), claims.signature):
            return
    if b"expect" in claims.signed_headers and b"expect" not in headers:
        for path, query in {sent, proper}:
            spelled, _ = signed_text(path, query, {**headers, b"expect": [canonical.EXPECT_OF_BOTO_2]})
            if hmac.compare_digest(signing_key.signature(spelled), claims.signature):
                return
    raise does_not_match(claims.key_id, claims.signature, to_sign, written)
