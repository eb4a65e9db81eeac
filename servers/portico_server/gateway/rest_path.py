"""Step: holds a REST call to what its path says, so that no reading of a path between here and the client, however
well meant, makes it one about another resource.

The transcoder takes the last of several values for a field, so that `?name=…` would replace the name in the path; it
drops a slash at the path's end, which may belong to an object's key; and it ignores a query without a value, which may
be a key whose `?` was not encoded. So the path is made again from the request, and must be the one that was sent.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any
from urllib.parse import unquote_to_bytes

import grpc
from google.api import annotations_pb2, http_pb2
from google.protobuf import descriptor_pool

from portico_server.platform.call import Call, Handler, Step
from portico_server.platform.errors import ApiError
from portico_server.platform.methods import Method

ORIGINAL_PATH = b"x-envoy-original-path"
"""Where the transcoder keeps the path, with its query; only REST calls have it."""

Render = Callable[[Any], str]
"""Makes the path of a request."""

_VARIABLE = re.compile(r"\{([^={}]+)(?:=[^{}]*)?\}")


def rest_path(methods: Mapping[str, Method]) -> Step:
    """Belongs behind the step that authorizes: what a stranger's request is refused for tells nothing of the rules."""
    renders = {path: _renders(method) for path, method in methods.items()}

    async def check(call: Call, proceed: Handler) -> None:
        message = await call.first_message()
        _check(call.headers[ORIGINAL_PATH], renders[call.method.path], message)
        await proceed(call)

    def step(call: Call, proceed: Handler) -> Awaitable[None]:
        return check(call, proceed) if ORIGINAL_PATH in call.headers else proceed(call)

    return step


def _check(original: bytes, renders: Sequence[Render], message: Any) -> None:
    path, mark, query = original.partition(b"?")
    if mark and any(b"=" not in part for part in query.split(b"&")):
        raise _refused("the query must be made of name=value; a question mark that belongs to a name is %3F")
    named = unquote_to_bytes(path)
    if all(render(message).encode() != named for render in renders):
        raise _refused(
            "the request is not about what its path names: a slash at the end of a name is %2F, and what the path says"
            " must not be said again in the query"
        )


def _renders(method: Method) -> list[Render]:
    """One for each REST path of the method."""
    try:
        described = descriptor_pool.Default().FindMethodByName(f"{method.service}.{method.name}")
    except KeyError:  # reflection, whose second version is loaded when it is served
        return []
    rule = described.GetOptions().Extensions[annotations_pb2.http]
    return [_render(_template(each)) for each in (rule, *rule.additional_bindings) if each.WhichOneof("pattern")]


def _template(rule: http_pb2.HttpRule) -> str:
    kind = rule.WhichOneof("pattern")
    return str(rule.custom.path if kind == "custom" else getattr(rule, kind or ""))


def _render(template: str) -> Render:
    """For `/v1/{name=accounts/*}/buckets`: what stands between the variables, and what reads those, in turn."""
    pieces = _VARIABLE.split(template)
    literals, variables = pieces[::2], [attrgetter(field) for field in pieces[1::2]]

    def render(message: Any) -> str:
        path = literals[0]
        for read, literal in zip(variables, literals[1:], strict=True):
            path += read(message) + literal
        return path

    return render


def _refused(message: str) -> ApiError:
    return ApiError(grpc.StatusCode.INVALID_ARGUMENT, "PATH_MISMATCH", message)
