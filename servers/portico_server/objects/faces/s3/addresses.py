"""Which bucket and key a request is about, from its host and its path.

Path style is `HOST/bucket/key`, virtual-host style `bucket.HOST/key` or `bucket.account.HOST/key`; a bucket whose name
has dots is reached by path style only. HOST is a name of the platform, or `s3.` and that: no bucket is called `s3`.
Paths are decoded once, and nothing else is done to them: keys are any UTF-8.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from portico_server.objects.faces.s3.refusals import invalid

MAX_KEY_BYTES = 1024

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_REMEMBERED_HOSTS = 1024


class Address(NamedTuple):
    """`account` empty: of whoever signed. `bucket` empty: all of them. `key` empty: the bucket as a whole."""

    account: str
    bucket: str
    key: str


class Hosts:
    """The names under which the door is reached."""

    def __init__(self, hostnames: Iterable[str]) -> None:
        names = [name.lower() for name in hostnames]
        self._names = frozenset((*names, *(f"s3.{name}" for name in names)))
        self._suffixes = sorted((f".{name}" for name in self._names), key=len, reverse=True)
        self._of_host = functools.lru_cache(_REMEMBERED_HOSTS)(self._split_host)

    def address(self, host: str, raw_path: bytes) -> Address:
        """`raw_path` as it was sent, without the query. Raises ApiError for what is no bucket, or no key."""
        account, bucket = self._of_host(host)
        rest = raw_path[1:] if raw_path[:1] == b"/" else raw_path
        if not bucket:
            named, slash, rest = rest.partition(b"/")
            bucket = _decoded(named)
            if not bucket and slash:
                raise invalid_bucket_name(bucket)
        if bucket:
            check_bucket_name(bucket)
        return Address(account, bucket, checked_key(_decoded(rest)) if rest else "")

    def _split_host(self, host: str) -> tuple[str, str]:
        """Account and bucket that a host names, empty where it names none."""
        name = host.rpartition(":")[0] if re.search(r":[0-9]*$", host) else host
        name = name.lower().removesuffix(".")
        if name in self._names:
            return "", ""
        for suffix in self._suffixes:
            if not name.endswith(suffix):
                continue
            bucket, dot, account = name.removesuffix(suffix).partition(".")
            if dot and not _ACCOUNT.fullmatch(account):
                raise invalid(
                    "INVALID_URI",
                    "the host must be bucket.HOST or bucket.account.HOST; a bucket whose name has dots is reached by "
                    "path style, HOST/bucket/key",
                )
            return account, bucket
        return "", ""


def check_bucket_name(bucket: str) -> None:
    """Whether it can be one's name at all. Raises ApiError."""
    if not _BUCKET.fullmatch(bucket):
        raise invalid_bucket_name(bucket)


def checked_key(key: str) -> str:
    """The key, if an object can have it. Raises ApiError."""
    if len(key) > MAX_KEY_BYTES // 4 and len(key.encode()) > MAX_KEY_BYTES:
        raise invalid(
            "KEY_TOO_LONG_ERROR",
            f"the key is too long: at most {MAX_KEY_BYTES} bytes of UTF-8 are possible",
            size=str(len(key.encode())),
            max_size_allowed=str(MAX_KEY_BYTES),
        )
    if "\x00" in key:
        raise invalid("INVALID_URI", "a key cannot hold the character NUL")
    return key


def invalid_bucket_name(bucket: str) -> Exception:
    return invalid(
        "INVALID_BUCKET_NAME",
        "the bucket's name is not valid: 3 to 63 of a-z, 0-9, `-` and `.`, with a letter or digit at both ends",
        bucket_name=bucket[:64],
    )


def _decoded(raw: bytes) -> str:
    try:
        return (unquote_to_bytes(raw) if b"%" in raw else raw).decode()
    except UnicodeDecodeError:
        raise invalid("INVALID_URI", "the path is not UTF-8 in percent-encoding") from None
