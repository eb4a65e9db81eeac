"""What clients do by boto3 to a key, or a few, and what they see by it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.faults.histories.calls import Delete, DeleteVersion, Key, Put, Read, Refused, Seen, Tag
from tests.faults.kills.contents import content, md5_of
from tests.faults.kills.looking import Looking, is_missing, named
from tests.faults.kills.recording import Recorder, Steps, code_of

WRITE = "write"
"""The metadata by which an object tells its write, and the tag that is changed."""
_SIZES = (60, 900, 16_384, 16_385, 60_000, 300_000)
"""Up to 16 KiB the bytes stand in the database, beyond in a file."""
_TAGGED_SHARE = 0.3


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

        def refused(error: ClientError) -> Steps | None:
            if code_of(error) == "PreconditionFailed":
                return [(key, Refused(if_absent, if_match))]
            return [(key, Read(None))] if if_match and is_missing(error) else None

        answer = self.record.write(
            [(key, Put(write, if_absent, if_match, tag))],
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
            version, _ = chance.choice(versions)
            self.record.write(
                [(key, DeleteVersion(version))], lambda: self.s3.delete_object(**named(key), VersionId=version)
            )

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


def _copied(answer: Any) -> str:
    return str(answer["CopyObjectResult"]["ETag"].strip('"'))
