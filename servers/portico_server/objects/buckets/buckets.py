"""Buckets: made, looked up, listed, changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from portico_server.objects import errors, events
from portico_server.objects.buckets import settings
from portico_server.objects.buckets.lifecycle import MAX_TIME_US, Lifecycle, usual_upload_expiry
from portico_server.objects.buckets.remembering import Remembered
from portico_server.objects.buckets.settings import Change
from portico_server.objects.content.placing import ANYWHERE, Placing
from portico_server.objects.names import account_of, bucket_name
from portico_server.objects.notifications import webhook_rules
from portico_server.objects.notifications.happenings import Happening
from portico_server.objects.notifications.webhook_rules import WebhookRules
from portico_server.objects.records import Bucket, Upload, Version, Versioning
from portico_server.objects.store import buckets as store
from portico_server.objects.store import locks
from portico_server.objects.store.webhooks import TOO_MANY_WEBHOOKS
from portico_server.platform.authorization import Filter
from portico_server.platform.clock import Clock
from portico_server.platform.database import Batch, Database, GuardFailed, Statement
from portico_server.platform.ids import Ids


@dataclass(frozen=True, slots=True)
class NewBucket:
    """What a bucket is made with."""

    parent: str
    bucket_id: str
    change: Change = Change()  # noqa: RUF009 - it does not change
    location_hint: str = ""
    jurisdiction: str = ""


Also = Callable[[Bucket], list[Statement]]
"""Further statements for the batch, given the bucket that it will have made."""


class Buckets:
    """The buckets of all accounts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        is_running: Callable[[str], Awaitable[bool]],
        webhooks: WebhookRules,
        placing: Placing = ANYWHERE,
    ) -> None:
        """`is_running` tells whether an operation has still to end."""
        self._database = database
        self._clock = clock
        self._ids = ids
        self._is_running = is_running
        self._webhooks = webhooks
        self._placing = placing
        self._remembered = Remembered()

    async def create(self, new: NewBucket, also: Also = lambda _: []) -> Bucket:
        """Raises BucketAlreadyExists, JurisdictionUnavailable, TooManyWebhooks, and what `settings.changed` raises."""
        self._placing.check(new.jurisdiction, "bucket.jurisdiction")
        etag, now_us = self._ids.mint()
        name = bucket_name(new.parent, new.bucket_id)
        bucket = Bucket(name, now_us, now_us, etag, int(Versioning.DISABLED), new.location_hint, new.jurisdiction, "")
        bucket = settings.changed(bucket, new.change, self._new_id)
        audit = events.audit("objects.bucket.create", name, now_us)
        named, name_locks = self._naming(bucket, new.change)
        try:
            await self._database.batch(Batch([*also(bucket), store.insert(bucket), audit, *named], name_locks))
        except GuardFailed as failed:
            if failed.reason == store.BUCKET_EXISTS:
                raise errors.BucketAlreadyExists(f"there is a bucket {name} already", resource=name) from None
            _check_webhooks(failed, name)
            raise
        return bucket

    async def get(self, name: str) -> Bucket:
        """Raises BucketNotFound."""
        bucket = await store.get(self._database, name)
        if bucket is None:
            raise errors.BucketNotFound(f"there is no bucket {name}", resource=name)
        self._remembered.note(bucket)
        return bucket

    async def open(self, name: str) -> Bucket:
        """A bucket that takes writes. Raises BucketNotFound, BucketBeingDeleted."""
        bucket = await self.get(name)
        if bucket.deletion:
            bucket = await self._reopened(bucket)
        return bucket

    async def remembered(self, name: str, etag: str = "") -> Bucket:
        """The bucket as this process has seen it last, or anew if it has another `etag`: it mostly costs nothing.

        Without an etag to go by, that of the answer is to be guarded; when the guard fails, `open` it. Raises
        BucketNotFound.
        """
        seen = self._remembered.get(name)
        return seen if seen is not None and etag in ("", seen.etag) else await self.get(name)

    def lifecycle(self, bucket: Bucket) -> Lifecycle | None:
        """The rules of this state of the bucket that are in force; None: there are none."""
        return self._remembered.lifecycle(bucket)

    def present(self, bucket: Bucket, version: Version | None, by_id: bool = False) -> Version | None:
        """What callers see of a row in `object`: nothing if a rule has it expired; else with when one will.

        Asked for by its version id (`by_id`) it is still there, expired or not, if its expiry will only put a delete
        marker in front.
        """
        if version is None or not version.latest:
            return version
        expiring = self.expiring(bucket, version)
        expired = 0 < expiring.expires_at_us <= self._clock.now_us()
        return None if expired and not (by_id and _is_kept(bucket, version)) else expiring

    def expired_now(self, bucket: Bucket) -> Callable[[Version], bool] | None:
        """Tells current objects that have expired by now; None: none does ever."""
        lifecycle, now_us = self._remembered.lifecycle(bucket), self._clock.now_us()
        if lifecycle is None:
            return None

        def has_expired(version: Version) -> bool:
            expiry = lifecycle.expiry(version)
            return expiry is not None and expiry.time_us <= now_us

        return has_expired

    def still_there(self, bucket: Bucket, versions: list[Version]) -> list[Version]:
        """Of versions that are marked as `latest` or not, those that no rule has deleted for good; the latest of a key
        that has expired is it no more, though the delete marker is still to be put in front."""
        if self._remembered.lifecycle(bucket) is None:
            return versions
        there = [one for one in versions if one.marker or self.present(bucket, one, by_id=True) is not None]
        return [one if one.marker or self.present(bucket, one) else one._replace(latest=0) for one in there]

    def expiring(self, bucket: Bucket, version: Version) -> Version:
        """A current object with when it expires, if it does."""
        lifecycle = self._remembered.lifecycle(bucket)
        expiry = lifecycle.expiry(version) if lifecycle is not None else None
        return (
            version if expiry is None else version._replace(expires_at_us=expiry.time_us, expire_rule_id=expiry.rule_id)
        )

    def aborting(self, bucket: Bucket, upload: Upload) -> Upload:
        """An upload with when it is aborted, and by which rule."""
        lifecycle, begun_at_us = self._remembered.lifecycle(bucket), upload.created_at_us
        end = (
            usual_upload_expiry(begun_at_us) if lifecycle is None else lifecycle.upload_expiry(upload.key, begun_at_us)
        )
        return (
            upload._replace(aborts_at_us=end.time_us, abort_rule_id=end.rule_id)
            if end.time_us <= MAX_TIME_US
            else upload
        )

    def notices(self, bucket: Bucket, happenings: Sequence[Happening]) -> Sequence[Statement]:
        """What tells queues of that, as the bucket's rules want it, for the batch that does it: to stand behind the
        guard of this state of the bucket, under the locks of the keys."""
        telling = self._remembered.telling(bucket)
        return () if telling is None else tuple(telling.notices(happenings, self._ids))

    async def list(self, parent: str, prefix: str, cursor: str, limit: int, shown: Filter) -> tuple[list[Bucket], str]:
        """The buckets of an account behind the cursor, by name, and the next cursor: a bucket's name, "" at the end."""
        found = await store.visible_in(self._database, bucket_name(parent, prefix), cursor, shown, limit + 1)
        return found[:limit], found[limit - 1].name if len(found) > limit else ""

    async def update(self, name: str, change: Change, etag: str) -> Bucket:
        """Changes its settings. With an `etag` only in that state of the bucket.

        Raises BucketNotFound, BucketBeingDeleted, BucketChanged, TooManyWebhooks, and what `settings.changed` raises.
        """
        while True:
            bucket = await self.open(name)
            check_etag(bucket, etag)
            changed = settings.changed(bucket, change, self._new_id)
            if changed == bucket:
                return bucket
            new_etag, now_us = self._ids.mint()
            changed = changed._replace(updated_at_us=now_us, etag=new_etag)
            audit = events.audit("objects.bucket.update", name, now_us, fields=list(change.fields))
            named, name_locks = self._naming(changed, change)
            statements = [store.update(bucket.etag, changed), audit, *named]
            try:
                await self._database.batch(Batch(statements, [*locks.of_bucket(name), *name_locks]))
                self._remembered.note(changed)
                return changed
            except GuardFailed as failed:
                _check_webhooks(failed, name)
                if failed.reason != store.BUCKET_CHANGED:
                    raise

    async def relocate(self, name: str, location_hint: str | None, also: Also) -> Bucket:
        """Changes where its bytes should be, if a hint is given, with the statements of `also`. Raises BucketNotFound,
        BucketBeingDeleted, JurisdictionUnavailable."""
        while True:
            bucket = await self.open(name)
            self._placing.check(bucket.jurisdiction)
            etag, now_us = self._ids.mint()
            changed = bucket
            if location_hint is not None and location_hint != bucket.location_hint:
                changed = bucket._replace(location_hint=location_hint, updated_at_us=now_us, etag=etag)
            audit = events.audit("objects.bucket.relocate", name, now_us, location_hint=changed.location_hint)
            change = [store.update(bucket.etag, changed)] if changed != bucket else []
            try:
                await self._database.batch(Batch([*change, *also(changed), audit], locks.of_bucket(name)))
                self._remembered.note(changed)
                return changed
            except GuardFailed as failed:
                if failed.reason != store.BUCKET_CHANGED:
                    raise

    async def is_being_deleted(self, bucket: Bucket) -> bool:
        """Whether an operation empties it. One that was cancelled or failed has left its mark, but does so no more."""
        return bool(bucket.deletion) and await self._is_running(bucket.deletion)

    def _naming(self, bucket: Bucket, change: Change) -> tuple[Sequence[Statement], Sequence[str]]:
        """What writes down which webhooks the bucket names, where the change is about that, and the locks for it."""
        if "notification_rules" not in change.fields:
            return [], []
        webhooks = self._webhooks.named(bucket)
        return self._webhooks.statements(bucket.name, webhooks), webhook_rules.locks(webhooks)

    def _new_id(self) -> str:
        return self._ids.mint()[0]

    async def _reopened(self, bucket: Bucket) -> Bucket:
        """The bucket without the mark of an operation that is over. Raises BucketBeingDeleted where it is not over."""
        if await self.is_being_deleted(bucket):
            raise errors.BucketBeingDeleted(f"the bucket {bucket.name} is being deleted", resource=bucket.name)
        etag, now_us = self._ids.mint()
        opened = bucket._replace(deletion="", etag=etag, updated_at_us=now_us)
        try:
            await self._database.batch(Batch([store.update(bucket.etag, opened)], locks.of_bucket(bucket.name)))
        except GuardFailed:
            return await self.open(bucket.name)  # someone was faster
        self._remembered.note(opened)
        return opened


def _is_kept(bucket: Bucket, version: Version) -> bool:
    """Whether a delete marker in front leaves the version: it takes the place of a null version where one is put so."""
    return bucket.versioning == Versioning.ENABLED or (
        bucket.versioning == Versioning.SUSPENDED and not version.is_null
    )


def _check_webhooks(failed: GuardFailed, name: str) -> None:
    """Raises TooManyWebhooks where it was that."""
    if failed.reason == TOO_MANY_WEBHOOKS:
        raise webhook_rules.too_many(account_of(name)) from None


def check_etag(bucket: Bucket, etag: str) -> None:
    """Raises BucketChanged where the caller means another state of it."""
    if etag and etag != bucket.etag:
        raise errors.BucketChanged(
            f"{bucket.name} has changed since you read it; read it again", resource=bucket.name, etag=bucket.etag
        )
