"""What clients do by boto3 to a key, or a few, and what they see by it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from tests.faults.histories.calls import (
    UNLOCKED,
    Delete,
    DeleteVersion,
    Hold,
    KeptByLock,
    Key,
    Lock,
    Put,
    Read,
    ReadVersion,
    Refused,
    Retain,
    Seen,
    Tag,
)
from tests.faults.kills.contents import content, md5_of
from tests.faults.kills.keys import lives_of, may_be_locked
from tests.faults.kills.looking import Looking, is_missing, named
from tests.faults.kills.recording import Recorder, Steps, code_of

WRITE = "write"
"""The metadata by which an object tells its write, and the tag that is changed."""
_SIZES = (60, 900, 16_384, 16_385, 60_000, 300_000)
"""Up to 16 KiB the bytes stand in the database, beyond in a file."""
_TAGGED_SHARE = 0.3
_LOCKED_SHARE = 0.15
_BYPASSING_SHARE = 0.3
_LOCKS = (Lock("GOVERNANCE"), Lock("COMPLIANCE"), Lock(hold=True), Lock("GOVERNANCE", hold=True))
_UNTIL = datetime(2100, 1, 1, tzinfo=UTC)
"""The end of all retentions, which none of these tests comes to see."""


@dataclass
class Actions:
    """Each may raise Away."""

    s3: Any
    record: Recorder
    looking: Looking

    def put(self, key: Key, chance: random.Random, *, if_absent: bool = False, if_match: str = "") -> None:
        """`if_match` is an ETag."""
        write = self.record.new_write()
        data = content(write, chance.choice(_SIZES))
        self.record.will_hold(write, len(data), md5_of(data))
        tag = write if chance.random() < _TAGGED_SHARE else ""
        more = {"Tagging": f"{WRITE}={tag}"} if tag else {}
        more |= {"IfNoneMatch": "*"} if if_absent else {}
        more |= {"IfMatch": f'"{if_match}"'} if if_match else {}
        lock = chance.choice(_LOCKS) if may_be_locked(key) and chance.random() < _LOCKED_SHARE else UNLOCKED
        more |= lock_arguments(lock)

        def refused(error: ClientError) -> Steps | None:
            if code_of(error) == "PreconditionFailed":
                return [(key, Refused(if_absent, if_match))]
            return [(key, Read(None))] if if_match and is_missing(error) else None

        answer = self.record.write(
            [(key, Put(write, if_absent, if_match, tag, lock, lives_of(key)))],
            lambda: self.s3.put_object(**named(key), Body=data, Metadata={WRITE: write}, **more),
            refused=refused,
        )
        self._check_etag(write, answer)

    def replace(self, key: Key, chance: random.Random) -> None:
        """On the condition that it is what it was just now."""
        if etag := self.looking.etag(key):
            self.put(key, chance, if_match=etag)

    def copy(self, source: Key, target: Key) -> None:
        write = self.record.new_write()
        self.record.history.etags[write] = None  # until somebody is told
        more = {"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE", "Metadata": {WRITE: write}}
        answer = self.record.write(
            [(target, Put(write))],
            lambda: self.s3.copy_object(**named(target), CopySource=named(source), **more),
            refused=lambda error: [(source, Read(None))] if is_missing(error) else None,
            learned=lambda answer: [(source, Read(Seen(etag=_copied(answer))))],
        )
        if answer is not None:
            self.record.learn(write, _copied(answer))
            self.record.tell_id(write, answer.get("VersionId"))

    def delete(self, key: Key) -> None:
        write = self.record.new_write()
        answer = self.record.write([(key, Delete(write))], lambda: self.s3.delete_object(**named(key)))
        if answer is not None:
            self.record.tell_id(write, answer.get("VersionId"))

    def delete_many(self, keys: Sequence[Key]) -> None:
        """In one call, of a bucket without versions."""
        targets = {"Objects": [{"Key": key.name} for key in keys], "Quiet": True}
        steps = [(key, Delete(self.record.new_write())) for key in keys]
        answer = self.record.write(steps, lambda: self.s3.delete_objects(Bucket=keys[0].bucket, Delete=targets))
        if answer and answer.get("Errors"):
            self.record.is_wrong(f"some were not deleted: {answer['Errors']}")

    def delete_version(self, key: Key, chance: random.Random) -> None:
        """Any that there is, a marker too."""
        if versions := self.looking.versions(key):
            step = DeleteVersion(chance.choice(versions)[0], chance.random() < _BYPASSING_SHARE)
            more = {"BypassGovernanceRetention": True} if step.bypass else {}
            self.record.write(
                [(key, step)],
                lambda: self.s3.delete_object(**named(key), VersionId=step.version, **more),
                refused=lambda error: [(key, KeptByLock(step))] if code_of(error) == "AccessDenied" else None,
            )

    def hold(self, key: Key, chance: random.Random) -> None:
        """Or let go again: a version that there is."""
        if versions := self._versions(key):
            step = Hold(chance.choice(versions), chance.random() < 0.5)
            status = {"Status": "ON" if step.hold else "OFF"}
            self.record.write(
                [(key, step)],
                lambda: self.s3.put_object_legal_hold(**named(key), VersionId=step.version, LegalHold=status),
                refused=lambda error: [(key, ReadVersion(step.version, None))] if is_missing(error) else None,
            )

    def retain(self, key: Key, chance: random.Random) -> None:
        """Or not any longer: a version that there is."""
        if versions := self._versions(key):
            mode = chance.choice(("GOVERNANCE", "COMPLIANCE", "", ""))
            step = Retain(chance.choice(versions), mode, chance.random() < 0.5)
            more: dict[str, Any] = {"BypassGovernanceRetention": True} if step.bypass else {}
            more["Retention"] = {"Mode": mode, "RetainUntilDate": _UNTIL} if mode else {}

            def refused(error: ClientError) -> Steps | None:
                if code_of(error) == "AccessDenied":
                    return [(key, KeptByLock(step))]
                return [(key, ReadVersion(step.version, None))] if is_missing(error) else None

            self.record.write(
                [(key, step)],
                lambda: self.s3.put_object_retention(**named(key), VersionId=step.version, **more),
                refused=refused,
            )

    def _versions(self, key: Key) -> list[str]:
        """The ids of those that are no markers."""
        return [version for version, seen in self.looking.versions(key) if seen is not None]

    def tag(self, key: Key) -> None:
        tag = self.record.new_write()
        self.record.write(
            [(key, Tag(tag))],
            lambda: self.s3.put_object_tagging(**named(key), Tagging={"TagSet": [{"Key": WRITE, "Value": tag}]}),
            refused=lambda error: [(key, Read(None))] if is_missing(error) else None,
        )

    def _check_etag(self, write: str, answer: Any) -> None:
        if answer is not None:
            if answer["ETag"].strip('"') != self.record.history.etags[write]:
                self.record.is_wrong(f"the put {write} was answered with the ETag {answer['ETag']}")
            self.record.tell_id(write, answer.get("VersionId"))


def lock_arguments(lock: Lock) -> dict[str, Any]:
    """As puts take them."""
    mode = {"ObjectLockMode": lock.mode, "ObjectLockRetainUntilDate": _UNTIL} if lock.mode else {}
    return mode | ({"ObjectLockLegalHoldStatus": "ON"} if lock.hold else {})


def _copied(answer: Any) -> str:
    return str(answer["CopyObjectResult"]["ETag"].strip('"'))
