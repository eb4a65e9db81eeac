"""The buckets of the load: with rules of who is told, what expires, and a lock."""

from __future__ import annotations

import portico
from portico.objects.v1.buckets_pb2 import Bucket, LifecycleRule, ObjectLock, Versioning
from tests.faults.kills.keys import BRIEF, BRIEF_SECONDS, KEPT, NONCURRENT_KEPT, PLAIN
from tests.faults.kills.listening import rule

_ACCOUNT = "accounts/default"


def make_buckets(profile: str) -> None:
    brief = LifecycleRule(enabled=True, filter=LifecycleRule.Filter(prefix=BRIEF), expire_after_seconds=BRIEF_SECONDS)
    noncurrent = LifecycleRule(enabled=True, expire_noncurrent_after_days=1, keep_noncurrent_versions=NONCURRENT_KEPT)
    told = [rule(_ACCOUNT)]
    with portico.connect(profile) as client:
        client.buckets.create(PLAIN, Bucket(notification_rules=told, lifecycle_rules=[brief]))
        client.buckets.create(
            KEPT,
            Bucket(
                versioning=Versioning.VERSIONING_ENABLED,
                object_lock=ObjectLock(enabled=True),
                notification_rules=told,
                lifecycle_rules=[noncurrent],
            ),
        )
