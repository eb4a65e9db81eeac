"""`portico://bucket/key`: how the command line names buckets and objects. `s3://bucket/key` is taken, too."""

from __future__ import annotations

from dataclasses import dataclass

import click

from portico_cli.output import quoted
from portico_cli.rules import bucket_id

SCHEME = "portico://"
SCHEMES = (SCHEME, "s3://")


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
