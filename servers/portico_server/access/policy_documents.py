"""What an account decides by as a YAML document, and back: a section a kind, in it things by their ids, with the fields
that callers give.

Names of the account's own things stand in it without the account, and where a field can hold one kind alone as bare
ids; so a document can be imported into another account, too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import descriptor, json_format
from google.protobuf.message import Message

from portico_server.access.errors import InvalidDocument
from portico_server.access.kinds import POLICY_SET, Kind, id_of, kind_of
from portico_server.platform import strict_yaml
from portico_server.platform.strict_yaml import Node, YamlError

VERSION = "1"
_VERSION_KEY = "version"
_SECTIONS = {kind.collection: kind for kind in POLICY_SET}
_COLLECTIONS = {
    "permission_groups": "permissionGroups",
    "resource_groups": "resourceGroups",
    "domain_groups": "domainGroups",
    "excluded_domain_groups": "domainGroups",
    "zones": "zones",
}
"""Of which collection alone the names in a field are."""
_NAMES = (*_COLLECTIONS, "scope", "objects", "excluded", "members", "principals")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FD = descriptor.FieldDescriptor


@dataclass(slots=True)
class Document:
    """Messages with names, and nothing of what the platform fills in. `lines` is where each element stands, by its path
    as errors name it: `policies.ada.resource_groups[2]`."""

    messages: list[Any] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def line(self, path: str) -> int:
        """Of the element, or of the nearest around it that stands there; 0: of none."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines.get(path, 0)


def path_of(message: Any) -> str:
    """How errors name the thing: `policies.ada`."""
    return f"{kind_of(message.name).collection}.{id_of(message.name)}"


def write(account: str, messages: Iterable[Any], revision: int) -> str:
    """The document. Takes a second for some megabytes: not for the event loop."""
    sections: dict[str, dict[str, Any]] = {collection: {} for collection in _SECTIONS}
    for message in sorted(messages, key=lambda each: str(each.name)):
        sections[kind_of(message.name).collection][id_of(message.name)] = _plain(message, account)
    filled = {collection: section for collection, section in sections.items() if section}
    head = f"# What {account} decides by, at policy revision {revision}: `portico access import` takes it.\n"
    return head + strict_yaml.write({_VERSION_KEY: VERSION, **filled})


def written(message: Any, account: str) -> str:
    """One thing, as in a document."""
    return strict_yaml.write(_plain(message, account))


def read(text: str, account: str) -> Document:
    """The document of a text, for that account. Takes a second for some megabytes: not for the event loop. Raises
    InvalidDocument, which names line and element."""
    try:
        root = strict_yaml.read(text)
        return _Reading(account).document(root)
    except YamlError as error:
        where = f"line {error.line}: " if error.line else ""
        raise InvalidDocument(f"{where}{error.message}", field="yaml", line=str(error.line)) from None


def _plain(message: Any, account: str) -> dict[str, Any]:
    """The fields that callers give, as in REST but for names and values of enums."""
    found: dict[str, Any] = {}
    for name in kind_of(message.name).mutable:
        described = message.DESCRIPTOR.fields_by_name[name]
        value = getattr(message, name)
        if name == "scope" and value == account:
            continue
        if described.is_repeated:
            value = [_relative(each, account, name) if name in _NAMES else each for each in value]
        elif described.type == _FD.TYPE_MESSAGE:
            value = json_format.MessageToDict(value) if message.HasField(name) else None
        elif described.type == _FD.TYPE_ENUM:
            value = _shown(described.enum_type, value)
        elif name in _NAMES:
            value = _relative(value, account, name) if value else ""
        if value:
            found[described.json_name] = "true" if value is True else value
    return _texts(found)  # type: ignore[no-any-return]


def _texts(value: Any) -> Any:
    """With `true` and `false` as they are written: all scalars are read as texts."""
    if isinstance(value, dict):
        return {key: _texts(each) for key, each in value.items()}
    return str(value).lower() if isinstance(value, bool) else value


def _relative(name: str, account: str, field_name: str) -> str:
    if not name.startswith(f"{account}/"):
        return name
    rest, collection = name[len(account) + 1 :], _COLLECTIONS.get(field_name, "")
    bare = rest.removeprefix(f"{collection}/")
    if collection and bare and bare != rest and "/" not in bare:
        return bare
    return name if not rest or rest.startswith("accounts/") or (collection and "/" not in rest) else rest


def _absolute(text: str, account: str, field_name: str) -> str:
    collection = _COLLECTIONS.get(field_name, "")
    if text.startswith("accounts/"):
        return text
    return f"{account}/{collection}/{text}" if collection and "/" not in text else f"{account}/{text}"


def _shown(enum: descriptor.EnumDescriptor, number: int) -> str:
    """`allow` of `ACCESS_ALLOW`; empty for what is not set."""
    return enum.values_by_number[number].name.removeprefix(_prefix(enum)).lower() if number else ""


@functools.cache
def _numbers(enum: descriptor.EnumDescriptor) -> Mapping[str, int]:
    """Of the values as a document has them."""
    return {_shown(enum, each.number): each.number for each in enum.values if each.number}


@functools.cache
def _by_json_name(message: descriptor.Descriptor, names: tuple[str, ...]) -> Mapping[str, str]:
    return {message.fields_by_name[name].json_name: name for name in names}


def _prefix(enum: descriptor.EnumDescriptor) -> str:
    unspecified: str = enum.values_by_number[0].name
    return unspecified.removesuffix("UNSPECIFIED")


class _Reading:
    """Of one document into messages of an account."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._read = Document()

    def document(self, root: Node) -> Document:
        sections = dict(_mapping(root, "the document"))
        version = sections.pop(_VERSION_KEY, Node(None, root.line))
        if version.value != VERSION:
            raise YamlError(f"{_VERSION_KEY} must be {VERSION}: no other format is known here", version.line)
        for collection, section in sections.items():
            if collection not in _SECTIONS:
                raise YamlError(f"{collection[:80]}: must be one of {', '.join(_SECTIONS)}", section.line)
            for item_id, item in _mapping(section, collection).items():
                self._item(_SECTIONS[collection], item_id, item)
        return self._read

    def _item(self, kind: Kind, item_id: str, node: Node) -> None:
        where = f"{kind.collection}.{item_id[:80]}"
        if not _ID.fullmatch(item_id):
            raise YamlError(f"{where}: an id is 1 to 63 characters of a-z, 0-9 and -, not - first", node.line)
        message = kind.message(name=kind.name(self._account, item_id))
        self._read.lines[where] = node.line
        self._fields(message, _mapping(node, where), where, kind.mutable)
        self._read.messages.append(message)

    def _fields(self, message: Message, given: Mapping[str, Node], where: str, known: Iterable[str]) -> None:
        fields = _by_json_name(message.DESCRIPTOR, tuple(known))
        for key, node in given.items():
            if key not in fields:
                raise YamlError(f"{where}.{key[:80]}: must be one of {', '.join(fields)}", node.line)
            path = f"{where}.{fields[key]}"
            self._read.lines[path] = node.line
            self._fill(message, message.DESCRIPTOR.fields_by_name[fields[key]], node, path)

    def _fill(self, message: Any, described: Any, node: Node, path: str) -> None:
        name = described.name
        if described.is_repeated:
            getattr(message, name).extend(self._elements(node, path, name))
        elif described.type == _FD.TYPE_MESSAGE and described.message_type.full_name.startswith("google."):
            try:
                getattr(message, name).FromJsonString(_text(node, path))
            except ValueError:
                raise YamlError(f"{path}: must be as in REST, 2026-01-31T00:00:00Z or 3600s", node.line) from None
        elif described.type == _FD.TYPE_MESSAGE:
            part = getattr(message, name)
            part.SetInParent()
            self._fields(part, _mapping(node, path), path, part.DESCRIPTOR.fields_by_name)
        elif described.type == _FD.TYPE_BOOL:
            if node.value not in ("true", "false"):
                raise YamlError(f"{path}: must be true or false", node.line)
            setattr(message, name, node.value == "true")
        elif described.type == _FD.TYPE_ENUM:
            values = _numbers(described.enum_type)
            if node.value not in values:
                raise YamlError(f"{path}: must be {' or '.join(values)}", node.line)
            setattr(message, name, values[str(node.value)])
        else:
            text = _text(node, path)
            setattr(message, name, _absolute(text, self._account, name) if name in _NAMES and text else text)

    def _elements(self, node: Node, path: str, name: str) -> list[str]:
        if node.value is None:
            return []
        if not isinstance(node.value, list):
            raise YamlError(f"{path}: must be a list", node.line)
        found: list[str] = []
        for index, each in enumerate(node.value):
            self._read.lines[f"{path}[{index}]"] = each.line
            text = _text(each, f"{path}[{index}]")
            found.append(_absolute(text, self._account, name) if name in _NAMES else text)
        return found


def _mapping(node: Node, where: str) -> Mapping[str, Node]:
    if node.value is None:
        return {}
    if not isinstance(node.value, dict):
        raise YamlError(f"{where}: must be a mapping, of keys and what belongs to them", node.line)
    return node.value


def _text(node: Node, where: str) -> str:
    if node.value is None or isinstance(node.value, str):
        return node.value or ""
    raise YamlError(f"{where}: must be a text", node.line)
