"""Multipart uploads by boto3, through kills: what is acknowledged of one is there until it ends, and then is gone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from tests.faults.histories.calls import Call, Key, Put
from tests.faults.kills.contents import content, cut, etag_of, md5_of
from tests.faults.kills.looking import named
from tests.faults.kills.recording import Away, Recorder, Steps, code_of

T = TypeVar("T")

_SIZES = (200, 30_000, 250_000)
_MOST_PARTS = 4
_AGAIN_SECONDS, _PAUSE_SECONDS = 60.0, 0.05


@dataclass
class Upload:
    """`parts`: the ETags that were acknowledged, by number."""

    key: Key
    id: str
    parts: dict[int, str] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, str]:
        return {**named(self.key), "UploadId": self.id}


@dataclass
class Uploads:
    """`underway`: those that were begun, and that nobody has begun to end; `ended`: whose end was acknowledged."""

    s3: Any
    record: Recorder
    underway: dict[str, Upload] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)

    def put(self, key: Key, chance: random.Random) -> None:
        """An object in parts; some uploads are aborted instead, some left. Raises Away."""
        write = self.record.new_write()
        data = content(write, chance.choice(_SIZES))
        parts = cut(data, chance.randrange(1, _MOST_PARTS + 1))
        self.record.will_hold(write, len(data), etag_of(parts))
        upload = self._begin(key, write)
        for number, part in enumerate(parts, 1):
            if chance.random() < 0.2:
                self._put_part(upload, number, content(f"another-{write}", 20_000))
            self._put_part(upload, number, part)
        if chance.random() < 0.3:
            self.check(upload)
            self.check_listed(upload)
        match chance.choices(("complete", "abort", "leave"), (8, 1, 1))[0]:
            case "complete":
                self._complete(upload, write)
            case "abort":
                self._abort(upload)

    def check(self, upload: Upload) -> None:
        """It is there, with all parts that were acknowledged, two on a page."""
        pages = self.s3.get_paginator("list_parts").paginate(**upload.named, PaginationConfig={"PageSize": 2})
        parts, _, _ = self.record.read(lambda: [part for page in pages for part in page.get("Parts", [])])
        found = {part["PartNumber"]: part["ETag"].strip('"') for part in parts}
        if found != upload.parts:
            self.record.is_wrong(f"{upload.key}: the parts {upload.parts} were acknowledged, and there are {found}")

    def check_listed(self, upload: Upload) -> None:
        """It is in the list of those underway, two on a page, and no other that had ended before."""
        ended = set(self.ended)
        listed, _, _ = self.record.read(lambda: self._listed(upload.key.bucket, upload.key.name))
        ids = [one["UploadId"] for one in listed]
        if upload.id not in ids or ended & {*ids} or len({*ids}) != len(ids):
            self.record.is_wrong(f"of {upload.key} these uploads are listed: {ids}; {upload.id} is underway")

    def check_all(self, *buckets: str) -> None:
        """Those underway are there, and none that has ended; then all are aborted. Only when nobody is at work."""
        listed = {
            upload["UploadId"]: Key(bucket, upload["Key"]) for bucket in buckets for upload in self._listed(bucket)
        }
        for upload in self.underway.values():
            if upload.id not in listed:
                self.record.is_wrong(f"the upload {upload.id} of {upload.key} was acknowledged, and is lost")
            else:
                self.check(upload)
        if risen := self.ended & listed.keys():
            self.record.is_wrong(f"uploads were ended, and are there: {risen}")
        for id_, key in listed.items():
            self._abort(Upload(key, id_))

    def _listed(self, bucket: str, prefix: str = "") -> list[Any]:
        paginator = self.s3.get_paginator("list_multipart_uploads")
        pages = paginator.paginate(Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": 2})
        return [upload for page in pages for upload in page.get("Uploads", [])]

    def _begin(self, key: Key, write: str) -> Upload:
        metadata = {"write": write}
        answer, _, _ = self.record.read(lambda: self.s3.create_multipart_upload(**named(key), Metadata=metadata))
        upload = Upload(key, answer["UploadId"])
        self.underway[upload.id] = upload
        return upload

    def _put_part(self, upload: Upload, number: int, data: bytes) -> None:
        """Until it is acknowledged."""
        upload.parts.pop(number, None)
        body = {"PartNumber": number, "Body": data}
        answer, _, _ = _until_answered(lambda: self.record.read(lambda: self.s3.upload_part(**upload.named, **body)))
        upload.parts[number] = md5_of(data)
        if answer["ETag"].strip('"') != upload.parts[number]:
            self.record.is_wrong(f"a part was answered with the ETag {answer['ETag']}")

    def _complete(self, upload: Upload, write: str) -> None:
        """If nobody knows whether it was done, it is asked for again: to the same answer, if nothing came since."""
        del self.underway[upload.id]
        doubtful: list[Call] = []

        def ask() -> Any:
            if doubtful:
                return self._ask_again(upload)
            try:
                return self.record.write([(upload.key, Put(write))], lambda: self._done(upload))
            except Away as away:
                doubtful.extend(away.calls)
                raise

        answer = _until_answered(ask)
        if answer is not None and doubtful:
            self.record.settle(doubtful)
        if answer is not None:
            self.ended.add(upload.id)
            self.record.tell_id(write, answer.get("VersionId"))
            if answer["ETag"].strip('"') != self.record.history.etags[write]:
                self.record.is_wrong(f"the upload of {write} was completed with the ETag {answer['ETag']}")

    def _ask_again(self, upload: Upload) -> Any:
        answer, _, _ = self.record.read(lambda: self._done(upload), lambda error: code_of(error) == "NoSuchUpload")
        return answer

    def _done(self, upload: Upload) -> Any:
        parts = [{"PartNumber": number, "ETag": etag} for number, etag in sorted(upload.parts.items())]
        return self.s3.complete_multipart_upload(**upload.named, MultipartUpload={"Parts": parts})

    def _abort(self, upload: Upload) -> None:
        self.underway.pop(upload.id, None)

        def gone(error: ClientError) -> Steps | None:
            return [] if code_of(error) == "NoSuchUpload" else None

        _until_answered(
            lambda: self.record.write([], lambda: self.s3.abort_multipart_upload(**upload.named), refused=gone)
        )
        self.ended.add(upload.id)


def _until_answered(do: Callable[[], T]) -> T:
    """Again and again, as long as nobody answers. Raises Away."""
    deadline = time.monotonic() + _AGAIN_SECONDS
    while True:
        try:
            return do()
        except Away:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
