"""The page of reference documentation, from the contracts: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from google.api import http_pb2
from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Kind

from portico_server.gateway.explore import rules
from portico_server.gateway.explore.contracts import Contracts, Field, Message, Method, Service
from portico_server.platform.methods import Method as Served

_SCALARS = {
    Kind.TYPE_DOUBLE: "double",
    Kind.TYPE_FLOAT: "float",
    Kind.TYPE_INT64: "int64",
    Kind.TYPE_UINT64: "uint64",
    Kind.TYPE_INT32: "int32",
    Kind.TYPE_FIXED64: "fixed64",
    Kind.TYPE_FIXED32: "fixed32",
    Kind.TYPE_BOOL: "bool",
    Kind.TYPE_STRING: "string",
    Kind.TYPE_BYTES: "bytes",
    Kind.TYPE_UINT32: "uint32",
    Kind.TYPE_SFIXED32: "sfixed32",
    Kind.TYPE_SFIXED64: "sfixed64",
    Kind.TYPE_SINT32: "sint32",
    Kind.TYPE_SINT64: "sint64",
}
_BOUNDS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "exclusiveMinimum": "> {}",
    "exclusiveMaximum": "< {}",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "maxProperties": "at most {} entries",
    "minProperties": "at least {} entries",
    "format": "{}",
}
_ERRORS = re.compile(r"\b([A-Z][A-Z_]{3,})\s+\(((?:`[A-Z_]+`,?\s*)+)\)")
_CODE = re.compile(r"`([^`]+)`")


def reference(contracts: Contracts, served: Mapping[str, Served], version: str) -> str:
    """The page; of the contracts' methods those that are `served`, by gRPC path."""
    return _Page(contracts, served).render(version)


def content_security_policy() -> str:
    """What the page may do: run its own script, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_asset("reference.js").encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


class _Page:
    def __init__(self, contracts: Contracts, served: Mapping[str, Served]) -> None:
        self._contracts = contracts
        self._served = served
        self._shown: dict[str, None] = {}  # messages and enums to describe, in the order in which they are named

    def render(self, version: str) -> str:
        services = [
            (service, methods)
            for service in sorted(self._contracts.services.values(), key=lambda each: (_foreign(each), each.name))
            if (methods := [method for method in service.methods if method.path in self._served])
        ]
        sections = "".join(self._service(service, methods) for service, methods in services)
        types = "".join(self._types())
        menu = "".join(_menu(service, methods) for service, methods in services)
        return _asset("reference.html").format(
            version=html.escape(version),
            css=_asset("reference.css"),
            js=_asset("reference.js"),
            menu=menu,
            services=sections,
            types=types,
        )

    def _service(self, service: Service, methods: Iterable[Method]) -> str:
        body = "".join(map(self._method, methods))
        name = service.name.rpartition(".")
        return (
            f'<section class="service" id="{service.name}"><h2><small>{name[0]}.</small>{name[2]}</h2>'
            f"{_prose(service.comment)}{body}</section>"
        )

    def _method(self, method: Method) -> str:
        proto = method.proto
        facts = [f'<code class="path">{html.escape(method.path)}</code>', *map(_rest, method.rules)]
        kinds = [
            name
            for name, on in (("streams up", proto.client_streaming), ("streams down", proto.server_streaming))
            if on
        ]
        served = self._served[method.path]
        kinds += ["changes nothing"] if served.read_only else []
        badges = "".join(f'<span class="badge">{kind}</span>' for kind in kinds)
        permissions = "".join(f"<li>{_permission(each)}</li>" for each in served.requirements)
        who = (
            "<p>Public: no token is needed.</p>" if served.public else f"<ul>{permissions}</ul>" if permissions else ""
        )
        errors = "".join(
            f"<li><code>{code}</code> {_reasons(reasons)}</li>" for code, reasons in _errors(method.comment)
        )
        request = self._message_table(proto.input_type.removeprefix("."))
        response = self._message_table(proto.output_type.removeprefix("."))
        words = html.escape(f"{method.path} {proto.name} {method.comment}".lower(), quote=True)
        return (
            f'<article class="method" id="{method.path[1:]}" data-words="{words}">'
            f'<h3><a href="#{method.path[1:]}">{proto.name}</a>{badges}</h3>{"".join(facts)}{_prose(method.comment)}'
            + (f"<h4>Permission</h4>{who}" if who else "")
            + f"<h4>Request</h4>{request}<h4>Response</h4>{response}"
            + (f"<h4>Errors</h4><ul>{errors}</ul>" if errors else "")
            + "</article>"
        )

    def _types(self) -> Iterator[str]:
        done: set[str] = set()
        while left := [name for name in self._shown if name not in done]:
            for name in left:
                done.add(name)
                yield self._type(name)

    def _type(self, name: str) -> str:
        if (enum := self._contracts.enums.get(name)) is not None:
            rows = "".join(
                f"<tr><td><code>{value}</code></td><td>{_inline(said)}</td></tr>" for value, said in enum.values
            )
            comment, table = enum.comment, f"<table>{rows}</table>"
        else:
            message = self._contracts.messages[name]
            comment, table = message.comment, self._fields(message)
        words = html.escape(f"{name} {comment}".lower(), quote=True)
        return (
            f'<article class="type" id="{name}" data-words="{words}"><h3><a href="#{name}">{_short(name)}</a>'
            f'<span class="badge">{name}</span></h3>{_prose(comment)}{table}</article>'
        )

    def _message_table(self, name: str) -> str:
        message = self._contracts.messages[name]
        return self._fields(message) if message.fields else "<p>Empty.</p>"

    def _fields(self, message: Message) -> str:
        rows = "".join(map(self._row, message.fields))
        return f"<table><tr><th>field</th><th>type</th><th>meaning and bounds</th></tr>{rows}</table>"

    def _row(self, field: Field) -> str:
        found = rules.rules_of(field.proto)
        marks = '<span class="must">required</span>' if rules.required(field.proto) else ""
        marks += '<span class="badge">answered only</span>' if rules.output_only(field.proto) else ""
        bounds = [*_bounds(rules.keywords(found)), *_bounds(rules.keywords(found.repeated.items)), *rules.words(found)]
        shown = f'<p class="bounds">{" · ".join(map(_inline, bounds))}</p>' if bounds else ""
        return (
            f"<tr><td><code>{field.proto.name}</code>{marks}</td><td>{self._type_of(field)}</td>"
            f"<td>{_prose(field.comment)}{shown}</td></tr>"
        )

    def _type_of(self, field: Field) -> str:
        if not field.type_name:
            name = _SCALARS[field.proto.type]
        else:
            message = self._contracts.messages.get(field.type_name)
            if message is not None and message.proto.options.map_entry:
                key, value = message.fields
                return f"map&lt;{self._type_of(key)}, {self._type_of(value)}&gt;"
            if field.type_name.startswith("google.protobuf."):
                return _short(field.type_name)  # which every user of protobuf knows
            self._shown.setdefault(field.type_name)
            name = f'<a href="#{field.type_name}">{_short(field.type_name)}</a>'
        return f"list of {name}" if field.repeated else name


def _menu(service: Service, methods: Iterable[Method]) -> str:
    items = "".join(
        f'<li data-words="{method.path.lower()}"><a href="#{method.path[1:]}">{method.proto.name}</a></li>'
        for method in methods
    )
    title = f'<summary><a href="#{service.name}">{_short(service.name)}</a></summary>'
    return f"<details open>{title}<ul>{items}</ul></details>"


def _rest(rule: http_pb2.HttpRule) -> str:
    verb = rule.WhichOneof("pattern") or ""
    path = rule.custom.path if verb == "custom" else getattr(rule, verb)
    verb = rule.custom.kind if verb == "custom" else verb
    body = (
        f" <small>body: {'the rest' if rule.body == '*' else f'<code>{rule.body}</code>'}</small>" if rule.body else ""
    )
    return f'<p class="rest"><b>{verb.upper()}</b> <code>{html.escape(path)}</code>{body}</p>'


_HOW = {
    "FILTER": ", what may not be seen is left out",
    "EITHER": ", or another so marked",
    "OWN": ", not needed for what is one's own, unless it is denied",
}
"""What a requirement's mode means, behind its permission."""


def _permission(requirement: Any) -> str:
    where = f" on <code>{'.'.join(requirement.fields)}</code>" if requirement.fields else ""
    how = _HOW.get(requirement.mode.name, "")
    return f"<code>{requirement.permission}</code>{where}{how}"


def _errors(comment: str) -> Iterator[tuple[str, list[str]]]:
    """(code, reasons) as comments name them: NOT_FOUND (`BUCKET_NOT_FOUND`)."""
    for code, reasons in _ERRORS.findall(comment):
        yield code, _CODE.findall(reasons)


def _reasons(reasons: Iterable[str]) -> str:
    return ", ".join(f"<code>{reason}</code>" for reason in reasons)


def _bounds(keywords: dict[str, Any]) -> Iterator[str]:
    for keyword, value in keywords.items():
        if keyword == "pattern":
            yield f"matches `{value}`"
        elif keyword == "enum":
            yield "one of " + ", ".join(f"`{each}`" for each in value)
        elif keyword in _BOUNDS:
            yield _BOUNDS[keyword].format(f"{value:,}" if isinstance(value, int) else value)


def _prose(comment: str) -> str:
    paragraphs = [" ".join(part.split()) for part in comment.split("\n\n")]
    return "".join(f"<p>{_inline(part)}</p>" for part in paragraphs if part)


def _inline(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", html.escape(text, quote=False))


def _short(name: str) -> str:
    return name.rpartition(".")[2]


def _foreign(service: Service) -> bool:
    return not service.name.startswith("portico.")


def _asset(name: str) -> str:
    return (resources.files(__package__) / name).read_text(encoding="utf-8")
