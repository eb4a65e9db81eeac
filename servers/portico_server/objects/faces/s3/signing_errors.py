"""What signed requests are refused with. The reasons are S3's error codes in the writing of this platform; metadata are
the elements that S3's answer has besides, in lower case (`string_to_sign`: `StringToSign`).

Source: Amazon S3 API Reference, "Error responses", "List of error codes" and "List of SOAP/REST authentication errors".
"""

from __future__ import annotations

import grpc

from portico_server.platform.errors import ApiError

MOST_TOLD_BYTES = 16 * 1024
"""Of what was signed, in an answer."""


def refused(reason: str, message: str, **metadata: str) -> ApiError:
    """UNAUTHENTICATED: who calls is not proven."""
    return ApiError(grpc.StatusCode.UNAUTHENTICATED, reason, message, metadata=metadata)


def invalid(reason: str, message: str, **metadata: str) -> ApiError:
    """INVALID_ARGUMENT: the request is not what it says it is."""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, reason, message, metadata=metadata)


def access_denied(message: str, **metadata: str) -> ApiError:
    """What S3 says of signatures that are too old, not valid yet, or do not cover what they must."""
    return refused("ACCESS_DENIED", message, **metadata)


def header_malformed(message: str, region: str = "") -> ApiError:
    """About `authorization`. `region`: the one that it must name, where that is what is wrong."""
    return refused(
        "AUTHORIZATION_HEADER_MALFORMED", f"the authorization header is malformed: {message}", **_named(region)
    )


def query_malformed(message: str, region: str = "") -> ApiError:
    """About the parameters of a presigned request; `region` as above."""
    return refused("AUTHORIZATION_QUERY_PARAMETERS_ERROR", message, **_named(region))


def form_malformed(message: str, region: str = "") -> ApiError:
    """About the fields of a form."""
    return refused("AUTHORIZATION_QUERY_PARAMETERS_ERROR", f"the form's fields: {message}", **_named(region))


def unsupported_mechanism(what: str) -> ApiError:
    """About a way to sign that is not AWS4-HMAC-SHA256."""
    return refused(
        "INVALID_REQUEST",
        "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256 (Signature "
        f"Version 4, region `auto`): {what} is not implemented here",
    )


def does_not_match(key_id: str, provided: str, string_to_sign: bytes, canonical: bytes | None = None) -> ApiError:
    """With what was signed here, so that whoever wrote a client can compare it with what the client signed."""
    told = {"aws_access_key_id": key_id, "signature_provided": provided, "string_to_sign": _told(string_to_sign)}
    if canonical is not None:
        told["canonical_request"] = _told(canonical)
    return refused(
        "SIGNATURE_DOES_NOT_MATCH",
        "the signature that was calculated here is not the one that came: check the secret access key, and that the "
        "request comes as it was signed",
        **told,
    )


def _named(region: str) -> dict[str, str]:
    return {"region": region} if region else {}


def _told(signed: bytes) -> str:
    return signed[:MOST_TOLD_BYTES].decode("utf-8", "replace")
