"""Messages as JSON Schema, by protobuf's JSON mapping (https://protobuf.dev/programming-guides/json)."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Kind

from portico_server.gateway.explore import rules
from portico_server.gateway.explore.contracts import Contracts, Enum, Field, Message
from portico_server.gateway.explore.rules import Schema

HTTP_BODY = "google.api.HttpBody"
STATUS = "google.rpc.Status"

_WHOLE = r"^-?[0-9]+$"
_SCALARS: dict[int, Schema] = {
    Kind.TYPE_DOUBLE: {"type": "number", "format": "double"},
    Kind.TYPE_FLOAT: {"type": "number", "format": "float"},
    Kind.TYPE_INT32: {"type": "integer", "format": "int32"},
    Kind.TYPE_SINT32: {"type": "integer", "format": "int32"},
    Kind.TYPE_SFIXED32: {"type": "integer", "format": "int32"},
    Kind.TYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    Kind.TYPE_FIXED32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    Kind.TYPE_INT64: {"type": "string", "format": "int64", "pattern": _WHOLE},
    Kind.TYPE_SINT64: {"type": "string", "format": "int64", "pattern": _WHOLE},
    Kind.TYPE_SFIXED64: {"type": "string", "format": "int64", "pattern": _WHOLE},
    Kind.TYPE_UINT64: {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"},
    Kind.TYPE_FIXED64: {"type": "string", "format": "uint64", "pattern": "^[0-9]+$"},
    Kind.TYPE_BOOL: {"type": "boolean"},
    Kind.TYPE_STRING: {"type": "string"},
    Kind.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$", "examples": ["1.5s"]},
    "google.protobuf.FieldMask": {"type": "string", "examples": ["name,labels"]},
    "google.protobuf.Empty": {"type": "object"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
    "google.protobuf.ListValue": {"type": "array"},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string", "description": "type.googleapis.com/ and the message's full name."}},
        "required": ["@type"],
        "additionalProperties": True,
    },
    "google.protobuf.BoolValue": {"type": ["boolean", "null"]},
    "google.protobuf.StringValue": {"type": ["string", "null"]},
    "google.protobuf.BytesValue": {"type": ["string", "null"], "contentEncoding": "base64"},
    "google.protobuf.Int32Value": {"type": ["integer", "null"]},
    "google.protobuf.UInt32Value": {"type": ["integer", "null"], "minimum": 0},
    "google.protobuf.Int64Value": {"type": ["string", "null"], "pattern": _WHOLE},
    "google.protobuf.UInt64Value": {"type": ["string", "null"], "pattern": "^[0-9]+$"},
    "google.protobuf.DoubleValue": {"type": ["number", "null"]},
    "google.protobuf.FloatValue": {"type": ["number", "null"]},
}
_LENGTHY = (Kind.TYPE_STRING, Kind.TYPE_BYTES, Kind.TYPE_ENUM, Kind.TYPE_MESSAGE)


class Schemas:
    """The schemas of messages; those that are named are collected in `components`."""

    def __init__(self, contracts: Contracts) -> None:
        self._contracts = contracts
        self.components: dict[str, Schema] = {}

    def reference(self, name: str) -> Schema:
        """A message or an enum, by its full name."""
        if name in _WELL_KNOWN:
            return dict(_WELL_KNOWN[name])
        if name not in self.components:
            self.components[name] = {}  # for messages that hold themselves
            if name in self._contracts.enums:
                self.components[name] = _of_enum(self._contracts.enums[name])
            else:
                self.components[name] = self.of_message(self._contracts.messages[name])
        return {"$ref": f"#/components/schemas/{name}"}

    def of_message(self, message: Message, without: Iterable[str] = ()) -> Schema:
        """An object with its fields, but for those of the names in `without`, which a request says elsewhere."""
        left_out = set(without)
        fields = [field for field in message.fields if field.proto.name not in left_out]
        schema: Schema = {"type": "object"}
        if message.comment:
            schema["description"] = message.comment
        if fields:
            schema["properties"] = {field.proto.json_name: self.of_field(field) for field in fields}
        # Protobuf leaves default values out, of required fields too: only of those that cannot be empty can it be said.
        if named := [field.proto.json_name for field in fields if rules.required(field.proto) and _shows(field)]:
            schema["required"] = named
        return schema

    def of_field(self, field: Field) -> Schema:
        """With its rules and its comment."""
        found = rules.rules_of(field.proto)
        entry = self._entry(field)
        if entry is not None:
            value = self._of_value(entry) | rules.keywords(found.map.values)
            schema: Schema = {"type": "object", "additionalProperties": value}
        elif field.repeated:
            schema = {"type": "array", "items": self._of_value(field) | rules.keywords(found.repeated.items)}
        else:
            schema = self._of_value(field)
        schema |= rules.keywords(found, may_be_empty=rules.may_be_empty(field.proto))
        if description := " ".join([field.comment, *rules.words(found)]).strip():
            schema["description"] = description
        if rules.output_only(field.proto):
            schema["readOnly"] = True
        if field.proto.options.deprecated:
            schema["deprecated"] = True
        return schema

    def _of_value(self, field: Field) -> Schema:
        return self.reference(field.type_name) if field.type_name else dict(_SCALARS[field.proto.type])

    def _entry(self, field: Field) -> Field | None:
        """The values of a map field, which is a list of messages of two fields in truth."""
        message = self._contracts.messages.get(field.type_name)
        return message.fields[1] if message is not None and message.proto.options.map_entry else None


def _of_enum(enum: Enum) -> Schema:
    """By name. In requests the number does as well."""
    schema: Schema = {"type": "string", "enum": [name for name, _ in enum.values]}
    lines = [enum.comment, *(f"`{name}`: {comment}" for name, comment in enum.values if comment)]
    if description := "\n\n".join(line for line in lines if line):
        schema["description"] = description
    return schema


def _shows(field: Field) -> bool:
    return field.proto.type in _LENGTHY and not field.repeated and not rules.may_be_empty(field.proto)
