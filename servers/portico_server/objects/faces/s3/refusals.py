"""What the S3 face itself refuses. The reasons are S3's error codes in the writing of this platform; metadata are the
elements that S3's answer has besides, in lower case (`argument_name`: `ArgumentName`).

Source: Amazon S3 API Reference, "Error responses", "List of error codes".
"""

from __future__ import annotations

import grpc

from portico_server.platform.errors import ApiError

_MOST_TOLD_CHARACTERS = 256


def invalid(reason: str, message: str, **metadata: str) -> ApiError:
    """INVALID_ARGUMENT: something about the request is wrong."""
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, reason, message, metadata=metadata)


def invalid_argument(name: str, value: str, message: str) -> ApiError:
    """A parameter, or a header, that cannot be what it is."""
    return invalid("INVALID_ARGUMENT", message, argument_name=name, argument_value=value[:_MOST_TOLD_CHARACTERS])


def malformed_xml(message: str = "") -> ApiError:
    """A body that is not what the operation wants."""
    return invalid(
        "MALFORMED_XML",
        "The XML you provided was not well-formed or did not validate against our published schema"
        f"{message and ': '}{message}",
    )


def missing(reason: str, message: str, **metadata: str) -> ApiError:
    """NOT_FOUND: what is asked for is not there."""
    return ApiError(grpc.StatusCode.NOT_FOUND, reason, message, metadata=metadata)


def denied(message: str) -> ApiError:
    """PERMISSION_DENIED."""
    return ApiError(grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED", message)


def precondition(reason: str, message: str, **metadata: str) -> ApiError:
    """FAILED_PRECONDITION: not as things are."""
    return ApiError(grpc.StatusCode.FAILED_PRECONDITION, reason, message, metadata=metadata)


def not_implemented(what: str, instead: str = "", header: str = "") -> ApiError:
    """UNIMPLEMENTED: something of S3 that is not offered, and what to do about it."""
    told = {"header": header} if header else {}
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "NOT_IMPLEMENTED",
        f"{what} is not implemented here{instead and '; '}{instead}",
        metadata=told,
    )


def method_not_allowed(verb: str, allowed: str) -> ApiError:
    """`allowed`: the verbs that there are, as the header `allow` has them."""
    return ApiError(
        grpc.StatusCode.UNIMPLEMENTED,
        "METHOD_NOT_ALLOWED",
        "the specified method is not allowed against this resource",
        metadata={"method": verb, "allow": allowed},
    )
