"""A bucket's lifecycle rules: what is deleted by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from portico.objects.v1 import buckets_pb2
from portico_server.objects.faces.s3 import bodies
from portico_server.objects.faces.s3.answers import nothing, xml
from portico_server.objects.faces.s3.asked_bucket import bucket_of
from portico_server.objects.faces.s3.object_headers import iso_time
from portico_server.objects.faces.s3.operations.bucket_settings import update, update_as_read
from portico_server.objects.faces.s3.reading_xml import Element
from portico_server.objects.faces.s3.refusals import invalid, invalid_argument, malformed_xml, missing, not_implemented
from portico_server.objects.faces.s3.request import S3Request
from portico_server.objects.faces.s3.writing_xml import boolean, element
from portico_server.platform.faces import FaceResponse

_MAX_RULES = 1000
_DAY_SECONDS = 86_400
_MOST_DAYS = 2**31 - 1
_MOST_BYTES = 5_497_558_138_880
_LAST_DAY = 2_932_896
"""9999-12-31, by how many days there were since 1970."""
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z)?", re.ASCII)
"""What S3 takes of all that ISO 8601 has."""
_TRANSITIONS = ("Transition", "NoncurrentVersionTransition")

_Rule = buckets_pb2.LifecycleRule


async def get_lifecycle(request: S3Request) -> FaceResponse:
    rules = (await bucket_of(request)).lifecycle_rules
    if not rules:
        raise missing("NO_SUCH_LIFECYCLE_CONFIGURATION", "the lifecycle configuration does not exist")
    return xml(request, "LifecycleConfiguration", "".join(map(_told, rules)))


async def put_lifecycle(request: S3Request) -> FaceResponse:
    given = await bodies.document(request, "LifecycleConfiguration")
    rules = [_rule(found) for found in given.all("Rule")]
    if not 0 < len(rules) <= _MAX_RULES:
        raise malformed_xml(f"there must be 1 to {_MAX_RULES} of Rule")
    ids = [rule.id for rule in rules if rule.id]
    if len(ids) != len(set(ids)):
        raise invalid_argument("ID", "", "RuleId must be unique. Found same ID for one or more rules")

    def kept(before: buckets_pb2.Bucket) -> list[_Rule]:
        return [_kept(rule, before.lifecycle_rules) for rule in rules]

    await update_as_read(request, "lifecycle_rules", kept)
    return nothing(request)


async def delete_lifecycle(request: S3Request) -> FaceResponse:
    await update(request, "lifecycle_rules")
    return nothing(request, 204)


def _rule(found: Element) -> _Rule:
    if any(found.first(name) is not None for name in _TRANSITIONS):
        raise not_implemented("a transition to another storage class", "there is STANDARD alone")
    rule_id, status = found.value("ID"), found.value("Status")
    if len(rule_id) > 255:
        raise invalid_argument("ID", rule_id, "ID length should not exceed allowed limit of 255")
    if status not in ("Enabled", "Disabled"):
        raise malformed_xml("the Status of Rule must be Enabled or Disabled")
    rule = _Rule(id=rule_id, enabled=status == "Enabled")
    _filter(found, rule)
    actions = [_expiration(found, rule), _noncurrent(found, rule), _abort(found, rule)]
    if not any(actions):
        raise invalid("INVALID_REQUEST", "at least one action needs to be specified in a rule")
    return rule


def _filter(found: Element, rule: _Rule) -> None:
    if found.first("Prefix") is not None:  # of the first form of these rules
        if found.first("Filter") is not None:
            raise malformed_xml("Rule has Prefix or Filter, not both")
        rule.filter.prefix = found.exact("Prefix")
        rule.tell_prefix_alone = True
        return
    given = found.first("Filter")
    if given is None:
        raise malformed_xml("Rule needs Filter")
    inside = given.first("And") or given
    if inside is given and len(given.children) > 1:
        raise malformed_xml("Filter has one condition, or And with several")
    rule.filter.SetInParent()
    rule.filter.prefix = inside.exact("Prefix")
    for tag in inside.all("Tag"):
        rule.filter.tags[tag.exact("Key")] = tag.exact("Value")
    greater, less = inside.value("ObjectSizeGreaterThan"), inside.value("ObjectSizeLessThan")
    if greater:
        rule.filter.size_greater_than_bytes = _number("ObjectSizeGreaterThan", greater, 0, _MOST_BYTES)
    if less:
        rule.filter.size_less_than_bytes = _number("ObjectSizeLessThan", less, 1, _MOST_BYTES)


def _expiration(found: Element, rule: _Rule) -> bool:
    given = found.first("Expiration")
    if given is None:
        return False
    days, date, markers = given.value("Days"), given.value("Date"), given.value("ExpiredObjectDeleteMarker")
    if sum(map(bool, (days, date, markers))) != 1:
        raise malformed_xml("Expiration needs one of Days, Date and ExpiredObjectDeleteMarker")
    if days:
        rule.expire_after_days = _number("Days", days, 1)
    elif date:
        rule.expire_time.CopyFrom(_midnight(date))
    else:
        rule.expire_delete_markers = markers.lower() == "true"
    return True


def _midnight(text: str) -> Timestamp:
    """Raises ApiError for what S3 does not take for a date, or for the end of none."""
    try:
        found = datetime.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        found = None
    if found is None:
        raise malformed_xml("Date must be YYYY-MM-DD, or YYYY-MM-DDT00:00:00Z")
    seconds = int(found.replace(tzinfo=UTC).timestamp())
    if seconds % _DAY_SECONDS or found.microsecond:
        raise invalid_argument("Date", text, "'Date' must be at midnight GMT")
    if seconds < 0:
        raise invalid_argument("Date", text, "'Date' must not lie before 1970")
    return Timestamp(seconds=seconds)


def _noncurrent(found: Element, rule: _Rule) -> bool:
    given = found.first("NoncurrentVersionExpiration")
    if given is None:
        return False
    rule.expire_noncurrent_after_days = _number("NoncurrentDays", given.needed("NoncurrentDays"), 1)
    if given.value("NewerNoncurrentVersions"):
        newer = given.value("NewerNoncurrentVersions")
        rule.keep_noncurrent_versions = _number("NewerNoncurrentVersions", newer, 1, 100)
    return True


def _abort(found: Element, rule: _Rule) -> bool:
    given = found.first("AbortIncompleteMultipartUpload")
    if given is None:
        return False
    if rule.filter.tags:
        raise invalid("INVALID_REQUEST", "AbortIncompleteMultipartUpload cannot be specified with Tags")
    rule.abort_uploads_after_days = _number("DaysAfterInitiation", given.needed("DaysAfterInitiation"), 1)
    return True


def _number(name: str, text: str, least: int, most: int = _MOST_DAYS) -> int:
    if not text.isdecimal() or not least <= int(text[:16]) <= most:
        raise invalid_argument(name, text, f"'{name}' must be an integer between {least} and {most}")
    return int(text)


def _kept(given: _Rule, before: Iterable[_Rule]) -> _Rule:
    """The rule, or that which the bucket has of its id, where it says what was told of that: so nothing gets lost of it
    that S3 has no words for."""
    return next((rule for rule in before if rule.id and rule.id == given.id and _sayable(rule) == given), given)


def _sayable(rule: _Rule) -> _Rule:
    """As far as S3 can say it: whole days, of which the last is begun, and one kind of expiry."""
    said = _Rule()
    said.CopyFrom(rule)
    said.filter.SetInParent()
    if rule.expire_after_seconds:
        said.expire_after_seconds = 0
        said.expire_after_days = -(-rule.expire_after_seconds // _DAY_SECONDS)
    if rule.HasField("expire_time"):
        begun = -(-(rule.expire_time.seconds + (rule.expire_time.nanos > 0)) // _DAY_SECONDS)
        said.expire_time.CopyFrom(Timestamp(seconds=min(begun, _LAST_DAY) * _DAY_SECONDS))
    if said.expire_after_days or said.HasField("expire_time"):
        said.expire_delete_markers = False
    return said


def _told(stored: _Rule) -> str:
    rule = _sayable(stored)
    content = element("ID", rule.id) + _told_filter(rule.filter, alone=rule.tell_prefix_alone)
    content += element("Status", "Enabled" if rule.enabled else "Disabled")
    if rule.expire_after_days:
        content += f"<Expiration>{element('Days', rule.expire_after_days)}</Expiration>"
    elif rule.HasField("expire_time"):
        content += f"<Expiration>{element('Date', iso_time(rule.expire_time.seconds))}</Expiration>"
    elif rule.expire_delete_markers:
        content += f"<Expiration>{boolean('ExpiredObjectDeleteMarker', True)}</Expiration>"
    if rule.expire_noncurrent_after_days:
        noncurrent = element("NoncurrentDays", rule.expire_noncurrent_after_days)
        if rule.keep_noncurrent_versions:
            noncurrent += element("NewerNoncurrentVersions", rule.keep_noncurrent_versions)
        content += f"<NoncurrentVersionExpiration>{noncurrent}</NoncurrentVersionExpiration>"
    if rule.abort_uploads_after_days:
        abort = element("DaysAfterInitiation", rule.abort_uploads_after_days)
        content += f"<AbortIncompleteMultipartUpload>{abort}</AbortIncompleteMultipartUpload>"
    return f"<Rule>{content}</Rule>"


def _told_filter(given: buckets_pb2.LifecycleRule.Filter, *, alone: bool) -> str:
    """`alone`: a prefix without other conditions is told without a filter around it."""
    prefix = element("Prefix", given.prefix)
    others = [
        f"<Tag>{element('Key', name)}{element('Value', value)}</Tag>" for name, value in sorted(given.tags.items())
    ]
    if given.HasField("size_greater_than_bytes"):
        others.append(element("ObjectSizeGreaterThan", given.size_greater_than_bytes))
    if given.HasField("size_less_than_bytes"):
        others.append(element("ObjectSizeLessThan", given.size_less_than_bytes))
    if not others:
        return prefix if alone else f"<Filter>{prefix}</Filter>"
    parts = [prefix, *others] if given.prefix else others
    inside = "".join(parts)
    return f"<Filter><And>{inside}</And></Filter>" if len(parts) > 1 else f"<Filter>{inside}</Filter>"
