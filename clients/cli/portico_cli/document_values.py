"""Values of documents that people write: what is wrong with one, and where in the document it stands."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from portico_cli.output import quoted

Place = tuple[str | int, ...]
"""Names and, in lists, numbers, from the outermost in."""

_MOST_VALUES = 100_000
_DEEPEST = 50
_LONGEST_SHOWN = 60


class Fault(Exception):
    """What is wrong, and where."""

    def __init__(self, told: str, place: Place = ()) -> None:
        super().__init__(told)
        self.told = told
        self.place = place


@contextlib.contextmanager
def within(*place: str | int) -> Iterator[None]:
    """Faults inside are there."""
    try:
        yield
    except Fault as fault:
        raise Fault(fault.told, (*place, *fault.place)) from None


def whole(value: Any, least: int, most: int) -> int:
    """A whole number, as JSON has it or as text. Raises Fault."""
    in_digits = isinstance(value, str) and re.fullmatch("-?[0-9]{1,19}", value)
    number = int(value) if in_digits or (isinstance(value, float) and value.is_integer()) else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise Fault(f"{_shown(value)} is no whole number")
    if not least <= number <= most:
        raise Fault(f"must be {least:,} or more, not {number}" if number < least else f"must be at most {most:,}")
    return number


def text(value: Any) -> str:
    """Raises Fault."""
    if not isinstance(value, str):
        raise Fault(f"text is needed, not {_shown(value)}: put it into quotes")
    return value


def truth(value: Any) -> bool:
    """Raises Fault."""
    if not isinstance(value, bool):
        raise Fault(f"true or false is needed, not {_shown(value)}")
    return value


def items(value: Any) -> list[Any]:
    """Raises Fault."""
    if not isinstance(value, list):
        raise Fault(f"a list is needed, not {_shown(value)}")
    return value


def names(value: Any, known: str) -> Mapping[str, Any]:
    """What has names and values; `known`: those it may have. Raises Fault."""
    if not isinstance(value, Mapping):
        raise Fault(f"an object with names and values is needed, not {_shown(value)}: {known}")
    return value


def moment(value: Any) -> str:
    """A time, as JSON has it. Raises Fault."""
    from google.protobuf.timestamp_pb2 import Timestamp

    try:
        Timestamp().FromJsonString(text(value))
    except (ValueError, Fault):
        raise Fault(f"{_shown(value)} is no time: write it as 2030-01-31T00:00:00Z") from None
    return str(value)


class Plain:
    """Makes of what YAML reads what JSON has: YAML knows dates, and aliases."""

    def __init__(self) -> None:
        self._values = 0
        self._around: list[int] = []

    def of(self, value: Any) -> Any:
        """Raises Fault."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise Fault("is too large: more than 100,000 values, with what its aliases stand for")
        if isinstance(value, datetime.datetime):
            return value.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(value, datetime.date):
            return value.isoformat()
        if not isinstance(value, (Mapping, list)):
            return value
        if id(value) in self._around:
            raise Fault("is an alias of what it stands in, so that it has no end: write out what is meant")
        if len(self._around) >= _DEEPEST:
            raise Fault("is nested too deeply")
        self._around.append(id(value))
        made = self._mapping(value) if isinstance(value, Mapping) else self._list(value)
        self._around.pop()
        return made

    def _mapping(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        made = {}
        for key, item in value.items():
            with within(str(key)):
                made[str(key)] = self.of(item)
        return made

    def _list(self, value: list[Any]) -> list[Any]:
        made = []
        for number, item in enumerate(value):
            with within(number):
                made.append(self.of(item))
        return made


def line_of(document: str, place: Place) -> int:
    """In which line of a YAML or JSON document that stands, or what is around it; 0: nobody knows."""
    try:
        node = yaml.compose(document, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return 0
    line = node.start_mark.line + 1 if node is not None else 0
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = max(line, node.start_mark.line + 1)
            continue
        found = [pair for pair in node.value if pair[0].value == step] if isinstance(node, yaml.MappingNode) else []
        if not found:
            break
        name, node = found[-1]
        line = name.start_mark.line + 1
    return line


def written(place: Place) -> str:
    """A place for people: `Rules[0].Expiration.Days`."""
    told = ""
    for step in place:
        told += f"[{step}]" if isinstance(step, int) else f".{step}" if told else step
    return told


def _shown(value: Any) -> str:
    shown = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return quoted(shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…")
