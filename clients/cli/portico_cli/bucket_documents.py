"""Rules of buckets as documents, in YAML or JSON: in the shape of the contract, or in that of S3's JSON.

`aws s3api put-bucket-lifecycle-configuration` takes `{"Rules": [{"ID": …, "Status": "Enabled", …}]}`, `put-bucket-cors`
`{"CORSRules": […]}`; the contract has `{"lifecycle_rules": [{"id": …, "enabled": true, …}]}`, and a bare list of either
will do.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping
from typing import Any

import click
import yaml
from google.protobuf import json_format

from portico.objects.v1.buckets_pb2 import Bucket

MAX_BYTES = 1 << 20
_LISTS_OF_S3 = {"lifecycle_rules": "Rules", "cors_rules": "CORSRules"}
_CORS = {
    "ID": "id",
    "AllowedOrigins": "allowed_origins",
    "AllowedMethods": "allowed_methods",
    "AllowedHeaders": "allowed_headers",
    "ExposeHeaders": "expose_headers",
    "MaxAgeSeconds": "max_age_seconds",
}


_UNKNOWN_NAME = re.compile(
    r'has no field named "(.*?)" at "Bucket\.(.*?)"\.?\s*Available Fields.*?"\[(.*)\]"', re.DOTALL
)
_UNKNOWN_VALUE = re.compile(r"Invalid enum value (.*?) for enum type ([\w.]+) at Bucket\.(.*?)\.*$")


def read_rules(text: str, field: str) -> Bucket:
    """The document's rules in that field of a bucket, and nothing else. Raises click.BadParameter."""
    try:
        document = _plain(yaml.safe_load(text))
    except (yaml.YAMLError, RecursionError) as error:
        raise click.BadParameter(f"the document is neither YAML nor JSON: {error}") from None
    rules = _list_of(document, field)
    try:
        return json_format.ParseDict({field: rules}, Bucket())
    except json_format.ParseError as error:
        raise click.BadParameter(f"the document is not as it should be: {_in_words(str(error))}") from None


def _in_words(told: str) -> str:
    """What protobuf tells of a document, by where it is wrong and what may stand there."""
    if found := _UNKNOWN_NAME.search(told):
        name, place, known = found.groups()
        return f"{place}: there is no {name}; there are {known}"
    if found := _UNKNOWN_VALUE.search(told):
        value, kind, place = found.groups()
        known = Bucket.DESCRIPTOR.file.pool.FindEnumTypeByName(kind).values_by_name
        return f"{place}: {value} is none of {', '.join(list(known)[1:])}"
    return told


def _list_of(document: Any, field: str) -> list[Any]:
    in_s3 = _LISTS_OF_S3.get(field, "")
    if isinstance(document, list):
        return [_from_s3(rule, field) if in_s3 and _is_of_s3(rule) else rule for rule in document]
    if isinstance(document, Mapping) and len(document) == 1:
        (name, rules), *_ = document.items()
        if isinstance(rules, list) and name in (field, _camel(field)):
            return rules
        if isinstance(rules, list) and in_s3 and name == in_s3:
            return [_from_s3(rule, field) for rule in rules]
    known = f"{field}: [...]" + (f", or {in_s3}: [...] as S3 has it" if in_s3 else "")
    raise click.BadParameter(f"the document must be a list of rules, or {known}")


def _is_of_s3(rule: Any) -> bool:
    """S3's names begin with capitals."""
    return isinstance(rule, Mapping) and any(str(name)[:1].isupper() for name in rule)


def _from_s3(rule: Any, field: str) -> dict[str, Any]:
    if not isinstance(rule, Mapping):
        raise click.BadParameter("a rule of S3 is an object with names and values")
    if field == "cors_rules":
        return {_known(name, _CORS): value for name, value in rule.items()}
    made: dict[str, Any] = {"enabled": False, "filter": {}}
    for name, value in rule.items():
        _known(name, _LIFECYCLE)(made, value)
    return made


def _known(name: str, names: Mapping[str, Any]) -> Any:
    if name not in names:
        raise click.BadParameter(f"{name} is none of what such a rule can say here: {', '.join(sorted(names))}")
    return names[name]


def _status(rule: dict[str, Any], value: Any) -> None:
    if value not in ("Enabled", "Disabled"):
        raise click.BadParameter("Status must be Enabled or Disabled")
    rule["enabled"] = value == "Enabled"


def _prefix(rule: dict[str, Any], value: Any) -> None:
    rule["filter"]["prefix"] = value


def _tag(rule: dict[str, Any], value: Any) -> None:
    rule["filter"].setdefault("tags", {})[value["Key"]] = value["Value"]


def _tags(rule: dict[str, Any], value: Any) -> None:
    for tag in value:
        _tag(rule, tag)


def _to(*path: str) -> Callable[[dict[str, Any], Any], None]:
    def put(rule: dict[str, Any], value: Any) -> None:
        for name in path[:-1]:
            rule = rule.setdefault(name, {})
        rule[path[-1]] = value

    return put


def _inside(parts: Mapping[str, Callable[[dict[str, Any], Any], None]]) -> Callable[[dict[str, Any], Any], None]:
    def take(rule: dict[str, Any], value: Any) -> None:
        if not isinstance(value, Mapping):
            raise click.BadParameter(f"an object is needed that says one of {', '.join(sorted(parts))}")
        for name, part in value.items():
            _known(name, parts)(rule, part)

    return take


def _date(rule: dict[str, Any], value: Any) -> None:
    rule["expire_time"] = value if "T" in str(value) else f"{value}T00:00:00Z"


_FILTER = {
    "Prefix": _prefix,
    "Tag": _tag,
    "Tags": _tags,
    "ObjectSizeGreaterThan": _to("filter", "size_greater_than_bytes"),
    "ObjectSizeLessThan": _to("filter", "size_less_than_bytes"),
}
_LIFECYCLE: dict[str, Callable[[dict[str, Any], Any], None]] = {
    "ID": _to("id"),
    "Status": _status,
    "Prefix": _prefix,
    "Filter": _inside({**_FILTER, "And": _inside(_FILTER)}),
    "Expiration": _inside(
        {"Days": _to("expire_after_days"), "Date": _date, "ExpiredObjectDeleteMarker": _to("expire_delete_markers")}
    ),
    "NoncurrentVersionExpiration": _inside(
        {
            "NoncurrentDays": _to("expire_noncurrent_after_days"),
            "NewerNoncurrentVersions": _to("keep_noncurrent_versions"),
        }
    ),
    "AbortIncompleteMultipartUpload": _inside({"DaysAfterInitiation": _to("abort_uploads_after_days")}),
}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _plain(value: Any) -> Any:
    """YAML knows dates; JSON, and protobuf with it, has them as text."""
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
