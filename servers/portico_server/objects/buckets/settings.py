"""What a bucket is set to, beside its versioning: kept as the contract's own message, with these fields alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import Message

from portico.objects.v1 import buckets_pb2
from portico_server.objects import errors
from portico_server.objects.buckets import settings_checks
from portico_server.objects.records import Bucket, Versioning

LISTS = ("cors_rules", "lifecycle_rules", "tags", "notification_rules")
KEPT = (*LISTS, "object_lock", "public_list", "public_location", "public_policy", "public_access_block")
"""What is in a bucket's `settings`."""
FIELDS = ("versioning", "public_access", *KEPT)
"""What an update can change."""
MAX_BYTES = 512 * 1024
"""Of all that is kept of one bucket's."""

_EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Change:
    """A change of settings: the fields named are to be as in `wanted`; what `wanted` leaves open stays."""

    wanted: buckets_pb2.Bucket = field(default_factory=buckets_pb2.Bucket)
    fields: tuple[str, ...] = FIELDS


def change_of(wanted: buckets_pb2.Bucket, paths: Sequence[str]) -> Change:
    """The change that an update with this mask means: without a mask it is about the fields that are set."""
    if _EVERYTHING in paths:
        return Change(wanted, FIELDS)
    return Change(wanted, tuple(paths) or tuple(name for name in FIELDS if _is_set(wanted, name)))


def kept(bucket: Bucket) -> buckets_pb2.Bucket:
    """What is in the bucket's `settings`, as a message with these fields alone."""
    return buckets_pb2.Bucket.FromString(bucket.settings or b"")


def changed(bucket: Bucket, change: Change, new_id: Callable[[], str]) -> Bucket:
    """The bucket as it would be, still with its old etag. `new_id` makes ids up, for rules without.

    Raises InvalidField, VersioningCannotEnd, ObjectLockCannotEnd, PublicAccessBlocked.
    """
    before = kept(bucket)
    after = buckets_pb2.Bucket.FromString(bucket.settings or b"")
    for name in change.fields:
        if name in KEPT:
            after.ClearField(name)
            after.MergeFrom(buckets_pb2.Bucket(**{name: getattr(change.wanted, name)}))
    if not after.object_lock.ListFields():
        after.ClearField("object_lock")
    if "public_access_block" in change.fields and not change.wanted.HasField("public_access_block"):
        after.ClearField("public_access_block")  # taken away, which is not the same as one that blocks nothing
    _check_not_blocked(bucket.name, after, change)
    settings_checks.check(bucket.name, after, change.fields)
    _make_ids_up(after, new_id)
    if before.object_lock.enabled and not after.object_lock.enabled:
        raise errors.ObjectLockCannotEnd(
            f"{bucket.name} has object lock, which cannot be taken back; leave it enabled",
            field="bucket.object_lock.enabled",
            resource=bucket.name,
        )
    settings = after.SerializeToString(deterministic=True)
    if len(settings) > MAX_BYTES:
        message = f"the bucket's settings would take {len(settings)} bytes; at most {MAX_BYTES} are possible"
        raise errors.InvalidField(message, field="bucket")
    access = change.wanted.public_access if "public_access" in change.fields else 0
    return bucket._replace(
        versioning=_versioning(bucket, after, change),
        public_access=int(access or bucket.public_access),
        expires=int(any(rule.enabled for rule in after.lifecycle_rules)),
        settings=settings or None,
    )


def restricts_public_access(bucket: Bucket) -> bool:
    """Whether nothing of it is open to everybody, whatever it is set to."""
    return bucket.settings is not None and kept(bucket).public_access_block.restrict_public_buckets


def is_listed_publicly(bucket: Bucket) -> bool:
    """Whether anybody may list its objects."""
    if bucket.settings is None:
        return False
    found = kept(bucket)
    return found.public_list and not found.public_access_block.restrict_public_buckets


def is_located_publicly(bucket: Bucket) -> bool:
    """Whether anybody may ask the S3 door where it is."""
    return kept(bucket).public_location and not restricts_public_access(bucket)


def fill(message: buckets_pb2.Bucket, bucket: Bucket) -> None:
    """Adds them to what is answered of a bucket."""
    access = buckets_pb2.PublicAccess.Name(bucket.public_access)
    message.MergeFrom(buckets_pb2.Bucket(public_access=access))
    if bucket.settings:
        message.MergeFromString(bucket.settings)


def _check_not_blocked(name: str, after: buckets_pb2.Bucket, change: Change) -> None:
    """Raises PublicAccessBlocked for a change that opens a bucket which must not be opened."""
    if not after.public_access_block.block_public_policy:
        return
    for field_name, opens in (
        ("public_access", change.wanted.public_access == buckets_pb2.PUBLIC_ACCESS_READ),
        ("public_list", change.wanted.public_list),
        ("public_location", change.wanted.public_location),
    ):
        if opens and field_name in change.fields:
            raise errors.PublicAccessBlocked(
                f"{name} has a public access block, so {field_name} cannot open it; take the block away first",
                field=f"bucket.{field_name}",
                resource=name,
            )


def _is_set(wanted: buckets_pb2.Bucket, name: str) -> bool:
    value = getattr(wanted, name)
    return wanted.HasField(name) if isinstance(value, Message) else bool(value)


def _versioning(bucket: Bucket, after: buckets_pb2.Bucket, change: Change) -> int:
    wanted = int(change.wanted.versioning) if "versioning" in change.fields else 0
    if after.object_lock.enabled:
        if wanted not in (0, Versioning.ENABLED):
            raise errors.VersioningCannotEnd(
                f"{bucket.name} has object lock, which needs versions; leave versioning enabled",
                field="bucket.versioning",
                resource=bucket.name,
            )
        return int(Versioning.ENABLED)
    if wanted == Versioning.DISABLED and bucket.versioning != Versioning.DISABLED:
        raise errors.VersioningCannotEnd(
            f"{bucket.name} has kept versions; versioning can be suspended, not disabled",
            field="bucket.versioning",
            resource=bucket.name,
        )
    return wanted or bucket.versioning


def _make_ids_up(after: buckets_pb2.Bucket, new_id: Callable[[], str]) -> None:
    for rules in (after.lifecycle_rules, after.notification_rules):
        for rule in rules:
            rule.id = rule.id or new_id()
