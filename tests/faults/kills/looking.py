"""How clients look at keys and lists by boto3, and what is written down of what they see."""

from __future__ import annotations

import random
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.faults.histories.calls import Key, Listing, Lock, Read, ReadTag, ReadVersion, ReadVersions, Seen
from tests.faults.kills.contents import content
from tests.faults.kills.recording import Recorder, status_of
from tests.faults.kills.version_pages import IN_ORDER, VersionPage

_LEAST_BYTES = 40
_END = 1 << 40


@dataclass
class Looking:
    """Each may raise Away."""

    s3: Any
    record: Recorder

    def etag(self, key: Key) -> str:
        """By HEAD; empty if there is nothing."""
        answer, begin, end = self.record.read(lambda: self.s3.head_object(**named(key)), is_missing)
        self.record.see(begin, end, (key, Read(self._seen(answer))))
        return "" if answer is None else str(answer["ETag"].strip('"'))

    def get(self, key: Key) -> None:
        """All of its bytes, which must be all of one write's."""
        answer, begin, end = self.record.read(lambda: self._whole(named(key)), is_missing)
        self.record.see(begin, end, (key, Read(self._seen(answer))))

    def get_range(self, key: Key, chance: random.Random) -> None:
        """Some bytes in the middle, with all of its state."""
        first = chance.randrange(_LEAST_BYTES)
        last = first + chance.randrange(1, 70_000)
        answer, begin, end = self.record.read(lambda: self._part(named(key), first, last), is_missing)
        self.record.see(begin, end, (key, Read(self._seen(answer))))

    def get_version(self, key: Key, version: str) -> None:
        answer, begin, end = self.record.read(lambda: self._whole({**named(key), "VersionId": version}), is_missing)
        self.record.see(begin, end, (key, ReadVersion(version, self._seen(answer))))

    def tag(self, key: Key) -> None:
        answer, begin, end = self.record.read(lambda: self.s3.get_object_tagging(**named(key)), is_missing)
        tags = None if answer is None else "".join(tag["Value"] for tag in answer["TagSet"])
        self.record.see(begin, end, (key, ReadTag(tags)))

    def versions(self, key: Key) -> tuple[tuple[str, Seen | None], ...]:
        """The ids of all versions of one key, newest first; None for markers."""
        answer, begin, end = self.record.read(lambda: self.s3.list_object_versions(Bucket=key.bucket, Prefix=key.name))
        seen: dict[str, Seen | None] = {marker["VersionId"]: None for marker in answer.get("DeleteMarkers", [])}
        seen |= {one["VersionId"]: Seen(etag=one["ETag"].strip('"')) for one in answer.get("Versions", [])}
        in_order = answer[IN_ORDER]
        if len(seen) != len(in_order) or answer["IsTruncated"]:
            self.record.is_wrong(f"a list of the versions of {key} shows {answer}")
        found = tuple((version, seen.get(version)) for version in in_order)
        self.record.see(begin, end, (key, ReadVersions(found)))
        return found

    def list(self, bucket: str, prefix: str, page_size: int, delimiter: str = "") -> None:
        """Page by page, each of which must have been so at one time."""
        more: dict[str, Any] = {"Delimiter": delimiter} if delimiter else {}
        after = ""
        while True:
            arguments = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": page_size, **more}
            answer, begin, end = self.record.read(lambda arguments=arguments: self.s3.list_objects_v2(**arguments))
            found = {one["Key"]: one["ETag"].strip('"') for one in answer.get("Contents", [])}
            prefixes = [one["Prefix"] for one in answer.get("CommonPrefixes", [])]
            last = max([*found, *(f"{shown}\U0010ffff" for shown in prefixes)], default="")
            page = Listing(bucket, begin, end, prefix, found, after, None, delimiter, frozenset(prefixes))
            page.last = last if answer["IsTruncated"] else None
            self.record.list(page)
            if not answer["IsTruncated"]:
                return
            after, more["ContinuationToken"] = last, answer["NextContinuationToken"]

    def list_versions(self, bucket: str, prefix: str, page_size: int) -> None:
        """Page by page: what is current in each was so at one time, and so was each key of which it shows all."""
        more: dict[str, str] = {}
        while True:
            arguments = {"Bucket": bucket, "Prefix": prefix, "MaxKeys": page_size, **more}
            answer, begin, end = self.record.read(lambda arguments=arguments: self.s3.list_object_versions(**arguments))
            page = VersionPage(answer, more.get("KeyMarker", ""))
            self.record.list(Listing(bucket, begin, end, prefix, page.current, page.after, page.last))
            known = {key.name for key in self.record.history.by_key() if key.bucket == bucket}
            for name in known | page.versions.keys():
                if name.startswith(prefix) and page.shows_all_of(name):
                    self.record.see(begin, end, (Key(bucket, name), ReadVersions(page.versions.get(name, ()))))
            if not answer["IsTruncated"]:
                return
            more = {"KeyMarker": answer["NextKeyMarker"], "VersionIdMarker": answer["NextVersionIdMarker"]}

    def _whole(self, arguments: dict[str, Any]) -> Any:
        answer = self.s3.get_object(**arguments)
        self._check(arguments, answer, answer["Body"].read(), 0)
        return answer

    def _part(self, arguments: dict[str, Any], first: int, last: int) -> Any:
        answer = self.s3.get_object(**arguments, Range=f"bytes={first}-{last}")
        self._check(arguments, answer, answer["Body"].read(), first, last)
        return answer

    def _check(self, arguments: dict[str, Any], answer: Any, data: bytes, first: int, last: int = _END) -> None:
        """The bytes are those of the one write whose ETag is told, and all of them."""
        etag = answer["ETag"].strip('"')
        held = self.record.contents.get(etag)
        if held is None or data != content(*held)[first : last + 1] or len(data) != answer["ContentLength"]:
            self.record.is_wrong(
                f"{arguments}: the ETag {etag} is that of {held}, and {len(data)} bytes came: {data[:60]!r}"
            )

    def _seen(self, answer: Any) -> Seen | None:
        """What an answer with an object's headers shows."""
        if answer is None:
            return None
        write, etag = answer["Metadata"].get("write", ""), answer["ETag"].strip('"')
        self.record.learn(write, etag)
        self.record.tell_id(write, answer.get("VersionId"))
        lock = Lock(answer.get("ObjectLockMode", ""), answer.get("ObjectLockLegalHoldStatus") == "ON")
        return Seen(write, etag, lock)


def named(key: Key) -> dict[str, str]:
    return {"Bucket": key.bucket, "Key": key.name}


def is_missing(error: ClientError) -> bool:
    """Whether there is no such object, or version."""
    return status_of(error) == 404


def tell_order(client: Any) -> None:
    """Has boto3 tell, in lists of versions, in which order versions and markers came: it sorts them apart."""

    def add(response_dict: Any, customized_response_dict: Any, **_: Any) -> None:
        if response_dict["status_code"] == 200:
            found = ElementTree.fromstring(response_dict["body"]).iterfind("{*}*/{*}VersionId")
            customized_response_dict[IN_ORDER] = [element.text for element in found]

    client.meta.events.register("before-parse.s3.ListObjectVersions", add)
