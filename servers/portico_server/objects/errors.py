"""What can go wrong with buckets and objects, and the code and reason that callers see."""

from __future__ import annotations

from grpc import StatusCode

from portico_server.platform.errors import DomainError, ErrorTable


class BucketNotFound(DomainError):
    """The account has no such bucket."""


class BucketAlreadyExists(DomainError):
    """The account has a bucket of that id."""


class BucketNotEmpty(DomainError):
    """It holds objects, older versions or delete markers."""


class BucketBeingDeleted(DomainError):
    """It is being emptied, and takes nothing new."""


class BucketChanged(DomainError):
    """Its settings are not those that the caller saw."""


class VersioningCannotEnd(DomainError):
    """A bucket that kept versions can suspend versioning, but not disable it."""


class ObjectLockCannotEnd(DomainError):
    """A bucket that had object lock keeps it."""


class PublicAccessBlocked(DomainError):
    """The bucket must not be opened to everybody."""


class ObjectNotFound(DomainError):
    """No current object has the key."""


class VersionNotFound(DomainError):
    """The key has no such version."""


class NotModified(DomainError):
    """The object is what the caller already has."""


class EtagMismatch(DomainError):
    """The object's ETag is not, or is, among those of the condition."""


class Modified(DomainError):
    """The object changed after the time of the condition."""


class ObjectExists(DomainError):
    """There is an object where the condition wanted none."""


class PermissionMissing(DomainError):
    """Which permission a write needs depends on what is there; the caller lacks that one."""


class ObjectLockDisabled(DomainError):
    """The bucket has no object lock, so none of its versions can be locked."""


class ObjectLocked(DomainError):
    """Retention or a legal hold keeps the version from being deleted, or its retention from being shortened."""


class InvalidRange(DomainError):
    """The range begins behind the object's end."""


class BadDigest(DomainError):
    """The bytes that came are not those that were announced."""


class ObjectDamaged(DomainError):
    """Bytes of the object that were stored are not there any more."""


class InvalidField(DomainError):
    """A field of the request cannot be what it is; `field` says which."""


class ObjectTooLarge(DomainError):
    """More bytes than an object may have."""


class WriteContended(DomainError):
    """Others changed the object each time between the look at it and the write."""


class UploadNotFound(DomainError):
    """The object has no multipart upload of that id underway."""


class TooManyUploads(DomainError):
    """The bucket has as many multipart uploads underway as it may."""


class InvalidPart(DomainError):
    """A part that is named was not uploaded, or with another ETag or digest."""


class InvalidPartOrder(DomainError):
    """Parts are not named by rising number."""


class PartTooSmall(DomainError):
    """A part that is not the last is smaller than parts may be."""


class PartTooLarge(DomainError):
    """More bytes than a part may have."""


class InvalidPartNumber(DomainError):
    """The object has no part of that number."""


class QueueNotFound(DomainError):
    """The account has no such queue: no rule names it, and it was never told anything."""


class NotificationNotTold(DomainError):
    """The queue has told of fewer than the caller acknowledges."""


class NotificationNotNext(DomainError):
    """It is not the one that the webhook is sent next."""


class WebhookNotFound(DomainError):
    """The account has no such webhook."""


class TooManyWebhooks(DomainError):
    """Rules of the account's buckets name as many webhooks as they may."""


class TooManyTests(DomainError):
    """As many tests of webhooks as may be are under way."""


class JurisdictionUnavailable(DomainError):
    """No store is in the jurisdiction where the bucket's bytes must be."""


ERRORS: ErrorTable = {
    BucketNotFound: (StatusCode.NOT_FOUND, "BUCKET_NOT_FOUND"),
    BucketAlreadyExists: (StatusCode.ALREADY_EXISTS, "BUCKET_ALREADY_EXISTS"),
    BucketNotEmpty: (StatusCode.FAILED_PRECONDITION, "BUCKET_NOT_EMPTY"),
    BucketBeingDeleted: (StatusCode.FAILED_PRECONDITION, "BUCKET_BEING_DELETED"),
    JurisdictionUnavailable: (StatusCode.FAILED_PRECONDITION, "JURISDICTION_UNAVAILABLE"),
    BucketChanged: (StatusCode.ABORTED, "ETAG_MISMATCH"),
    VersioningCannotEnd: (StatusCode.FAILED_PRECONDITION, "VERSIONING_CANNOT_END"),
    ObjectLockCannotEnd: (StatusCode.FAILED_PRECONDITION, "OBJECT_LOCK_CANNOT_END"),
    PublicAccessBlocked: (StatusCode.FAILED_PRECONDITION, "PUBLIC_ACCESS_BLOCKED"),
    ObjectNotFound: (StatusCode.NOT_FOUND, "OBJECT_NOT_FOUND"),
    VersionNotFound: (StatusCode.NOT_FOUND, "VERSION_NOT_FOUND"),
    NotModified: (StatusCode.FAILED_PRECONDITION, "NOT_MODIFIED"),
    EtagMismatch: (StatusCode.FAILED_PRECONDITION, "ETAG_MISMATCH"),
    Modified: (StatusCode.FAILED_PRECONDITION, "MODIFIED"),
    ObjectExists: (StatusCode.FAILED_PRECONDITION, "OBJECT_EXISTS"),
    PermissionMissing: (StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED"),
    ObjectLockDisabled: (StatusCode.FAILED_PRECONDITION, "OBJECT_LOCK_DISABLED"),
    ObjectLocked: (StatusCode.FAILED_PRECONDITION, "OBJECT_LOCKED"),
    InvalidRange: (StatusCode.OUT_OF_RANGE, "INVALID_RANGE"),
    BadDigest: (StatusCode.INVALID_ARGUMENT, "BAD_DIGEST"),
    ObjectDamaged: (StatusCode.DATA_LOSS, "OBJECT_DAMAGED"),
    InvalidField: (StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"),
    ObjectTooLarge: (StatusCode.INVALID_ARGUMENT, "OBJECT_TOO_LARGE"),
    UploadNotFound: (StatusCode.NOT_FOUND, "UPLOAD_NOT_FOUND"),
    TooManyUploads: (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_UPLOADS"),
    InvalidPart: (StatusCode.INVALID_ARGUMENT, "INVALID_PART"),
    InvalidPartOrder: (StatusCode.INVALID_ARGUMENT, "INVALID_PART_ORDER"),
    PartTooSmall: (StatusCode.INVALID_ARGUMENT, "PART_TOO_SMALL"),
    PartTooLarge: (StatusCode.INVALID_ARGUMENT, "PART_TOO_LARGE"),
    InvalidPartNumber: (StatusCode.OUT_OF_RANGE, "INVALID_PART_NUMBER"),
    QueueNotFound: (StatusCode.NOT_FOUND, "QUEUE_NOT_FOUND"),
    NotificationNotTold: (StatusCode.FAILED_PRECONDITION, "NOTIFICATION_NOT_TOLD"),
    NotificationNotNext: (StatusCode.FAILED_PRECONDITION, "NOTIFICATION_NOT_NEXT"),
    WebhookNotFound: (StatusCode.NOT_FOUND, "WEBHOOK_NOT_FOUND"),
    TooManyWebhooks: (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_WEBHOOKS"),
    TooManyTests: (StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_TESTS"),
    WriteContended: (StatusCode.ABORTED, "CONTENDED"),
}
