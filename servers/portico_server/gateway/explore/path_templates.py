"""Paths of `google.api.http` as OpenAPI has them: each wildcard a parameter of its own.

`/v1/{name=accounts/*/buckets/*}` becomes `/v1/accounts/{account}/buckets/{bucket}`: a wildcard is named by what stands
before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from portico_server.gateway.explore import rules
from portico_server.gateway.explore.contracts import Contracts, Field, Message

_VARIABLE = re.compile(r"\{([^={}]+)(?:=([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class PathTemplate:
    """`path` and `parameters` are OpenAPI's; `variables` the fields of the request that the path says."""

    path: str
    parameters: tuple[dict[str, Any], ...]
    variables: tuple[str, ...]


def read(template: str, contracts: Contracts, request: Message) -> PathTemplate:
    """`request` is the method's, whose fields say what the parameters may be."""
    parameters: list[dict[str, Any]] = []
    variables: list[str] = []

    def expand(variable: re.Match[str]) -> str:
        name, pattern = variable.group(1), variable.group(2) or "*"
        variables.append(name)
        field = field_at(contracts, request, name)
        segments = pattern.split("/")
        allowed = _patterns(field, len(segments))
        pieces = []
        for at, segment in enumerate(segments):
            if segment not in ("*", "**"):
                pieces.append(segment)
                continue
            shown = _singular(segments[at - 1]) if at else name.rpartition(".")[2]
            while any(parameter["name"] == shown for parameter in parameters):
                shown += "_"
            parameters.append(_parameter(shown, field, allowed[at], whole=segment == "**"))
            pieces.append(f"{{{shown}}}")
        return "/".join(pieces)

    return PathTemplate(_VARIABLE.sub(expand, template), tuple(parameters), tuple(variables))


def field_at(contracts: Contracts, message: Message, path: str) -> Field | None:
    """The field that a path as `bucket.name` leads to."""
    field = None
    for name in path.split("."):
        field = next((each for each in message.fields if each.proto.name == name), None)
        if field is None:
            return None
        message = contracts.messages.get(field.type_name, message)
    return field


def _parameter(name: str, field: Field | None, pattern: str, *, whole: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "minLength": 1}
    if pattern:
        schema["pattern"] = f"^{pattern}$"
    said = [f"Part of `{field.proto.name}`: {field.comment}"] if field is not None and field.comment else []
    said += ["May hold slashes, as `%2F`."] if whole else []
    parameter: dict[str, Any] = {"name": name, "in": "path", "required": True, "schema": schema}
    if said:
        parameter["description"] = " ".join(said)
    return parameter


def _patterns(field: Field | None, count: int) -> list[str]:
    """What each segment must match, as far as the pattern of the whole name tells; empty where it does not."""
    unknown = [""] * count
    if field is None:
        return unknown
    pattern = rules.rules_of(field.proto).string.pattern
    if not (pattern.startswith("^") and pattern.endswith("$")):
        return unknown
    pieces = pattern[1:-1].split("/")
    return pieces if len(pieces) == count else unknown


def _singular(collection: str) -> str:
    return f"{collection[:-3]}y" if collection.endswith("ies") else collection.removesuffix("s")
