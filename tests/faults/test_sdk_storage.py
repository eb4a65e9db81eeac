"""A full or read-only disk, as programs that use the SDK (gRPC) meet it: each change is refused as a whole or made as a
whole, what is there stays and is read, locks hold, and a queue is told of what was made, and of nothing else."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import portico
from portico.errors import PorticoError
from portico.objects.v1.buckets_pb2 import Bucket, NotificationRule, ObjectLock, Versioning
from tests.faults.attached import refusing
from tests.faults.disks import filled, read_only
from tests.faults.storing import LARGE, SMALL, check_is_the_same
from tests.harness import RunningPlatform
from tests.harness.waiting import wait_until

CREATED, DELETED, TAGGED = (
    NotificationRule.EVENT_OBJECT_CREATED,
    NotificationRule.EVENT_OBJECT_DELETED,
    NotificationRule.EVENT_OBJECT_TAGGED,
)

FULL, READ_ONLY = "STORAGE_FULL", "STORAGE_READ_ONLY"

_numbers = itertools.count(1)


def reason_of(change: Callable[[], Any]) -> str:
    """Why a change was refused by the disk; empty: it was made."""
    try:
        change()
    except PorticoError as error:
        if error.reason not in (FULL, READ_ONLY):
            raise
        return error.reason
    return ""


class Stored:
    """A bucket with versions and a queue, and what is done to it; `told` is what the queue should tell."""

    def __init__(self, client: portico.Client) -> None:
        self.client, self.objects = client, client.objects
        self.bucket, self.queue = f"storage-{next(_numbers)}", f"queue-{next(_numbers)}"
        rule = NotificationRule(events=[CREATED, DELETED, TAGGED], queue=f"accounts/default/queues/{self.queue}")
        settings = Bucket(
            versioning=Versioning.VERSIONING_ENABLED,
            object_lock=ObjectLock(enabled=True),
            notification_rules=[rule],
        )
        client.buckets.create(self.bucket, settings)
        self.told: list[tuple[int, str]] = []
        self.held: dict[str, bytes] = {}
        for key, data in (("large", LARGE), ("small", SMALL), ("locked", LARGE)):
            self.put(key, data)
        self.locked = self.objects.head(self.bucket, "locked").version_id
        self.objects.set_legal_hold(self.bucket, "locked", True)
        self.upload = client.uploads.create(self.bucket, "parts").upload_id
        self.part = client.uploads.put_part(self.bucket, "parts", self.upload, 1, LARGE)
        assert len(client.notifications.read(self.queue).notifications) == 3

    def put(self, key: str, data: bytes) -> None:
        self.objects.put(self.bucket, key, data)
        self.made(CREATED, key)
        self.held[key] = data

    def made(self, event: int, key: str) -> None:
        self.told.append((event, key))

    def changes(self) -> dict[str, Callable[[], Any]]:
        """Each with what is so after it."""
        objects, bucket = self.objects, self.bucket
        return {
            "put": lambda: self.put("small", SMALL[::-1]),
            "tag": lambda: (objects.set_tags(bucket, "large", {"a": str(next(_numbers))}), self.made(TAGGED, "large")),
            "hold": lambda: objects.set_legal_hold(bucket, "large", True),
            "copy": lambda: (objects.copy(bucket, "large", bucket, "copied"), self.took("copied")),
            "complete": lambda: (
                self.client.uploads.complete(bucket, "parts", self.upload, [self.part]),
                self.took("parts"),
            ),
            "delete": lambda: (objects.delete(bucket, "small"), self.gone("small")),
            "acknowledge": lambda: self.client.notifications.acknowledge(self.queue, 1),
        }

    def took(self, key: str) -> None:
        self.made(CREATED, key)
        self.held[key] = LARGE

    def gone(self, key: str) -> None:
        self.made(DELETED, key)
        del self.held[key]

    def check(self) -> None:
        """Exactly this is there, by lists and by gets; what is locked, and the upload's part until it has ended."""
        sizes = {one.name.partition("/objects/")[2]: one.size_bytes for one in self.objects.list(self.bucket)}
        assert sizes == {key: len(data) for key, data in self.held.items()}
        for key, data in self.held.items():
            assert self.objects.read(self.bucket, key) == data
        if "parts" not in self.held:
            parts = list(self.client.uploads.parts(self.bucket, "parts", self.upload))
            assert [part.etag for part in parts] == [self.part.etag]
        with pytest.raises(PorticoError) as refused:
            self.objects.delete(self.bucket, "locked", version_id=self.locked)
        assert refused.value.reason in ("OBJECT_LOCKED", FULL, READ_ONLY)
        assert self.objects.read(self.bucket, "locked", version_id=self.locked) == LARGE

    def try_changes(self, *told: str) -> None:
        """Each is refused as a whole and told one of these; empty: it may be made as a whole."""
        for name, change in self.changes().items():
            made, refused = len(self.told), reason_of(change)
            assert refused in told, name
            assert not refused or len(self.told) == made
            self.check()

    def check_goes_on(self) -> None:
        """Without a start in between: what was refused is made, and the queue has told of all that was."""

        wait_until(lambda: not reason_of(lambda: self.put("again", LARGE)), "a put succeeds", 60)
        for name, change in self.changes().items():
            if (name, "parts" in self.held) != ("complete", True):
                change()
        self.check()
        told = list(self.client.notifications.list(self.queue))
        assert [one.sequence for one in told] == list(range(2, len(self.told) + 1))
        assert [(one.event, one.object.rpartition("/")[2]) for one in told] == self.told[1:]


@pytest.fixture
def stored(platform: RunningPlatform) -> Iterator[Stored]:
    with portico.connect(str(platform.profile), attempts=1) as client:
        yield Stored(client)


def check_no_bytes_come_in(stored: Stored, told: str) -> None:
    part = stored.bucket, "parts", stored.upload, 2, LARGE
    assert reason_of(lambda: stored.put("new", LARGE)) == told
    assert reason_of(lambda: stored.put("large", LARGE + b"other")) == told
    assert reason_of(lambda: stored.client.uploads.put_part(*part)) == told


def fill_the_log(stored: Stored) -> None:
    """Until even what is small finds no room: the database's log may have been longer than it is now."""
    refused = (reason_of(lambda number=number: stored.put(f"more-{number}", SMALL)) for number in range(1_000))
    assert next(filter(None, refused), "") == FULL, "the disk is not full"


def test_on_a_full_disk_changes_are_refused_or_made_as_a_whole(
    platform: RunningPlatform, stored: Stored, small_disk: Path
) -> None:
    front = platform.front_pid
    with filled(small_disk):
        check_no_bytes_come_in(stored, FULL)
        fill_the_log(stored)
        stored.check()
        stored.try_changes(FULL, "")
    stored.check_goes_on()
    check_is_the_same(platform, front)


def test_on_a_read_only_file_system_changes_are_refused(platform: RunningPlatform, stored: Stored) -> None:
    """A mount that is read-only for the bytes; SQLite's files are open for long: its writes are refused one by one."""
    front = platform.front_pid
    stored.put("unnumbered", SMALL)
    with read_only(platform.data / "blobs"), refusing(platform, "EROFS"):
        check_no_bytes_come_in(stored, READ_ONLY)
        assert [one.sequence for one in stored.client.notifications.list(stored.queue)] == [1, 2, 3]
        stored.check()
        stored.try_changes(READ_ONLY)
    stored.check_goes_on()
    check_is_the_same(platform, front)
