"""The house's rules for contracts that buf does not know. Each takes contracts and yields what is wrong, a line each.

Contracts are a `FileDescriptorSet`; a rule looks at the files of the packages `portico.*` only.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from google.api import annotations_pb2, field_behavior_pb2, http_pb2
from google.protobuf import descriptor_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import MethodOptions

from portico._buf.validate import validate_pb2
from portico.options.v1 import options_pb2

Rule = Callable[["Contracts"], Iterator[str]]

PERMISSION = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
UNITLESS = re.compile(r"(^|_)(size|length|limit|offset)$")

# Well-known messages whose own values are as good as unbounded, so that a field of theirs needs a rule. Not among them:
# google.api.HttpBody, which can carry none: `max_message_bytes` bounds its bytes, the product its media type.
VALUES = {
    f".google.protobuf.{name}" for name in ("Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value")
}
# HTTP's own names (RFC 9110, 13.1) are kept as they are.
HTTP_TIMES = {"if_modified_since", "if_unmodified_since"}

INTEGERS = {
    Field.TYPE_INT32: "int32", Field.TYPE_INT64: "int64", Field.TYPE_UINT32: "uint32", Field.TYPE_UINT64: "uint64",
    Field.TYPE_SINT32: "sint32", Field.TYPE_SINT64: "sint64", Field.TYPE_FIXED32: "fixed32",
    Field.TYPE_FIXED64: "fixed64", Field.TYPE_SFIXED32: "sfixed32", Field.TYPE_SFIXED64: "sfixed64",
}  # fmt: skip
NUMBERS = {**INTEGERS, Field.TYPE_FLOAT: "float", Field.TYPE_DOUBLE: "double"}
LENGTHS = ("const", "in", "len", "max_len", "len_bytes", "max_bytes")
RANGES = ("const", "in", "lt", "lte", "gt", "gte")


@dataclass(frozen=True)
class Method:
    """A method, its path for messages, and the messages that it takes and answers."""

    path: str
    product: str
    proto: descriptor_pb2.MethodDescriptorProto
    request: descriptor_pb2.DescriptorProto
    response: descriptor_pb2.DescriptorProto

    @property
    def http(self) -> http_pb2.HttpRule | None:
        options = self.proto.options
        return options.Extensions[annotations_pb2.http] if options.HasExtension(annotations_pb2.http) else None


class Contracts:
    """Messages and methods of a descriptor set by name."""

    def __init__(self, files: descriptor_pb2.FileDescriptorSet) -> None:
        self.messages: dict[str, descriptor_pb2.DescriptorProto] = {}
        for file in files.file:
            self._index(f".{file.package}", file.message_type)
        self.methods = [
            Method(
                path=f"{file.package}.{service.name}/{method.name}",
                product=file.package.split(".")[1],
                proto=method,
                request=self.messages[method.input_type],
                response=self.messages[method.output_type],
            )
            for file in files.file
            if file.package.startswith("portico.")
            for service in file.service
            for method in service.method
        ]

    def _index(self, prefix: str, messages: object) -> None:
        for message in messages:  # type: ignore[attr-defined]  # protobuf's container types are not public
            self.messages[f"{prefix}.{message.name}"] = message
            self._index(f"{prefix}.{message.name}", message.nested_type)

    def ours(self) -> Iterator[tuple[str, descriptor_pb2.DescriptorProto]]:
        return ((name, message) for name, message in self.messages.items() if name.startswith(".portico."))

    def field(self, message: descriptor_pb2.DescriptorProto, path: str) -> Field | None:
        """The field that a path like `bucket.name` ends at."""
        found: Field | None = None
        at: descriptor_pb2.DescriptorProto | None = message
        for name in path.split("."):
            found = next((field for field in at.field if field.name == name), None) if at else None
            if found is None:
                return None
            at = self.messages.get(found.type_name)
        return found


def authorization(contracts: Contracts) -> Iterator[str]:
    """Every method is public or names permissions, `<product>.<noun>.<verb>`, on fields of its request."""
    for method in contracts.methods:
        if not method.proto.options.HasExtension(options_pb2.authorization):
            yield f"{method.path} has no option (portico.options.v1.authorization)"
            continue
        option = method.proto.options.Extensions[options_pb2.authorization]
        if option.public == bool(option.requirements):
            yield f"{method.path} must be either public or have requirements"
        for name in option.asked_permissions:
            if not PERMISSION.fullmatch(name) or name.split(".")[0] != method.product:
                yield f"{method.path}: the permission {name!r} is not {method.product}.<noun>.<verb>"
        for requirement in option.requirements:
            name = requirement.permission
            if not PERMISSION.fullmatch(name) or name.split(".")[0] != method.product:
                yield f"{method.path}: the permission {name!r} is not {method.product}.<noun>.<verb>"
            field = contracts.field(method.request, requirement.resource_field)
            if field is None or field.type != Field.TYPE_STRING:
                yield f"{method.path}: its request has no string field {requirement.resource_field!r}"


def rest(contracts: Contracts) -> Iterator[str]:
    """Every unary and server-streaming method has a REST path, its own, whose variables and bodies exist."""
    paths: Counter[tuple[str, str]] = Counter()
    for method in contracts.methods:
        if method.http is None:
            if not method.proto.client_streaming:
                yield f"{method.path} has no REST path (google.api.http)"
            continue
        verb = method.http.WhichOneof("pattern") or ""
        template = getattr(method.http, verb) if verb != "custom" else method.http.custom.path
        paths[verb, re.sub(r"\{[^=}]*", "{", template)] += 1
        if not template.startswith("/v1/"):
            yield f"{method.path}: {template} does not begin with /v1/"
        if re.search(r"\*\*}?:", template):
            yield f"{method.path}: {template} has a custom verb after `**`, which takes names that hold a colon apart"
        for variable in re.findall(r"\{([^=}]*)", template):
            if contracts.field(method.request, variable) is None:
                yield f"{method.path}: {template} names {variable!r}, which its request lacks"
        if method.http.body not in ("", "*") and contracts.field(method.request, method.http.body) is None:
            yield f"{method.path}: its request has no field {method.http.body!r} for the body"
        if method.http.response_body and contracts.field(method.response, method.http.response_body) is None:
            yield f"{method.path}: its response has no field {method.http.response_body!r} for the body"
    yield from (
        f"{count} methods have the REST path {verb} {path}" for (verb, path), count in paths.items() if count > 1
    )


def reads(contracts: Contracts) -> Iterator[str]:
    """Methods with NO_SIDE_EFFECTS are those with GET, and all Get, List, Head and Watch are."""
    for method in contracts.methods:
        safe = method.proto.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS
        if method.http is not None and safe != (method.http.WhichOneof("pattern") == "get"):
            yield f"{method.path}: NO_SIDE_EFFECTS and REST's GET belong together"
        if re.match(r"(Get|List|Head|Watch)[A-Z]", method.proto.name) and not safe:
            yield f"{method.path} is a read by its name: say idempotency_level = NO_SIDE_EFFECTS"


def lists(contracts: Contracts) -> Iterator[str]:
    """Lists are paged in one way (AIP-158)."""
    for method in contracts.methods:
        if not re.match(r"List[A-Z]", method.proto.name):
            continue
        for name, kind in (
            ("parent", Field.TYPE_STRING),
            ("page_size", Field.TYPE_INT32),
            ("page_token", Field.TYPE_STRING),
        ):
            field = contracts.field(method.request, name)
            if field is None or field.type != kind:
                yield f"{method.path}: its request has no field {name} of the usual type"
        token = contracts.field(method.response, "next_page_token")
        if token is None or token.type != Field.TYPE_STRING:
            yield f"{method.path}: its response has no string next_page_token"
        first = next((field for field in method.response.field if field.number == 1), None)
        if first is None or first.label != Field.LABEL_REPEATED:
            yield f"{method.path}: the results are not the response's field 1"


def updates(contracts: Contracts) -> Iterator[str]:
    """Updates say which fields to change (AIP-134)."""
    for method in contracts.methods:
        if re.match(r"Update[A-Z]", method.proto.name):
            mask = contracts.field(method.request, "update_mask")
            if mask is None or mask.type_name != ".google.protobuf.FieldMask":
                yield f"{method.path}: its request has no google.protobuf.FieldMask update_mask"


def names(contracts: Contracts) -> Iterator[str]:
    """Times end in `_time` and are Timestamps; sizes say their unit."""
    for name, message in contracts.ours():
        for field in message.field:
            where = f"{name[1:]}.{field.name}"
            is_time = field.type_name == ".google.protobuf.Timestamp"
            if is_time != field.name.endswith("_time") and field.name not in HTTP_TIMES:
                yield f"{where}: a time is a google.protobuf.Timestamp whose name ends in _time"
            if field.type in INTEGERS and UNITLESS.search(field.name) and field.name != "page_size":
                yield f"{where}: a size says its unit: {field.name}_bytes"


def bounds(contracts: Contracts) -> Iterator[str]:
    """Every field that a request can carry has a protovalidate bound. A `bool` needs none, and what only answers carry
    (OUTPUT_ONLY) is not looked at."""
    unseen = {name: message for name, message in contracts.ours() if not message.options.map_entry}
    waiting = [method.proto.input_type for method in contracts.methods]
    while waiting:
        name = waiting.pop()
        message = unseen.pop(name, None)
        for field in message.field if message else ():
            if field_behavior_pb2.OUTPUT_ONLY in field.options.Extensions[field_behavior_pb2.field_behavior]:
                continue
            entry = contracts.messages.get(field.type_name)
            problem = _unbounded(field, entry)
            if problem:
                yield f"{name[1:]}.{field.name} {problem}"
            elif entry is not None and entry.options.map_entry:
                waiting.append(entry.field[1].type_name)
            else:
                waiting.append(field.type_name)


def _unbounded(field: Field, message: descriptor_pb2.DescriptorProto | None) -> str:
    """What bound the field lacks; empty if none."""
    rules = field.options.Extensions[validate_pb2.field]
    if rules.ignore == validate_pb2.IGNORE_ALWAYS:
        return "has rules that are ignored always"
    if message is not None and message.options.map_entry:
        if not rules.map.HasField("max_pairs"):
            return "has no map.max_pairs"
        key, value = message.field
        return _unbounded_value(key, rules.map.keys, "keys: ") or _unbounded_value(value, rules.map.values, "values: ")
    if field.label == Field.LABEL_REPEATED:
        if not rules.repeated.HasField("max_items"):
            return "has no repeated.max_items"
        return _unbounded_value(field, rules.repeated.items, "items: ")
    return _unbounded_value(field, rules, "")


def _unbounded_value(field: Field, rules: validate_pb2.FieldRules, of: str) -> str:
    if field.type == Field.TYPE_STRING and not _bounds_text(rules.string):
        return f"{of}has no bound of its length, nor a pattern with one"
    if field.type == Field.TYPE_BYTES and not _has(rules.bytes, LENGTHS):
        return f"{of}has no bound of its length"
    if field.type in NUMBERS and not _has(getattr(rules, NUMBERS[field.type]), RANGES):
        return f"{of}has no range"
    if field.type == Field.TYPE_ENUM and not _has(rules.enum, ("const", "in", "defined_only")):
        return f"{of}has no enum.defined_only"
    if field.type_name in VALUES and not rules.WhichOneof("type"):
        return f"{of}has no rule for its {field.type_name.rpartition('.')[2]}"
    return ""


def _has(rules: object, names: tuple[str, ...]) -> bool:
    return any(descriptor.name in names for descriptor, _ in rules.ListFields())  # type: ignore[attr-defined]


def _bounds_text(rules: validate_pb2.StringRules) -> bool:
    """Whether a text's length is bounded: by a number, a well-known form, or an anchored pattern of finite width."""
    if _has(rules, LENGTHS) or rules.WhichOneof("well_known") is not None:
        return True
    plain = re.sub(r"\[\^?\]?(\\.|[^]\\])*\]", "c", re.sub(r"\\[^x\[\]]", "c", rules.pattern))
    return plain.startswith("^") and plain.endswith("$") and not re.search(r"[*+|]|\{\d+,\}", plain)


ALL = (authorization, rest, reads, lists, updates, names, bounds)
