"""What is stored of a bucket and of an object's version: rows with names."""

from __future__ import annotations

import enum
from typing import NamedTuple

NULL_VERSION = "null"
"""The version id of what was put while its bucket kept no versions."""


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
    with the bytes; without one they are inline, or there are none. `metadata`, `checksums` and `marks` are serialized
    messages of the contract; `marks`, an Object, is what may change of it: tags, retention, legal hold.
    `expires_at_us` (0: never) and `expire_rule_id` are no columns: who has asked the rules of the bucket adds them.
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


class NewVersion(NamedTuple):
    """What a put is about to store. `data` are the bytes of a small object; larger ones are in `file`."""

    id: str
    etag: str
    size_bytes: int
    created_at_us: int
    file: str
    data: bytes
    metadata: bytes
    checksums: bytes
    marks: bytes = b""
