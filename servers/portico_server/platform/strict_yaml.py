"""YAML of people's files, read as text with line numbers: mappings, sequences and scalars, and nothing else.

No scalar is guessed to be a date, a number or `no`: whoever takes it knows what it must be. Anchors, aliases and tags
are refused, so a small file is a small tree; doubled keys are refused, because one of them would be lost in silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

MOST_LEVELS = 10

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, twenty times as fast
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_NOTHING = ("", "~", "null")


class YamlError(ValueError):
    """What is wrong, and in which line, counted from 1; 0 where none can be told."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Node:
    """`value`: a text, None for nothing, a list, or a mapping. `line` is where it begins."""

    value: str | list[Node] | dict[str, Node] | None
    line: int


def read(text: str) -> Node:
    """The one document in a text. Takes a second for some megabytes: not for the event loop. Raises YamlError."""
    try:
        return _Reader(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
        raise YamlError(f"no YAML: {problem}", mark.line + 1 if mark is not None else 0) from None


def write(value: Any) -> str:
    """Mappings, lists and texts as YAML that reads as the same again, in their order."""
    written: str = yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=True, width=120)
    return written


class _Reader:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events

    def document(self) -> Node:
        found: list[Node] = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found:
                    raise YamlError("a second document begins: there may be one alone", _line(event))
                found.append(self._node(next(self._events), 0))
        return found[0] if found else Node(None, 1)

    def _node(self, event: Any, level: int) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise YamlError("anchors and aliases are not taken: write out what is meant", line)
        if event.tag is not None:
            raise YamlError(f"tags are not taken: leave out {event.tag[:80]}", line)
        if level > MOST_LEVELS:
            raise YamlError(f"more than {MOST_LEVELS} levels", line)
        if isinstance(event, yaml.ScalarEvent):
            plain = not event.style  # neither quoted nor a block
            return Node(None if plain and event.value in _NOTHING else event.value, line)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self._node(event, level + 1))
            return Node(items, line)
        return Node(self._entries(level), line)

    def _entries(self, level: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, level + 1)
            if not isinstance(key.value, str):
                raise YamlError("a key must be a text", key.line)
            if key.value in entries:
                raise YamlError(f"{key.value[:80]} stands in line {lines[key.value]} already", key.line)
            lines[key.value] = key.line
            entries[key.value] = self._node(next(self._events), level + 1)
        return entries


def _line(event: Any) -> int:
    line: int = event.start_mark.line + 1
    return line
