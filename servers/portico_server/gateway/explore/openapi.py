"""The OpenAPI document of the REST paths, made from the contracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.api import http_pb2
from google.protobuf.descriptor_pb2 import MethodOptions

from portico_server.gateway.explore import path_templates, rules
from portico_server.gateway.explore.contracts import Contracts, Field, Message, Method
from portico_server.gateway.explore.path_templates import PathTemplate
from portico_server.gateway.explore.schemas import HTTP_BODY, STATUS, Schemas
from portico_server.platform.methods import Method as Served

VERSION = "3.1.0"
_ERROR_DETAILS = ("ErrorInfo", "BadRequest", "PreconditionFailure", "QuotaFailure", "RetryInfo")
_MAX_NESTING = 3  # of query parameters: metadata.content_type has two

_ABOUT = """\
Every method of the platform that has a REST path. The same methods are there by gRPC, gRPC-Web and Connect, with the
same names and rules; `/reference` shows them all.

At the API door a client certificate of the platform is needed, at the web door a token is enough. Errors are
`google.rpc.Status` with an `ErrorInfo`, whose reason is part of the contract. Unknown fields of JSON are ignored,
unknown query parameters refused. In a path, a slash that belongs to a name must come as `%2F` at the name's end.
"""


def openapi(contracts: Contracts, served: dict[str, Served], version: str) -> dict[str, Any]:
    """The document; of the contracts' methods those that are `served`, by gRPC path."""
    document = _Document(contracts, served)
    paths, error = document.paths(), _error(document.schemas)
    return {
        "openapi": VERSION,
        "info": {"title": "Portico", "version": version, "description": _ABOUT},
        "servers": [{"url": "/", "description": "The door that this document was read at."}],
        "tags": document.tags,
        "paths": paths,
        "components": {
            "schemas": dict(sorted(document.schemas.components.items())),
            "responses": {"Error": error},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of the platform: `portico token` prints one.",
                },
                "mutualTLS": {
                    "type": "mutualTLS",
                    "description": "A client certificate of the platform's own authority; needed at the API door.",
                },
            },
        },
        "security": [{"bearer": []}, {"bearer": [], "mutualTLS": []}],
    }


@dataclass(frozen=True, slots=True)
class _Binding:
    """A REST path of a method."""

    method: Method
    rule: http_pb2.HttpRule
    verb: str
    template: PathTemplate
    number: int


class _Document:
    """Collects the document's parts."""

    def __init__(self, contracts: Contracts, served: dict[str, Served]) -> None:
        self._contracts = contracts
        self._served = served
        self.schemas = Schemas(contracts)
        self.tags: list[dict[str, str]] = []

    def paths(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        for service in sorted(self._contracts.services.values(), key=lambda service: service.name):
            bindings = [binding for method in service.methods for binding in self._bindings(method)]
            if bindings:
                self.tags.append({"name": service.name, "description": service.comment or service.name})
            for binding in bindings:
                paths.setdefault(binding.template.path, {})[binding.verb] = self._operation(binding)
        return paths

    def _bindings(self, method: Method) -> Iterator[_Binding]:
        if method.path not in self._served:
            return
        request = self._message(method.proto.input_type)
        for number, rule in enumerate(method.rules):
            verb = rule.WhichOneof("pattern") or ""
            template = rule.custom.path if verb == "custom" else getattr(rule, verb)
            verb = rule.custom.kind.lower() if verb == "custom" else verb
            yield _Binding(method, rule, verb, path_templates.read(template, self._contracts, request), number)

    def _operation(self, binding: _Binding) -> dict[str, Any]:
        method = binding.method
        name = f"{method.service.rpartition('.')[2]}_{method.proto.name}"
        summary = method.comment.replace("\n", " ").partition(". ")[0]
        operation: dict[str, Any] = {
            "operationId": f"{name}_{binding.number}" if binding.number else name,
            "tags": [method.service],
            "summary": summary.rstrip(".") or method.proto.name,
            "description": method.comment or method.path,
            "parameters": [*binding.template.parameters, *self._query(binding)],
            "responses": {"200": self._answer(binding), "default": {"$ref": "#/components/responses/Error"}},
            "x-grpc-method": method.path,
        }
        if body := self._body(binding):
            operation["requestBody"] = body
        served = self._served[method.path]
        if served.public:
            operation["security"] = [{}, {"mutualTLS": []}]
        elif served.requirements:
            operation["x-portico-permissions"] = [
                {"permission": each.permission, "resourceField": ".".join(each.fields), "mode": each.mode.name}
                for each in served.requirements
            ]
        if method.proto.options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS:
            operation["x-no-side-effects"] = True
        return operation

    def _query(self, binding: _Binding) -> list[dict[str, Any]]:
        """What is said neither in the path nor in the body."""
        if binding.rule.body == "*":
            return []
        message = self._message(binding.method.proto.input_type)
        elsewhere = {*binding.template.variables, binding.rule.body}
        return list(self._parameters(message, (), (), elsewhere))

    def _parameters(
        self, message: Message, names: tuple[str, ...], shown: tuple[str, ...], elsewhere: set[str]
    ) -> Iterator[dict[str, Any]]:
        for field in message.fields:
            path, name = (*names, field.proto.name), (*shown, field.proto.json_name)
            if ".".join(path) in elsewhere:
                continue
            schema = self.schemas.of_field(field)
            inner = self._contracts.messages.get(field.type_name)
            if inner is not None and "$ref" in schema:
                # Lists of messages and maps have no form in a query; nor have messages that hold themselves.
                if not field.repeated and inner.name != HTTP_BODY and len(path) < _MAX_NESTING:
                    yield from self._parameters(inner, path, name, elsewhere)
            elif schema.get("type") != "object" and "$ref" not in schema.get("items", {}):
                yield _parameter(".".join(name), field, schema)

    def _body(self, binding: _Binding) -> dict[str, Any] | None:
        message = self._message(binding.method.proto.input_type)
        if not binding.rule.body:
            return None
        if binding.rule.body == "*":
            left_out = [name for name in binding.template.variables if "." not in name]
            schema = self.schemas.of_message(message, left_out)
            return _json(schema, required=bool(schema.get("required")))
        field = next(field for field in message.fields if field.proto.name == binding.rule.body)
        if field.type_name == HTTP_BODY:
            return {"content": {"*/*": {}}, "description": field.comment, "required": False}
        return _json(self._without_path(field, binding), required=rules.required(field.proto))

    def _without_path(self, field: Field, binding: _Binding) -> dict[str, Any]:
        """The schema of a body's message. What the path says of it need not be said again."""
        inside = [
            name.partition(".")[2] for name in binding.template.variables if name.startswith(f"{field.proto.name}.")
        ]
        message = self._contracts.messages.get(field.type_name)
        return (
            self.schemas.of_message(message, inside) if inside and message is not None else self.schemas.of_field(field)
        )

    def _answer(self, binding: _Binding) -> dict[str, Any]:
        message = self._message(binding.method.proto.output_type)
        said = "" if message.name.startswith("google.") else message.comment
        answer: dict[str, Any] = {"description": said or "The answer."}
        raw = message.name == HTTP_BODY
        schema = self.schemas.reference(message.name) if not raw else {}
        if binding.rule.response_body:
            field = next(field for field in message.fields if field.proto.name == binding.rule.response_body)
            raw = field.type_name == HTTP_BODY
            answer["description"] = field.comment or answer["description"]
            schema = {} if raw else self.schemas.of_field(field)
        if raw:
            answer["content"] = {"*/*": {}}
        elif binding.method.proto.server_streaming:
            answer["description"] += " As lines of JSON, each as it comes."
            answer["content"] = {"application/json": {"schema": {"type": "string"}}}
            answer["x-item-schema"] = schema
        else:
            answer["content"] = {"application/json": {"schema": schema}}
        answer["headers"] = {
            "x-ray-id": {"description": "By which everything about the call is found.", "schema": {"type": "string"}}
        }
        return answer

    def _message(self, type_name: str) -> Message:
        return self._contracts.messages[type_name.removeprefix(".")]


def _parameter(name: str, field: Field, schema: dict[str, Any]) -> dict[str, Any]:
    description = schema.pop("description", "")
    parameter: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    if description:
        parameter["description"] = description
    if rules.required(field.proto) and not rules.may_be_empty(field.proto) and "." not in name:
        parameter["required"] = True
    return parameter


def _json(schema: dict[str, Any], *, required: bool) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}, "required": required}


def _error(schemas: Schemas) -> dict[str, Any]:
    """The answer to what fails."""
    details = [schemas.reference(f"google.rpc.{name}") for name in _ERROR_DETAILS]
    marked = [
        {
            "allOf": [
                detail,
                {"type": "object", "properties": {"@type": {"const": f"type.googleapis.com/google.rpc.{name}"}}},
            ]
        }
        for name, detail in zip(_ERROR_DETAILS, details, strict=True)
    ]
    schemas.reference(STATUS)
    status = schemas.components[STATUS]
    status["description"] = "An error: a google.rpc.Code, what was wrong and what to do, and details for programs."
    status["properties"]["details"]["items"] = {"anyOf": [*marked, schemas.reference("google.protobuf.Any")]}
    return {
        "description": "What went wrong. The HTTP status follows from the code as google/rpc/code.proto has it.",
        "content": {"application/json": {"schema": schemas.reference(STATUS)}},
    }
