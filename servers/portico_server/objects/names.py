"""The names of buckets and objects, taken apart."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from portico_server.objects.errors import InvalidField

MAX_KEY_BYTES = 1024
_WEBHOOK_ID_DIGITS = 32
_FEWEST_CHARACTERS_OVER = MAX_KEY_BYTES // 4  # no character takes more than four bytes


class ObjectName(NamedTuple):
    """`bucket` is the bucket's name, `accounts/{account}/buckets/{bucket}`; `key` is free text."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return object_name(self.bucket, self.key)


def parse_object_name(name: str, field: str = "name") -> ObjectName:
    """Takes `accounts/{account}/buckets/{bucket}/objects/{key}` apart. Raises InvalidField about the field."""
    parts = name.split("/", 5)
    if len(parts) < 6 or parts[4] != "objects":
        raise InvalidField(f"{field} must be accounts/ACCOUNT/buckets/BUCKET/objects/KEY", field=field)
    key = parts[5]
    if len(key) > _FEWEST_CHARACTERS_OVER and len(key.encode()) > MAX_KEY_BYTES:
        raise InvalidField(
            f"the key has {len(key.encode())} bytes of UTF-8; at most {MAX_KEY_BYTES} are possible", field=field
        )
    return ObjectName("/".join(parts[:4]), key)


def object_name(bucket: str, key: str) -> str:
    return f"{bucket}/objects/{key}"


def bucket_name(parent: str, bucket_id: str) -> str:
    return f"{parent}/buckets/{bucket_id}"


def webhook_name(account: str, url: str) -> str:
    """Of a URL in one spelling; `account` is the account's name."""
    return f"{account}/webhooks/{hashlib.sha256(url.encode()).hexdigest()[:_WEBHOOK_ID_DIGITS]}"


def account_of(name: str) -> str:
    """The name of the account that something belongs to."""
    return "/".join(name.split("/", 2)[:2])
