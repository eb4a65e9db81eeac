"""All operations of S3's API: what answers each, or why it is refused. `docs/s3.md` is made of this table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from portico_server.objects.faces.s3.operations import (
    acls,
    attributes,
    bucket_settings,
    buckets,
    copying,
    cors,
    deleting,
    fixed,
    lifecycle,
    listing,
    marks,
    notifications,
    policies,
    posting,
    putting,
    reading,
    upload_lists,
    uploads,
)
from portico_server.objects.faces.s3.refusals import invalid_argument, not_implemented
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.usage.metering import Class
from portico_server.platform.faces import FaceResponse

Answer = Callable[[S3Request], Awaitable[FaceResponse]]

SERVICE, BUCKET, OBJECT = "service", "bucket", "object"
"""What a request is about: all buckets, one, or an object in it."""
COPY = "copy"
"""Stands for the header `x-amz-copy-source`, which makes another operation of a put."""


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is S3's. `selector`: the parameter of the query that makes the operation, empty where none does. `answer`
    None: it is refused. `note`: what is not as in S3, and what to do instead. `anonymous`: it may be answered to who
    has not signed, if the bucket is public, or a form is signed."""

    name: str
    level: str
    verb: str
    selector: str
    answer: Answer | None
    note: str = ""
    anonymous: bool = False
    class_: Class = field(init=False)
    """What it is charged as: what changes or lists is of class A, what reads of class B, what deletes is free."""
    parameters: frozenset[str] = field(init=False)
    """Of the query, those that it knows where it changes something: see `check_parameters`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_", _class_of(self.name, self.verb))
        object.__setattr__(self, "parameters", _parameters_of(self.level, self.verb, self.selector))

    @property
    def is_of_a_bucket(self) -> bool:
        """It is about a bucket that has to be there: not about all, nor one to be made, nor about an object."""
        return self.level == BUCKET and (self.selector != "" or self.verb == "GET")

    @property
    def support(self) -> str:
        """`works`, `partly` or `refused`."""
        if self.answer is None:
            return "refused"
        return "partly" if self.note else "works"


def _class_of(name: str, verb: str) -> Class:
    if verb == "DELETE" or name.startswith("Delete"):
        return Class.FREE
    return Class.A if verb in ("PUT", "POST") or name.startswith("List") else Class.B


def _parameters_of(level: str, verb: str, selector: str) -> frozenset[str]:
    selector = selector.partition("+")[0]
    names = {selector, *_FURTHER.get(selector, ())}
    if level == OBJECT and (selector not in (COPY, "", "uploads", "uploadId") or (selector, verb) == ("", "DELETE")):
        names.add("versionId")
    return frozenset(names)


_FURTHER = {
    "uploadId": ("partNumber",),
    "select": ("select-type",),
    **dict.fromkeys(("analytics", "inventory", "metrics", "intelligent-tiering"), ("id",)),
}
_BUCKET_ACLS = "the owner has FULL_CONTROL; what anybody may list is `public-read`; nothing else can be said"
_OBJECT_ACLS = "the owner has FULL_CONTROL; what anybody may read is `public-read`; nothing else can be said"
_NOT_SET = "there is nothing to set"
_ONE_POLICY = "what lets anybody read or list the objects; for all else use access policies of the account"
_NO_CLASSES = "there is one storage class, STANDARD"
_BY_ARN = "a source in another account is named by an ARN (see above)"
_READ_ONLY = "answered as for a bucket without it"
_ANALYSES = "nothing is analysed; usage is told by `portico objects usage`"
_TABLES = "no tables are made of metadata; list the bucket"
_BY_TAGS = "access policies do not look at a bucket's tags"

OPERATIONS = (
    Operation("ListBuckets", SERVICE, "GET", "", buckets.list_buckets),
    Operation(
        "CreateBucket",
        BUCKET,
        "PUT",
        "",
        buckets.create_bucket,
        "a location is a jurisdiction, or a hint (see above); no ACLs",
    ),
    Operation("HeadBucket", BUCKET, "HEAD", "", buckets.head_bucket, anonymous=True),
    Operation("DeleteBucket", BUCKET, "DELETE", "", buckets.delete_bucket),
    Operation(
        *("GetBucketLocation", BUCKET, "GET", "location", buckets.get_location),
        "always us-east-1, which means auto",
        anonymous=True,
    ),
    Operation("ListObjects", BUCKET, "GET", "", listing.list_objects, anonymous=True),
    Operation("ListObjectsV2", BUCKET, "GET", "list-type", listing.list_objects_v2, anonymous=True),
    Operation("ListObjectVersions", BUCKET, "GET", "versions", listing.list_versions),
    Operation("ListMultipartUploads", BUCKET, "GET", "uploads", upload_lists.list_uploads),
    Operation("PostObject", BUCKET, "POST", "", posting.post_object, anonymous=True),
    Operation("DeleteObjects", BUCKET, "POST", "delete", deleting.delete_objects),
    Operation("GetBucketVersioning", BUCKET, "GET", "versioning", bucket_settings.get_versioning),
    Operation("PutBucketVersioning", BUCKET, "PUT", "versioning", bucket_settings.put_versioning, "no MFA delete"),
    Operation("GetBucketTagging", BUCKET, "GET", "tagging", bucket_settings.get_tagging),
    Operation("PutBucketTagging", BUCKET, "PUT", "tagging", bucket_settings.put_tagging),
    Operation("DeleteBucketTagging", BUCKET, "DELETE", "tagging", bucket_settings.delete_tagging),
    Operation("GetObjectLockConfiguration", BUCKET, "GET", "object-lock", bucket_settings.get_object_lock),
    Operation("PutObjectLockConfiguration", BUCKET, "PUT", "object-lock", bucket_settings.put_object_lock),
    Operation("GetBucketCors", BUCKET, "GET", "cors", cors.get_cors),
    Operation("PutBucketCors", BUCKET, "PUT", "cors", cors.put_cors),
    Operation("DeleteBucketCors", BUCKET, "DELETE", "cors", cors.delete_cors),
    Operation("GetBucketLifecycleConfiguration", BUCKET, "GET", "lifecycle", lifecycle.get_lifecycle),
    Operation(
        "PutBucketLifecycleConfiguration",
        BUCKET,
        "PUT",
        "lifecycle",
        lifecycle.put_lifecycle,
        "no transitions; seconds are told as days, and stay where a rule is put as it was read",
    ),
    Operation("DeleteBucketLifecycle", BUCKET, "DELETE", "lifecycle", lifecycle.delete_lifecycle),
    Operation("GetBucketPolicy", BUCKET, "GET", "policy", policies.get_policy, _ONE_POLICY),
    Operation("PutBucketPolicy", BUCKET, "PUT", "policy", policies.put_policy, _ONE_POLICY),
    Operation("DeleteBucketPolicy", BUCKET, "DELETE", "policy", policies.delete_policy),
    Operation("GetBucketPolicyStatus", BUCKET, "GET", "policyStatus", policies.get_policy_status),
    Operation(
        "GetBucketNotificationConfiguration",
        BUCKET,
        "GET",
        "notification",
        notifications.get_notifications,
        "queues alone; rules that name webhooks are not shown",
    ),
    Operation(
        "PutBucketNotificationConfiguration",
        BUCKET,
        "PUT",
        "notification",
        notifications.put_notifications,
        "to queues, of kinds of events as a whole (`s3:ObjectCreated:*`); rules that name webhooks stay as they are",
    ),
    Operation("GetBucketAcl", BUCKET, "GET", "acl", acls.get_bucket_acl, _BUCKET_ACLS),
    Operation("PutBucketAcl", BUCKET, "PUT", "acl", acls.put_bucket_acl, _BUCKET_ACLS),
    Operation(
        "GetBucketOwnershipControls", BUCKET, "GET", "ownershipControls", fixed.get_ownership, "BucketOwnerEnforced"
    ),
    Operation(
        "PutBucketOwnershipControls", BUCKET, "PUT", "ownershipControls", fixed.put_ownership, "BucketOwnerEnforced"
    ),
    Operation("DeleteBucketOwnershipControls", BUCKET, "DELETE", "ownershipControls", None, "it is always enforced"),
    Operation("GetBucketEncryption", BUCKET, "GET", "encryption", fixed.get_encryption, _READ_ONLY),
    Operation("PutBucketEncryption", BUCKET, "PUT", "encryption", None, "no bytes are encrypted; encrypt the disk"),
    Operation("DeleteBucketEncryption", BUCKET, "DELETE", "encryption", fixed.nothing_to_delete, _NOT_SET),
    Operation("GetPublicAccessBlock", BUCKET, "GET", "publicAccessBlock", policies.get_public_access_block),
    Operation("PutPublicAccessBlock", BUCKET, "PUT", "publicAccessBlock", policies.put_public_access_block),
    Operation("DeletePublicAccessBlock", BUCKET, "DELETE", "publicAccessBlock", policies.delete_public_access_block),
    Operation("GetBucketWebsite", BUCKET, "GET", "website", fixed.get_website, _READ_ONLY),
    Operation("PutBucketWebsite", BUCKET, "PUT", "website", None, "no websites are served from buckets"),
    Operation("DeleteBucketWebsite", BUCKET, "DELETE", "website", fixed.nothing_to_delete, _NOT_SET),
    Operation("GetBucketReplication", BUCKET, "GET", "replication", fixed.get_replication, _READ_ONLY),
    Operation("PutBucketReplication", BUCKET, "PUT", "replication", None, "nothing is replicated"),
    Operation("DeleteBucketReplication", BUCKET, "DELETE", "replication", fixed.nothing_to_delete, _NOT_SET),
    Operation("GetBucketLogging", BUCKET, "GET", "logging", fixed.get_logging, _READ_ONLY),
    Operation("PutBucketLogging", BUCKET, "PUT", "logging", fixed.put_logging, "none can be enabled"),
    Operation("GetBucketRequestPayment", BUCKET, "GET", "requestPayment", fixed.get_request_payment, "BucketOwner"),
    Operation("PutBucketRequestPayment", BUCKET, "PUT", "requestPayment", fixed.put_request_payment, "BucketOwner"),
    Operation("GetBucketAccelerateConfiguration", BUCKET, "GET", "accelerate", fixed.get_accelerate, _READ_ONLY),
    Operation("PutBucketAccelerateConfiguration", BUCKET, "PUT", "accelerate", None, "there is nothing to accelerate"),
    *(
        Operation(f"{action}Bucket{noun}Configuration{plural}", BUCKET, verb, selector, None, _ANALYSES)
        for noun, selector in (
            ("Analytics", "analytics"),
            ("Inventory", "inventory"),
            ("Metrics", "metrics"),
            ("IntelligentTiering", "intelligent-tiering"),
        )
        for action, verb, plural in (("Get", "GET", ""), ("Put", "PUT", ""), ("Delete", "DELETE", ""))
    ),
    Operation("GetBucketAbac", BUCKET, "GET", "abac", None, _BY_TAGS),
    Operation("PutBucketAbac", BUCKET, "PUT", "abac", None, _BY_TAGS),
    *(
        Operation(f"{action}BucketMetadata{noun}Configuration", BUCKET, verb, selector, None, _TABLES)
        for noun, selector in (("", "metadataConfiguration"), ("Table", "metadataTable"))
        for action, verb in (("Create", "POST"), ("Get", "GET"), ("Delete", "DELETE"))
    ),
    *(
        Operation(f"UpdateBucketMetadata{noun}TableConfiguration", BUCKET, "PUT", selector, None, _TABLES)
        for noun, selector in (
            ("Inventory", "metadataInventoryTable"),
            ("Journal", "metadataJournalTable"),
            ("Annotation", "metadataAnnotationTable"),
        )
    ),
    Operation("CreateSession", BUCKET, "GET", "session", None, "it is for directory buckets"),
    Operation("PutObject", OBJECT, "PUT", "", putting.put_object, "no ACLs, no encryption, no appending"),
    Operation("CopyObject", OBJECT, "PUT", COPY, copying.copy_object, _BY_ARN),
    Operation("GetObject", OBJECT, "GET", "", reading.get_object, anonymous=True),
    Operation("HeadObject", OBJECT, "HEAD", "", reading.head_object, anonymous=True),
    Operation("DeleteObject", OBJECT, "DELETE", "", deleting.delete_object),
    Operation("GetObjectAttributes", OBJECT, "GET", "attributes", attributes.get_attributes),
    Operation("GetObjectTagging", OBJECT, "GET", "tagging", marks.get_tagging),
    Operation("PutObjectTagging", OBJECT, "PUT", "tagging", marks.put_tagging),
    Operation("DeleteObjectTagging", OBJECT, "DELETE", "tagging", marks.delete_tagging),
    Operation("GetObjectRetention", OBJECT, "GET", "retention", marks.get_retention),
    Operation("PutObjectRetention", OBJECT, "PUT", "retention", marks.put_retention),
    Operation("GetObjectLegalHold", OBJECT, "GET", "legal-hold", marks.get_legal_hold),
    Operation("PutObjectLegalHold", OBJECT, "PUT", "legal-hold", marks.put_legal_hold),
    Operation("GetObjectAcl", OBJECT, "GET", "acl", acls.get_object_acl, _OBJECT_ACLS),
    Operation("PutObjectAcl", OBJECT, "PUT", "acl", acls.put_object_acl, _OBJECT_ACLS),
    Operation("CreateMultipartUpload", OBJECT, "POST", "uploads", uploads.create_upload, "no ACLs, no encryption"),
    Operation("UploadPart", OBJECT, "PUT", "uploadId", uploads.upload_part),
    Operation(
        "UploadPartCopy",
        OBJECT,
        "PUT",
        "uploadId+copy",
        uploads.copy_part,
        _BY_ARN,
    ),
    Operation("ListParts", OBJECT, "GET", "uploadId", upload_lists.list_parts),
    Operation("CompleteMultipartUpload", OBJECT, "POST", "uploadId", uploads.complete_upload),
    Operation("AbortMultipartUpload", OBJECT, "DELETE", "uploadId", uploads.abort_upload),
    Operation("RestoreObject", OBJECT, "POST", "restore", None, _NO_CLASSES),
    Operation("SelectObjectContent", OBJECT, "POST", "select", None, "read the object, and select from it"),
    Operation("GetObjectTorrent", OBJECT, "GET", "torrent", None, "no torrents are made"),
    *(
        Operation(f"{action}ObjectAnnotation", OBJECT, verb, "annotation", None, "tag the object, or give it metadata")
        for action, verb in (("Get", "GET"), ("Put", "PUT"), ("Delete", "DELETE"))
    ),
    Operation("UpdateObjectEncryption", OBJECT, "PUT", "encryption", None, "no bytes are encrypted; encrypt the disk"),
    Operation("RenameObject", OBJECT, "PUT", "renameObject", None, "it is for directory buckets; copy and delete"),
)

_BY_SELECTOR = {(found.level, found.verb, found.selector): found for found in OPERATIONS}
_SELECTORS = {
    level: frozenset(
        found.selector.partition("+")[0] for found in OPERATIONS if found.level == level and found.selector != COPY
    )
    - {""}
    for level in (SERVICE, BUCKET, OBJECT)
}
_VERBS = {
    (level, selector): ", ".join(
        sorted({found.verb for found in OPERATIONS if (found.level, found.selector) == (level, selector)})
    )
    for level, _, selector in _BY_SELECTOR
}


def operation_of(level: str, verb: str, query: Mapping[str, str], copies: bool) -> Operation | None:
    """The operation of a request; None where there is none of that verb. `query`: its parameters by name."""
    selector = "" if verb == "HEAD" else _selector(level, query)  # S3 knows two of HEAD, whatever the query says
    if copies and verb == "PUT":
        selector = f"{selector}+{COPY}" if selector else COPY
    return _BY_SELECTOR.get((level, verb, selector))


def check_parameters(operation: Operation, query: Mapping[str, str]) -> None:
    """Raises ApiError for a parameter that a request to change something must not have: one that is unknown may stand
    for another operation, as `encryption` does for what else were a put, and would be taken for the plain one."""
    if operation.verb in ("GET", "HEAD"):
        return
    for name in query:
        if name in operation.parameters or name[:2].lower() == "x-" or name in _SIGNING:
            continue
        if name == "versionId":
            raise invalid_argument("versionId", query[name], "This operation does not accept a version-id.")
        raise not_implemented(f"the parameter {name[:64]!r} of {operation.name}", "leave it out")


_SIGNING = frozenset(("AWSAccessKeyId", "Signature", "Expires"))
"""Of Signature Version 2, which is refused elsewhere. Those of Version 4 begin with `X-`, as do those of clients' own
(`x-id`)."""


def verbs_of(level: str, query: Mapping[str, str]) -> str:
    """The verbs that a resource knows, as the header `allow` has them."""
    return _VERBS.get((level, _selector(level, query)), "")


def _selector(level: str, query: Mapping[str, str]) -> str:
    if not query:
        return ""
    known = _SELECTORS[level]
    return next((name for name in query if name in known), "")
