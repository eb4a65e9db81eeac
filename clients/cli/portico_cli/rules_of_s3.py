"""Rules of lifecycle and CORS as S3's JSON has them, made into those of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portico_cli.document_values import Fault, items, moment, names, text, truth, whole, within

_Take = Callable[[dict[str, Any], Any], None]
"""Takes a value of a rule into the contract's."""

_MOST_DAYS = 2**31 - 1
_MOST_BYTES = 5_497_558_138_880


def rule_of_s3(rule: Any, field: str) -> dict[str, Any]:
    """The same rule as the contract names it; `field` is that of a bucket. Raises Fault."""
    made: dict[str, Any] = {} if field == "cors_rules" else {"enabled": False, "filter": {}}
    _inside(_CORS if field == "cors_rules" else _LIFECYCLE)(made, rule)
    return made


def _told(known: Mapping[str, Any]) -> str:
    return ", ".join(sorted(known))


def _known(name: str, known: Mapping[str, Any]) -> Any:
    if name not in known:
        raise Fault(f"{name} is none of what such a rule can say here: {_told(known)}")
    return known[name]


def _status(rule: dict[str, Any], value: Any) -> None:
    if value not in ("Enabled", "Disabled"):
        raise Fault("must be Enabled or Disabled")
    rule["enabled"] = value == "Enabled"


def _prefix(rule: dict[str, Any], value: Any) -> None:
    rule["filter"]["prefix"] = text(value)


def _tag(rule: dict[str, Any], value: Any) -> None:
    tag = names(value, "Key, Value")
    if set(tag) != {"Key", "Value"}:
        raise Fault("a tag has Key and Value")
    with within("Key"):
        key = text(tag["Key"])
    with within("Value"):
        rule["filter"].setdefault("tags", {})[key] = text(tag["Value"])


def _tags(rule: dict[str, Any], value: Any) -> None:
    for number, tag in enumerate(items(value)):
        with within(number):
            _tag(rule, tag)


def _number(*path: str, least: int = 1, most: int = _MOST_DAYS) -> _Take:
    def take(rule: dict[str, Any], value: Any) -> None:
        for name in path[:-1]:
            rule = rule.setdefault(name, {})
        rule[path[-1]] = whole(value, least, most)

    return take


def _texts(name: str) -> _Take:
    def take(rule: dict[str, Any], value: Any) -> None:
        rule[name] = made = []
        for number, one in enumerate(items(value)):
            with within(number):
                made.append(text(one))

    return take


def _id(rule: dict[str, Any], value: Any) -> None:
    rule["id"] = text(value)


def _markers(rule: dict[str, Any], value: Any) -> None:
    rule["expire_delete_markers"] = truth(value)


def _date(rule: dict[str, Any], value: Any) -> None:
    rule["expire_time"] = moment(value if "T" in str(value) else f"{value}T00:00:00Z")


def _inside(parts: Mapping[str, _Take]) -> _Take:
    def take(rule: dict[str, Any], value: Any) -> None:
        for name, part in names(value, _told(parts)).items():
            known = _known(name, parts)
            with within(name):
                known(rule, part)

    return take


_FILTER: dict[str, _Take] = {
    "Prefix": _prefix,
    "Tag": _tag,
    "Tags": _tags,
    "ObjectSizeGreaterThan": _number("filter", "size_greater_than_bytes", least=0, most=_MOST_BYTES),
    "ObjectSizeLessThan": _number("filter", "size_less_than_bytes", most=_MOST_BYTES),
}
_LIFECYCLE: dict[str, _Take] = {
    "ID": _id,
    "Status": _status,
    "Prefix": _prefix,
    "Filter": _inside({**_FILTER, "And": _inside(_FILTER)}),
    "Expiration": _inside({"Days": _number("expire_after_days"), "Date": _date, "ExpiredObjectDeleteMarker": _markers}),
    "NoncurrentVersionExpiration": _inside(
        {
            "NoncurrentDays": _number("expire_noncurrent_after_days"),
            "NewerNoncurrentVersions": _number("keep_noncurrent_versions", most=100),
        }
    ),
    "AbortIncompleteMultipartUpload": _inside({"DaysAfterInitiation": _number("abort_uploads_after_days")}),
}
_CORS: dict[str, _Take] = {
    "ID": _id,
    "AllowedOrigins": _texts("allowed_origins"),
    "AllowedMethods": _texts("allowed_methods"),
    "AllowedHeaders": _texts("allowed_headers"),
    "ExposeHeaders": _texts("expose_headers"),
    "MaxAgeSeconds": _number("max_age_seconds", least=0),
}
