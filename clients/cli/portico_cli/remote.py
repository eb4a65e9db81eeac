"""`portico://bucket/key`: how the command line names buckets and objects. `s3://bucket/key` is taken, too."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from portico_cli.output import quoted
from portico_cli.rules import bucket_id

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SCHEME = "portico://"
SCHEMES = (SCHEME, "s3://")
_BARE = re.compile(r"[a-z0-9][a-z0-9.-]*(/.*)?", re.DOTALL)
"""What may be a bucket and a key; no path from a root or `.`, and no URL."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A bucket, an object in it or, as a prefix, many."""

    bucket: str
    key: str = ""

    @property
    def url(self) -> str:
        """`portico://bucket/key`, as it is. `str` is for people."""
        return f"{SCHEME}{self.bucket}/{self.key}"

    def __str__(self) -> str:
        return quoted(self.url)

    @property
    def is_folder(self) -> bool:
        """Whether it names a bucket or ends in a slash: a place to put things in."""
        return not self.key or self.key.endswith("/")

    def below(self, relative: str) -> Remote:
        """What stands at a relative path in this folder."""
        base = self.key if self.is_folder else self.key + "/"
        return Remote(self.bucket, base + relative)


def parse(text: str) -> Remote:
    """Reads a URL. Raises click.BadParameter."""
    bucket, _, key = without_scheme(text).partition("/")
    if not is_remote(text) or not bucket:
        raise click.BadParameter(f"{quoted(text)} is not {SCHEME}BUCKET/KEY")
    if not is_utf8(text):
        raise click.BadParameter(f"{quoted(text)} is not UTF-8, which buckets and keys are")
    return Remote(bucket_id(bucket), key)


def is_utf8(text: str) -> bool:
    """Whether an argument or a file's name was UTF-8; other bytes in it stand as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def is_remote(text: str) -> bool:
    return text.startswith(SCHEMES)


def scheme_of(begun: str) -> str:
    """The scheme of a URL that was begun; empty where it is none. `s` may be the beginning of much else."""
    if begun.startswith("s3:"):
        return SCHEMES[1]
    return SCHEME if begun.startswith(SCHEME) or SCHEME.startswith(begun) else ""


def without_scheme(text: str) -> str:
    """`bucket/key`."""
    return text.partition("://")[2] if is_remote(text) else text


class _Place(click.ParamType[Remote]):
    """A URL as a command's argument. `bucket`: only a bucket; `key`: an object is needed; `whole`: with its scheme,
    else BUCKET/KEY will do; `buckets_too`: a scheme alone stands for all buckets."""

    name = "url"

    def __init__(
        self, *, bucket: bool = False, key: bool = False, whole: bool = False, buckets_too: bool = False
    ) -> None:
        self._bucket = bucket
        self._buckets_too = buckets_too
        self._key = key
        self._whole = whole

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Remote:
        if isinstance(value, Remote):
            return value
        if self._buckets_too and value in SCHEMES:
            return Remote("")
        bare = self._bucket or (not self._whole and _BARE.fullmatch(value))
        place = parse(SCHEME + value if bare and not is_remote(value) else value)
        if self._bucket and place.key:
            self.fail(f"{value} names an object, a bucket is needed: {SCHEME}{place.bucket}", parameter, context)
        if self._key and not place.key:
            self.fail(f"{value} names a bucket, an object is needed: {SCHEME}{place.bucket}/KEY", parameter, context)
        return place

    def shell_complete(self, context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        from portico_cli.completing import places

        return places(begun, context.params.get("profile"), bucket_only=self._bucket, bare=not self._whole)


BUCKET = _Place(bucket=True)
OBJECT = _Place(key=True)
ANYWHERE = _Place()
BUCKETS_TOO = _Place(buckets_too=True)
WHOLE = _Place(whole=True)
"""For what removes: nobody takes a folder's name for a bucket's."""
