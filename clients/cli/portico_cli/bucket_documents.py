"""Rules of buckets as documents, in YAML or JSON: in the shape of the contract, or in that of S3's JSON.

`aws s3api put-bucket-lifecycle-configuration` takes `{"Rules": [{"ID": …, "Status": "Enabled", …}]}`, `put-bucket-cors`
`{"CORSRules": […]}`; the contract has `{"lifecycle_rules": [{"id": …, "enabled": true, …}]}`, and a bare list of either
will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import yaml
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from portico.objects.v1.buckets_pb2 import Bucket
from portico_cli.document_values import (
    Fault,
    Place,
    Plain,
    items,
    line_of,
    moment,
    names,
    text,
    truth,
    whole,
    within,
    written,
)
from portico_cli.rules_of_s3 import rule_of_s3

MAX_BYTES = 1 << 20
_LISTS_OF_S3 = {"lifecycle_rules": "Rules", "cors_rules": "CORSRules"}
_BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
}
_AGES = ("expire_after_seconds", "expire_after_days", "expire_noncurrent_after_days", "abort_uploads_after_days")
_OTHER_DEEDS = ("expire_time", "expire_delete_markers")


def read_rules(document: str, field: str) -> Bucket:
    """The document's rules in that field of a bucket, and nothing else. Raises click.BadParameter."""
    try:
        read = yaml.safe_load(document)
    except yaml.YAMLError as error:
        raise click.BadParameter(f"the document is neither YAML nor JSON: {error}") from None
    except RecursionError:
        raise click.BadParameter("the document is nested too deeply") from None
    try:
        plain = Plain().of(read)
    except Fault as fault:
        raise _refusal(document, fault, fault.place) from None
    name, rules = _list_of(plain, field)
    in_s3 = _LISTS_OF_S3.get(field, "")
    made = []
    for number, rule in enumerate(rules):
        is_of_s3 = name == in_s3 or (not name and _is_of_s3(rule)) if in_s3 else False
        try:
            made.append(rule_of_s3(rule, field) if is_of_s3 else _rule(rule, field))
        except Fault as fault:
            shown = name or (in_s3 if is_of_s3 else field)
            place = (name, number, *fault.place) if name else (number, *fault.place)
            raise _refusal(document, fault, place, (shown, number, *fault.place)) from None
    try:
        return json_format.ParseDict({field: made}, Bucket())
    except json_format.ParseError as error:
        raise click.BadParameter(f"the document is not as it should be: {error}") from None


def _refusal(document: str, fault: Fault, place: Place, shown: Place = ()) -> click.BadParameter:
    line = line_of(document, place)
    where = written(shown or place)
    return click.BadParameter(f"line {line}: {where}: {fault.told}" if line and where else f"the document {fault.told}")


def _list_of(document: Any, field: str) -> tuple[str, list[Any]]:
    """The name of the list of rules, empty where it has none, and the list. Raises click.BadParameter."""
    in_s3 = _LISTS_OF_S3.get(field, "")
    if isinstance(document, list):
        return "", document
    if isinstance(document, Mapping) and len(document) == 1:
        (name, rules), *_ = document.items()
        if isinstance(rules, list) and name in {field, _camel(field), in_s3}:
            return str(name), rules
    known = f"{field}: [...]" + (f", or {in_s3}: [...] as S3 has it" if in_s3 else "")
    raise click.BadParameter(f"the document must be a list of rules, or {known}")


def _is_of_s3(rule: Any) -> bool:
    """S3's names begin with capitals."""
    return isinstance(rule, Mapping) and any(str(name)[:1].isupper() for name in rule)


def _rule(rule: Any, field: str) -> Any:
    """The rule, which is as the contract has it. Raises Fault."""
    _check(rule, Bucket.DESCRIPTOR.fields_by_name[field].message_type)
    if field == "lifecycle_rules":
        given = {known: rule.get(known, rule.get(_camel(known))) for known in (*_AGES, *_OTHER_DEEDS)}
        noughts = [known for known in _AGES if given[known] is not None and not whole(given[known], 0, 2**63)]
        if noughts and not any(given[known] for known in given if known not in noughts):
            name = noughts[0] if noughts[0] in rule else _camel(noughts[0])
            raise Fault("0 counts as left out, and the rule deletes nothing else: must be 1 or more", (name,))
    return rule


def _check(value: Any, kind: Any) -> None:
    """That a message, of which that is the descriptor, is written as it can be. Raises Fault."""
    fields = {name: field for field in kind.fields for name in (field.name, field.json_name)}
    known = ", ".join(field.name for field in kind.fields)
    for name, item in names(value, known).items():
        if name not in fields:
            raise Fault(f"there is no {name}; there are {known}")
        with within(name):
            _check_field(item, fields[name])


def _check_field(value: Any, field: FieldDescriptor) -> None:
    if value is None:
        return
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        for name, item in names(value, "any").items():
            with within(name):
                _check_one(item, field.message_type.fields_by_name["value"])
    elif field.is_repeated:
        for number, item in enumerate(items(value)):
            with within(number):
                _check_one(item, field)
    else:
        _check_one(value, field)


def _check_one(value: Any, field: FieldDescriptor) -> None:
    if field.message_type is not None:
        if field.message_type.full_name == "google.protobuf.Timestamp":
            moment(value)
        else:
            _check(value, field.message_type)
    elif field.enum_type is not None:
        known = list(field.enum_type.values_by_name)
        if value not in known and value not in field.enum_type.values_by_number:
            raise Fault(f"{value} is none of {', '.join(known[1:])}")
    elif field.cpp_type in _BOUNDS:
        whole(value, *_BOUNDS[field.cpp_type])
    elif field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        truth(value)
    else:
        text(value)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
