"""Buckets and objects as arguments of commands: read, checked and completed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from portico_cli.completing import places
from portico_cli.remote import SCHEME, SCHEMES, Remote, is_remote, parse

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_BARE = re.compile(r"[a-z0-9][a-z0-9.-]*(/.*)?", re.DOTALL)
"""What may be a bucket and a key; no path from a root or `.`, and no URL."""


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
        return places(begun, context.params.get("profile"), bucket_only=self._bucket, bare=not self._whole)


BUCKET = _Place(bucket=True)
OBJECT = _Place(key=True)
ANYWHERE = _Place()
BUCKETS_TOO = _Place(buckets_too=True)
WHOLE = _Place(whole=True)
"""For what removes: nobody takes a folder's name for a bucket's."""
