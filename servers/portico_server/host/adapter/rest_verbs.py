"""Which HTTP methods a REST path has, for those who ask with another: nothing but refusals needs it, so that the first
one makes it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping

from google.api import annotations_pb2
from google.protobuf import descriptor_pool

from portico_server.host.envoy.path_template import to_regex
from portico_server.platform.methods import Method


class RestVerbs:
    """Of the methods whose contracts name REST paths."""

    def __init__(self, methods: Mapping[str, Method]) -> None:
        self._methods = methods

    def at(self, path: str) -> list[str]:
        """As the header Allow has them; none where no method has the path."""
        return sorted({verb for verb, pattern in self._patterns if pattern.fullmatch(path)})

    @functools.cached_property
    def _patterns(self) -> list[tuple[str, re.Pattern[str]]]:
        bindings = {binding for path in self._methods for binding in _bindings(path)}
        return [(verb, re.compile(to_regex(template), re.DOTALL)) for verb, template in sorted(bindings)]


def _bindings(path: str) -> Iterator[tuple[str, str]]:
    """The (verb, path template) pairs of a method."""
    try:
        method = descriptor_pool.Default().FindMethodByName(path[1:].replace("/", "."))
    except KeyError:  # a test's own, without a contract
        return
    rule = method.GetOptions().Extensions[annotations_pb2.http]
    for binding in (rule, *rule.additional_bindings):
        kind = binding.WhichOneof("pattern")
        if kind == "custom":
            yield binding.custom.kind, binding.custom.path
        elif kind is not None:
            yield kind.upper(), getattr(binding, kind)
