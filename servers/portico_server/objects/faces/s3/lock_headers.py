"""Object lock and tags in headers of a put, a copy or an upload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from google.protobuf.timestamp_pb2 import Timestamp

from portico.objects.v1 import objects_pb2
from portico_server.objects.faces.s3.refusals import invalid, invalid_argument

BYPASS_GOVERNANCE = "x-amz-bypass-governance-retention"
TAGGING = "x-amz-tagging"
MAX_OBJECT_TAGS = 10

_MODE = "x-amz-object-lock-mode"
_UNTIL = "x-amz-object-lock-retain-until-date"
_HOLD = "x-amz-object-lock-legal-hold"
_MODES = {
    "GOVERNANCE": objects_pb2.RETENTION_MODE_GOVERNANCE,
    "COMPLIANCE": objects_pb2.RETENTION_MODE_COMPLIANCE,
}
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?", re.ASCII
)
_NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_SYSTEM_TAGS = "System tags cannot be added/updated by requester"
_TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")


def retention_of(headers: Mapping[str, str]) -> objects_pb2.Retention | None:
    """Until when the version is kept; None where nothing is said. Raises ApiError."""
    if _MODE not in headers and _UNTIL not in headers:
        return None
    if _MODE not in headers or _UNTIL not in headers:
        missing = _UNTIL if _MODE in headers else _MODE
        raise invalid_argument(missing, "", f"{_UNTIL} and {_MODE} must both be supplied")
    return retention(headers[_MODE], headers[_UNTIL], _MODE)


def retention(mode: str, until: str, argument: str = "Mode") -> objects_pb2.Retention:
    """Raises ApiError."""
    if mode not in _MODES:
        raise invalid_argument(argument, mode, "unknown wormMode directive: it must be GOVERNANCE or COMPLIANCE")
    return objects_pb2.Retention(mode=_MODES[mode], retain_until_time=timestamp(until, "RetainUntilDate"))


def legal_hold_of(headers: Mapping[str, str]) -> bool:
    """Raises ApiError."""
    if _HOLD not in headers:
        return False
    if headers[_HOLD] not in ("ON", "OFF"):
        raise invalid_argument(_HOLD, headers[_HOLD], "legal hold must be either of 'ON' or 'OFF'")
    return headers[_HOLD] == "ON"


def bypasses_governance(headers: Mapping[str, str]) -> bool:
    return headers.get(BYPASS_GOVERNANCE, "").lower() == "true"


def timestamp(text: str, argument: str) -> Timestamp:
    """A time in the usual form of ISO 8601; midnight where it is only a date, UTC where it says no zone. Raises
    ApiError."""
    try:
        if not _TIME.fullmatch(text.strip()):
            raise ValueError
        found = datetime.fromisoformat(text.strip())
        if found.tzinfo is None:
            found = found.replace(tzinfo=UTC)
        seconds = found.timestamp()
    except (ValueError, OverflowError):
        raise invalid_argument(argument, text, "The retain until date must be provided in ISO 8601 format") from None
    if seconds < 0:
        raise invalid_argument(argument, text, f"{argument} must not lie before 1970")
    return Timestamp(seconds=int(seconds), nanos=found.microsecond * 1000)


def tags_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The tags of `x-amz-tagging`, written as a query is. Raises ApiError."""
    text = headers.get(TAGGING, "")
    if not text:
        return {}
    pairs = parse_qsl(text, keep_blank_values=True)
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names) or "" in names or _NOT_ENCODED.search(text):
        raise invalid_argument(
            TAGGING,
            text,
            f"the header '{TAGGING}' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
            "duplicates",
        )
    return checked_tags(pairs, MAX_OBJECT_TAGS)


def checked_tags(pairs: list[tuple[str, str]], most: int) -> dict[str, str]:
    """Raises ApiError for more than there may be, for what can be no tag, and for one that stands twice."""
    tags: dict[str, str] = {}
    for name, value in pairs:
        if name in tags:
            raise invalid("INVALID_TAG", "Cannot provide multiple Tags with the same key", tag_key=name[:128])
        if not 0 < len(name) <= 128 or not _TAG_TEXT.fullmatch(name):
            raise invalid("INVALID_TAG", "the TagKey you have provided is invalid", tag_key=name[:128])
        if name.lower().startswith("aws:"):
            of_object = most == MAX_OBJECT_TAGS
            message = "Your TagKey cannot be prefixed with aws:" if of_object else _NO_SYSTEM_TAGS
            raise invalid("INVALID_TAG", message, tag_key=name)
        if len(value) > 256 or not _TAG_TEXT.fullmatch(value):
            raise invalid("INVALID_TAG", "the TagValue you have provided is invalid", tag_key=name[:128])
        tags[name] = value
    if len(tags) > most:
        whose, reason = ("Object", "BAD_REQUEST") if most == MAX_OBJECT_TAGS else ("Bucket", "INVALID_TAG")
        raise invalid(reason, f"{whose} tags cannot be greater than {most}")
    return tags
