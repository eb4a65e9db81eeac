"""What is stored of a bucket and of an object's version: rows with names."""

from __future__ import annotations

import enum
from typing import NamedTuple

from portico_server.objects.content import checksums

NULL_VERSION = "null"
"""The version id of what was put while its bucket kept no versions."""
_LIST = "+"


def of_list(list_id: str) -> str:
    """What the column `file` holds of an object that is made of parts: a list of them by its id, not a blob's."""
    return _LIST + list_id


class Versioning(enum.IntEnum):
    """As the contract numbers it."""

    DISABLED = 1
    ENABLED = 2
    SUSPENDED = 3


class PublicAccess(enum.IntEnum):
    """As the contract numbers it."""

    NONE = 1
    READ = 2


class Bucket(NamedTuple):
    """A bucket's settings. `etag` names this state of them: no two states of any buckets have the same.

    `deletion` is the id of the operation that empties it; empty: none does. `expires`: a rule of its lifecycle is in
    force. `settings` is what else it is set to: a serialized Bucket of the contract with that alone (`settings.py`);
    None: nothing, or not looked up (in lists).
    """

    name: str
    created_at_us: int
    updated_at_us: int
    etag: str
    versioning: int
    location_hint: str
    jurisdiction: str
    deletion: str
    public_access: int = int(PublicAccess.NONE)
    expires: int = 0
    settings: bytes | None = None


class Version(NamedTuple):
    """One version of an object, or a delete marker.

    `id` names the write that made it. `place` orders a key's versions, the newest has the least. `file` is the blob
    with the bytes, or of a multipart object `of_list`; without one they are inline, or there are none. `metadata`,
    `checksums` and `marks` are serialized messages of the contract; `marks`, an Object, is what may change of it: tags,
    retention, legal hold. `expires_at_us` (0: never) and `expire_rule_id` are no columns: who has asked the rules of
    the bucket adds them.
    """

    key: str
    id: str
    is_null: int
    place: int
    etag: str
    size_bytes: int
    created_at_us: int
    file: str
    metadata: bytes
    checksums: bytes
    marks: bytes
    marker: int = 0
    latest: int = 1
    expires_at_us: int = 0
    expire_rule_id: str = ""

    @property
    def version_id(self) -> str:
        return NULL_VERSION if self.is_null else self.id

    @property
    def list_id(self) -> str:
        """The list of its parts; empty: it was put in one piece."""
        return self.file[1:] if self.file.startswith(_LIST) else ""

    @property
    def parts_count(self) -> int:
        """How many parts it has, which its ETag tells; 0: it was put in one piece."""
        return int(self.etag.rpartition("-")[2]) if self.list_id else 0


class NewVersion(NamedTuple):
    """What a put is about to store. `data` are the bytes of a small object; others are where `file` says."""

    id: str
    etag: str
    size_bytes: int
    created_at_us: int
    file: str
    data: bytes
    metadata: bytes
    checksums: bytes
    marks: bytes = b""

    @property
    def blob(self) -> str:
        """The blob with its bytes; empty: they are inline, or in parts."""
        return "" if self.list_id else self.file

    @property
    def list_id(self) -> str:
        """As that of `Version`."""
        return self.file[1:] if self.file.startswith(_LIST) else ""


class Upload(NamedTuple):
    """A multipart upload that is underway. `size_bytes` is that of all its parts; `revision` rises with each of them.

    `metadata` and `marks` are those of the version that it is to become, whose id is `id`. `aborts_at_us` (0: not
    known, or never) and `abort_rule_id` are no columns: who has asked the rules of the bucket adds them.
    """

    bucket: str
    key: str
    id: str
    bucket_created_at_us: int
    created_at_us: int
    principal: str
    revision: int
    size_bytes: int
    checksum_algorithm: int
    checksum_type: int
    metadata: bytes
    marks: bytes
    aborts_at_us: int = 0
    abort_rule_id: str = ""

    @property
    def algorithm(self) -> str:
        """That of its checksum, by the name of the field of the contract's `Checksums`."""
        return checksums.NAMES[self.checksum_algorithm]


class Part(NamedTuple):
    """A part of an upload or of a multipart object. `id` names its write; its bytes are in `file`, or inline.

    `checksums` is a serialized message of the contract.
    """

    number: int
    id: str
    etag: str
    size_bytes: int
    created_at_us: int
    file: str
    checksums: bytes
