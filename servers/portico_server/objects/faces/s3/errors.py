"""How errors are told as S3 tells them: reasons of the platform and the contract, each with S3's code and status.

A reason that is not in the table is told by its gRPC code. Messages are the error's own, but for those that clients
know by heart.
Source: Amazon S3 API Reference, "Error responses", "List of error codes".
"""

from __future__ import annotations

from typing import NamedTuple

import grpc

from portico_server.objects.faces.s3.wording import worded
from portico_server.platform.errors import ApiError


class Told(NamedTuple):
    """S3's code, the HTTP status, and a message in place of the error's own."""

    code: str
    status: int
    message: str = ""


_OF_THE_CONTRACT = {
    "BUCKET_NOT_FOUND": Told("NoSuchBucket", 404, "The specified bucket does not exist"),
    "BUCKET_ALREADY_EXISTS": Told(
        "BucketAlreadyOwnedByYou",
        409,
        "Your previous request to create the named bucket succeeded and you already own it.",
    ),
    "BUCKET_NOT_EMPTY": Told("BucketNotEmpty", 409, "The bucket you tried to delete is not empty"),
    "BUCKET_BEING_DELETED": Told("OperationAborted", 409),
    "VERSIONING_CANNOT_END": Told("InvalidBucketState", 409),
    "OBJECT_LOCK_CANNOT_END": Told("InvalidBucketState", 409),
    "PUBLIC_ACCESS_BLOCKED": Told("AccessDenied", 403),
    "JURISDICTION_UNAVAILABLE": Told("InvalidBucketState", 409),
    "VERSIONING_NEEDED": Told("InvalidBucketState", 409),
    "OBJECT_NOT_FOUND": Told("NoSuchKey", 404, "The specified key does not exist."),
    "VERSION_NOT_FOUND": Told("NoSuchVersion", 404, "The specified version does not exist."),
    "NOT_MODIFIED": Told("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"),
    "ETAG_MISMATCH": Told("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"),
    "MODIFIED": Told("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"),
    "OBJECT_EXISTS": Told("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold"),
    "INVALID_RANGE": Told("InvalidRange", 416, "The requested range is not satisfiable"),
    "INVALID_PART_NUMBER": Told("InvalidPartNumber", 416, "The requested partnumber is not satisfiable"),
    "BAD_DIGEST": Told("BadDigest", 400),
    "OBJECT_DAMAGED": Told("InternalError", 500),
    "OBJECT_TOO_LARGE": Told("EntityTooLarge", 400),
    "OBJECT_LOCKED": Told("AccessDenied", 403),
    "OBJECT_LOCK_DISABLED": Told("InvalidRequest", 400, "Bucket is missing Object Lock Configuration"),
    "TOO_MANY_UPLOADS": Told("InvalidRequest", 400),
    "UPLOAD_NOT_FOUND": Told(
        "NoSuchUpload",
        404,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed.",
    ),
    "INVALID_PART": Told("InvalidPart", 400),
    "INVALID_PART_ORDER": Told("InvalidPartOrder", 400),
    "PART_TOO_SMALL": Told("EntityTooSmall", 400),
    "PART_TOO_LARGE": Told("EntityTooLarge", 400),
    "CONTENDED": Told("OperationAborted", 409),
    "STORE_LOOP": Told("LoopDetected", 508),
    "STORAGE_FULL": Told("InsufficientStorage", 507),
    "VALIDATION_FAILED": Told("InvalidArgument", 400),
    "INVALID_FIELD": Told("InvalidArgument", 400),
    "PERMISSION_DENIED": Told("AccessDenied", 403, "Access Denied"),
    "TOKEN_MISSING": Told("AccessDenied", 403, "Access Denied"),
    "BODY_TOO_LARGE": Told("EntityTooLarge", 400),
}

_OF_THE_FACE = {
    "ACCESS_CONTROL_LIST_NOT_SUPPORTED": Told("AccessControlListNotSupported", 400),
    "ACCESS_DENIED": Told("AccessDenied", 403),
    "ACCESS_FORBIDDEN": Told("AccessForbidden", 403),
    "AUTHORIZATION_HEADER_MALFORMED": Told("AuthorizationHeaderMalformed", 400),
    "AUTHORIZATION_QUERY_PARAMETERS_ERROR": Told("AuthorizationQueryParametersError", 400),
    "BAD_REQUEST": Told("BadRequest", 400),
    "ENTITY_TOO_LARGE": Told("EntityTooLarge", 400),
    "ENTITY_TOO_SMALL": Told("EntityTooSmall", 400),
    "ILLEGAL_LOCATION_CONSTRAINT_EXCEPTION": Told("IllegalLocationConstraintException", 400),
    "ILLEGAL_VERSIONING_CONFIGURATION_EXCEPTION": Told("IllegalVersioningConfigurationException", 400),
    "INCOMPLETE_BODY": Told("IncompleteBody", 400),
    "INVALID_ACCESS_KEY_ID": Told("InvalidAccessKeyId", 403),
    "INVALID_ARGUMENT": Told("InvalidArgument", 400),
    "INVALID_BUCKET_ACL_WITH_OBJECT_OWNERSHIP": Told("InvalidBucketAclWithObjectOwnership", 400),
    "INVALID_BUCKET_NAME": Told("InvalidBucketName", 400),
    "INVALID_BUCKET_STATE": Told("InvalidBucketState", 409),
    "INVALID_CHUNK": Told("InvalidRequest", 400),
    "INVALID_CHUNK_SIZE_ERROR": Told("InvalidChunkSizeError", 403),
    "INVALID_DIGEST": Told("InvalidDigest", 400),
    "INVALID_LOCATION_CONSTRAINT": Told("InvalidLocationConstraint", 400),
    "INVALID_POLICY_DOCUMENT": Told("InvalidPolicyDocument", 400),
    "INVALID_REQUEST": Told("InvalidRequest", 400),
    "INVALID_RETENTION_PERIOD": Told("InvalidRetentionPeriod", 400),
    "INVALID_STORAGE_CLASS": Told("InvalidStorageClass", 400),
    "INVALID_TAG": Told("InvalidTag", 400),
    "INVALID_TOKEN": Told("InvalidToken", 400),
    "INVALID_URI": Told("InvalidURI", 400),
    "KEY_TOO_LONG_ERROR": Told("KeyTooLongError", 400),
    "LOOP_DETECTED": Told("LoopDetected", 508),
    "MALFORMED_POLICY": Told("MalformedPolicy", 400),
    "MALFORMED_POST_REQUEST": Told("MalformedPOSTRequest", 400),
    "MALFORMED_TRAILER_ERROR": Told("MalformedTrailerError", 400),
    "MALFORMED_XML": Told("MalformedXML", 400),
    "MAX_MESSAGE_LENGTH_EXCEEDED": Told("MaxMessageLengthExceeded", 400),
    "MAX_POST_PRE_DATA_LENGTH_EXCEEDED": Told("MaxPostPreDataLengthExceeded", 400),
    "METADATA_TOO_LARGE": Told("MetadataTooLarge", 400),
    "METHOD_NOT_ALLOWED": Told("MethodNotAllowed", 405),
    "MISSING_CONTENT_LENGTH": Told("MissingContentLength", 411),
    "MISSING_REQUEST_BODY_ERROR": Told("MissingRequestBodyError", 400),
    "MISSING_SECURITY_HEADER": Told("MissingSecurityHeader", 400),
    "NOT_IMPLEMENTED": Told("NotImplemented", 501),
    "NO_SUCH_BUCKET_POLICY": Told("NoSuchBucketPolicy", 404),
    "NO_SUCH_CONFIGURATION": Told("NoSuchConfiguration", 404),
    "NO_SUCH_CORS_CONFIGURATION": Told("NoSuchCORSConfiguration", 404),
    "NO_SUCH_KEY": Told("NoSuchKey", 404, "The specified key does not exist."),
    "NO_SUCH_LIFECYCLE_CONFIGURATION": Told("NoSuchLifecycleConfiguration", 404),
    "NO_SUCH_OBJECT_LOCK_CONFIGURATION": Told("NoSuchObjectLockConfiguration", 404),
    "NO_SUCH_PUBLIC_ACCESS_BLOCK_CONFIGURATION": Told("NoSuchPublicAccessBlockConfiguration", 404),
    "NO_SUCH_TAG_SET": Told("NoSuchTagSet", 404),
    "NO_SUCH_WEBSITE_CONFIGURATION": Told("NoSuchWebsiteConfiguration", 404),
    "OBJECT_LOCK_CONFIGURATION_NOT_FOUND_ERROR": Told("ObjectLockConfigurationNotFoundError", 404),
    "PRECONDITION_FAILED": Told("PreconditionFailed", 412),
    "REPLICATION_CONFIGURATION_NOT_FOUND_ERROR": Told("ReplicationConfigurationNotFoundError", 404),
    "REQUEST_TIMEOUT": Told("RequestTimeout", 400),
    "REQUEST_TIME_TOO_SKEWED": Told("RequestTimeTooSkewed", 403),
    "SERVER_SIDE_ENCRYPTION_CONFIGURATION_NOT_FOUND_ERROR": Told("ServerSideEncryptionConfigurationNotFoundError", 404),
    "SIGNATURE_DOES_NOT_MATCH": Told("SignatureDoesNotMatch", 403),
    "TOKEN_REVOKED": Told("InvalidAccessKeyId", 403),
    "UNEXPECTED_CONTENT": Told("UnexpectedContent", 400),
    "X_AMZ_CONTENT_SHA256_MISMATCH": Told("XAmzContentSHA256Mismatch", 400),
}

_MARKER = Told("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")
"""About a version that was named, and is a delete marker."""
_SENTENCES = {
    "OBJECT_LOCKED": "Access Denied because object protected by object lock.",
    "PART_TOO_SMALL": "Your proposed upload is smaller than the minimum allowed size:",
}
"""What S3 says, before we say more."""
_BY_REASON = _OF_THE_CONTRACT | _OF_THE_FACE

_BY_CODE = {
    grpc.StatusCode.CANCELLED: Told("RequestTimeout", 400),
    grpc.StatusCode.INVALID_ARGUMENT: Told("InvalidArgument", 400),
    grpc.StatusCode.DEADLINE_EXCEEDED: Told("RequestTimeout", 400),
    grpc.StatusCode.NOT_FOUND: Told("NoSuchKey", 404),
    grpc.StatusCode.ALREADY_EXISTS: Told("OperationAborted", 409),
    grpc.StatusCode.PERMISSION_DENIED: Told("AccessDenied", 403),
    grpc.StatusCode.UNAUTHENTICATED: Told("AccessDenied", 403),
    grpc.StatusCode.RESOURCE_EXHAUSTED: Told("SlowDown", 503),
    grpc.StatusCode.FAILED_PRECONDITION: Told("InvalidRequest", 400),
    grpc.StatusCode.ABORTED: Told("OperationAborted", 409),
    grpc.StatusCode.OUT_OF_RANGE: Told("InvalidRange", 416),
    grpc.StatusCode.UNIMPLEMENTED: Told("NotImplemented", 501),
    grpc.StatusCode.UNAVAILABLE: Told("ServiceUnavailable", 503),
}
_UNEXPECTED = Told("InternalError", 500)

_BY_FIELD = {
    "size_bytes": Told("IncompleteBody", 400),
    "content_sha256": Told("XAmzContentSHA256Mismatch", 400),
    "checksum_type": Told("InvalidRequest", 400),
    "checksums": Told("InvalidRequest", 400),
    "checksums.type": Told("InvalidRequest", 400),
    "parts": Told("InvalidRequest", 400),
    "bucket_id": Told("InvalidBucketName", 400),
    "retention.retain_until_time": Told("InvalidArgument", 400, "The retain until date must be in the future!"),
    "metadata.custom": Told("MetadataTooLarge", 400),
    "tags": Told("InvalidTag", 400),
    "page_token": Told("InvalidArgument", 400),
}
"""What a reason about a field means more exactly."""
_ABOUT_FIELDS = ("BAD_DIGEST", "VALIDATION_FAILED", "INVALID_FIELD")


def told(error: ApiError) -> Told:
    """How S3 tells of the error; `message` filled."""
    found = _found(error)
    if error.reason in _SENTENCES:
        return found._replace(message=f"{_SENTENCES[error.reason]} {worded(error)}")
    return found if found.message else found._replace(message=worded(error))


def _found(error: ApiError) -> Told:
    if error.metadata.get("delete_marker") == "true" and error.reason == "OBJECT_NOT_FOUND":
        if error.metadata.get("version_id"):
            return _BY_REASON["OBJECT_NOT_FOUND"]
        return _MARKER
    if error.metadata.get("missing") == "true" and error.reason == "ETAG_MISMATCH":
        return _BY_REASON["NO_SUCH_KEY"]
    if error.violations and error.reason in _ABOUT_FIELDS:
        field = error.violations[0].field.partition("[")[0]
        if field in _BY_FIELD:
            return _BY_FIELD[field]
    return _BY_REASON.get(error.reason) or _BY_CODE.get(error.code, _UNEXPECTED)
