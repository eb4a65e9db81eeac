"""A field's `buf.validate` rules as keywords of JSON Schema. What has no keyword is said in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from portico._buf.validate import validate_pb2

Schema = dict[str, Any]

_FORMATS = {
    "email": "email",
    "hostname": "hostname",
    "ipv4": "ipv4",
    "ipv6": "ipv6",
    "uri": "uri",
    "uri_ref": "uri-reference",
    "uuid": "uuid",
}
_NUMBERS = ("int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32", "fixed64", "sfixed32", "sfixed64")
_IN_STRINGS = {"int64", "uint64", "sint64", "fixed64", "sfixed64"}  # protobuf's JSON writes them as strings
_BOUNDS = {"gte": "minimum", "lte": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
_WORDS = {"gte": "at least", "lte": "at most", "gt": "more than", "lt": "less than"}


def rules_of(field: FieldDescriptorProto) -> Any:
    """The `buf.validate.FieldRules`; empty where the field has none."""
    extension: Any = validate_pb2.field  # protoc's stub gives it another type than protobuf's own stubs want
    return field.options.Extensions[extension]


def keywords(rules: Any, *, may_be_empty: bool = False) -> Schema:
    """Of one value: an element of a repeated field has its own rules. `may_be_empty`: rules hold only for other values
    than the default, which protobuf leaves out."""
    kind = rules.WhichOneof("type")
    if kind is None:
        return {}
    found: Schema = {}
    if kind == "string":
        found = _of_text(rules.string)
    elif kind == "bytes":
        found = _of_bytes(rules.bytes)
    elif kind in _NUMBERS or kind in ("float", "double"):
        found = _of_number(getattr(rules, kind), in_string=kind in _IN_STRINGS)
    elif kind == "repeated":
        found = _of_list(rules.repeated)
    elif kind == "map":
        found = _of_map(rules.map)
    if may_be_empty and kind in ("string", "bytes"):
        found = _or_empty(found)
    return found


def words(rules: Any) -> Iterator[str]:
    """What the rules say that no keyword does."""
    kind = rules.WhichOneof("type")
    if kind in _IN_STRINGS:
        bounds = [f"{_WORDS[name]} {value:,}" for name, value in _present(getattr(rules, kind), _WORDS)]
        if bounds:
            yield f"{' and '.join(bounds)}.".capitalize()
    if kind in ("string", "bytes"):
        text = getattr(rules, kind)
        if kind == "string" and text.HasField("max_bytes"):
            yield f"At most {text.max_bytes:,} bytes of UTF-8."
        if kind == "string" and text.HasField("min_bytes"):
            yield f"At least {text.min_bytes:,} bytes of UTF-8."
    for rule in rules.cel:
        yield f"Rule `{rule.id}`: {rule.message or rule.expression}."


def required(field: FieldDescriptorProto) -> bool:
    rules = rules_of(field)
    behaviors = field.options.Extensions[field_behavior_pb2.field_behavior]
    return bool(rules.required) or field_behavior_pb2.REQUIRED in behaviors


def may_be_empty(field: FieldDescriptorProto) -> bool:
    return bool(rules_of(field).ignore == validate_pb2.IGNORE_IF_ZERO_VALUE)


def output_only(field: FieldDescriptorProto) -> bool:
    return field_behavior_pb2.OUTPUT_ONLY in field.options.Extensions[field_behavior_pb2.field_behavior]


_UNICODE_CLASS = "\\p{"
"""Known by RE2, and not by the patterns of JSON Schema as they are mostly read: such a pattern is left out."""


def _of_text(rules: Any) -> Schema:
    found: Schema = {}
    for name, keyword in (
        ("min_len", "minLength"),
        ("max_len", "maxLength"),
        ("pattern", "pattern"),
        ("const", "const"),
    ):
        if rules.HasField(name) and not (name == "pattern" and _UNICODE_CLASS in rules.pattern):
            found[keyword] = getattr(rules, name)
    if rules.HasField("len"):
        found |= {"minLength": rules.len, "maxLength": rules.len}
    if getattr(rules, "in"):
        found["enum"] = list(getattr(rules, "in"))
    well_known = rules.WhichOneof("well_known")
    if well_known in _FORMATS and getattr(rules, well_known):
        found["format"] = _FORMATS[well_known]
    return found


def _of_bytes(rules: Any) -> Schema:
    """In JSON they are base64, four characters for three bytes; clients may leave the padding out."""
    least = rules.len if rules.HasField("len") else rules.min_len
    most = rules.len if rules.HasField("len") else rules.max_len if rules.HasField("max_len") else None
    found: Schema = {"minLength": -(-least * 4 // 3)} if least else {}
    if most is not None:
        found["maxLength"] = -(-most // 3) * 4
    return found


def _of_number(rules: Any, *, in_string: bool) -> Schema:
    if in_string:
        return {}
    found = {_BOUNDS[name]: value for name, value in _present(rules, _BOUNDS)}
    if rules.HasField("const"):
        found["const"] = rules.const
    if getattr(rules, "in"):
        found["enum"] = list(getattr(rules, "in"))
    return found


def _of_list(rules: Any) -> Schema:
    found: Schema = {}
    if rules.HasField("min_items"):
        found["minItems"] = rules.min_items
    if rules.HasField("max_items"):
        found["maxItems"] = rules.max_items
    if rules.unique:
        found["uniqueItems"] = True
    return found


def _of_map(rules: Any) -> Schema:
    found: Schema = {}
    if rules.HasField("min_pairs"):
        found["minProperties"] = rules.min_pairs
    if rules.HasField("max_pairs"):
        found["maxProperties"] = rules.max_pairs
    if names := keywords(rules.keys):
        found["propertyNames"] = names
    return found


def _present(rules: Any, names: Any) -> Iterator[tuple[str, Any]]:
    for name in names:
        if rules.HasField(name):
            yield name, getattr(rules, name)


def _or_empty(found: Schema) -> Schema:
    return found if _takes_empty(found) else {"anyOf": [found, {"maxLength": 0}]}


def _takes_empty(found: Schema) -> bool:
    """Whether the keywords of a text let the empty one through by themselves."""
    if found.get("minLength") or found.keys() & {"enum", "const", "format"}:
        return False
    return re.search(found.get("pattern", ""), "") is not None
