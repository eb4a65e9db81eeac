"""Rules of the contracts in words, checked before a call: the platform itself can only show their patterns."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import click

from portico_cli.output import quoted

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_NO_BUCKET = re.compile(r"[0-9]+(\.[0-9]+){3}|.*(\.\.|\.-|-\.).*")
_METADATA_KEY = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,1024}")
_QUEUE = re.compile(r"(accounts/[^/]+/queues/)?[a-z0-9][a-z0-9-]{0,62}")
_WEBHOOK = re.compile(r"(accounts/[^/]+/webhooks/)?[0-9a-f]{32}")
_RAY = re.compile(r"[0-9a-f]{32}")
_OPERATION = re.compile(r"operations/[^/]+/.+")
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
_SERIAL = re.compile(r"[0-9A-Fa-f]{1,40}")
_PRODUCT = re.compile(r"[a-z][a-z0-9_-]{0,62}")


_BUCKET_IN_WORDS = "3 to 63 lower-case letters, digits, hyphens and dots, a letter or digit first and last"


def new_bucket_id(given: str) -> str:
    """The id of a bucket to be made. Raises click.BadParameter."""
    if not _BUCKET.fullmatch(given) or _NO_BUCKET.fullmatch(given):
        raise click.BadParameter(
            f"{quoted(given)} cannot be a bucket's id: {_BUCKET_IN_WORDS}, no dot beside a dot or hyphen, and not of "
            "the shape of an IPv4 address"
        )
    return given


def bucket_id(given: str) -> str:
    """The id of a bucket that may be there. Raises click.BadParameter."""
    if not _BUCKET.fullmatch(given):
        raise click.BadParameter(f"{quoted(given)} cannot be a bucket's name: those have {_BUCKET_IN_WORDS}")
    return given


def queue_id(given: str) -> str:
    """The id or the name of a queue. Raises click.BadParameter."""
    if not _QUEUE.fullmatch(given):
        raise click.BadParameter(
            f"{quoted(given)} cannot be a queue's name: those have 1 to 63 lower-case letters, digits and hyphens, a "
            "letter or digit first; or accounts/ACCOUNT/queues/QUEUE"
        )
    return given


def metadata_key(given: str) -> str:
    """A key of an object's own metadata. Raises click.BadParameter."""
    if not _METADATA_KEY.fullmatch(given):
        raise click.BadParameter(
            f"{quoted(given)} cannot be a key of metadata: give lower-case letters, digits and !#$%&'*+.^_`|~-"
        )
    return given


def pairs(given: Iterable[str], option: str | None = None) -> dict[str, str]:
    """Reads `KEY=VALUE`, each key once: none is silently the last. Raises click.BadParameter."""
    found: dict[str, str] = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{quoted(text)} is not KEY=VALUE", param_hint=option)
        if key in found:
            told = f"{quoted(key)} is given twice, as {quoted(found[key])} and {quoted(value)}"
            raise click.BadParameter(told, param_hint=option)
        found[key] = value
    return found


def webhook_id(given: str) -> str:
    """The id or the name of a webhook. Raises click.BadParameter."""
    if not _WEBHOOK.fullmatch(given):
        raise click.BadParameter(
            f"{quoted(given)} is no webhook: give its URL, or its id of 32 hex digits in lower case, as `portico "
            "objects webhooks ls` shows both"
        )
    return given


def ray_or_trace(given: str) -> str:
    """A ray or trace id, in lower case. Raises click.BadParameter."""
    found = given.strip().lower()
    if not _RAY.fullmatch(found):
        raise click.BadParameter(
            f"{quoted(given)} is no ray or trace id: 32 hex digits, as `portico requests` shows them, or `last`"
        )
    return found


def operation_name(given: str) -> str:
    """The name of one operation. Raises click.BadParameter."""
    if not _OPERATION.fullmatch(given):
        raise click.BadParameter(
            f"{quoted(given)} names no operation: operations/PRODUCT/ID, as `portico operations list` shows them"
        )
    return given


def product(given: str) -> str:
    """A product's name. Raises click.BadParameter."""
    found = given.removeprefix("operations/")
    if not _PRODUCT.fullmatch(found):
        raise click.BadParameter(f"{quoted(given)} is no product's name: `objects`, or another that the platform runs")
    return found


def fingerprint(given: str) -> str:
    """The SHA-256 of a certificate, with colons or without. Raises click.BadParameter."""
    found = given.replace(":", "")
    if not _SHA256.fullmatch(found):
        raise click.BadParameter(f"{quoted(given)} is neither a file nor a certificate's SHA-256 (64 hex digits)")
    return found


def serial_number(given: str) -> str:
    """The serial number of a certificate, with colons or without. Raises click.BadParameter."""
    found = given.replace(":", "")
    if not _SERIAL.fullmatch(found):
        raise click.BadParameter(
            f"{quoted(given)} is no serial number: 1 to 40 hex digits, as `portico cert show` shows it"
        )
    return found


def finite(context: click.Context, parameter: click.Parameter, given: float | None) -> float | None:
    """A number of seconds that a clock can count. Raises click.BadParameter."""
    if given is not None and not math.isfinite(given):
        raise click.BadParameter(f"{given} is no number of seconds: leave it out for no limit of your own")
    return given
