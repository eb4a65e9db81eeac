"""Answers on the terminal: aligned columns for people, JSON for programs.

JSON has the names that REST has: those of messages as protobuf maps them, and our own in the same camelCase. Names that
are data (settings, variables, metadata) stay as they are. Keys and messages are other people's text: on a terminal
nothing in them may move the cursor, change colours or begin a line.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

import click

Column = tuple[str, Callable[[Any], str]]
"""A title, and the cell of an item. A title that begins with `>` is set flush right."""

_BETWEEN = "  "
_LEAST_WIDTH = 12
"""To which a column is cut where the terminal is narrow."""
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "'": "\\'"}
_OF_QUOTES = "\\'"
_NO_UTF8 = re.compile("[\ud800-\udfff]")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def show_json(value: Any) -> None:
    """One JSON document; protobuf messages in it as REST answers them, dataclasses with their fields in camelCase."""
    click.echo(json_text(value, indent=2))


def json_text(value: Any, *, indent: int | None = None) -> str:
    """A value as JSON. Bytes of file names that are no UTF-8, which JSON cannot say, are replaced by U+FFFD."""
    return _NO_UTF8.sub("\ufffd", json.dumps(plain(value), indent=indent, ensure_ascii=False))


class JsonArray:
    """A JSON array that is written item by item, so that none is kept; `before` and `behind` stand around it."""

    def __init__(self, before: str = "", behind: str = "") -> None:
        self._before = before
        self._behind = behind
        self._begun = False

    def add(self, *values: Any) -> None:
        """Writes items as `show_json` has them, a line each."""
        lines = [json_text(value) for value in values]
        if lines:
            begin = ",\n  " if self._begun else self._before + "[\n  "
            self._begun = True
            click.echo(begin + ",\n  ".join(lines), nl=False)

    def end(self, *, newline: bool = True) -> None:
        click.echo(("\n]" if self._begun else self._before + "[]") + self._behind, nl=newline)


def show_items(items: Iterable[Any], columns: Sequence[Column], *, as_json: bool, nothing: str = "") -> None:
    """A list: a table, or a JSON array. `nothing` is told on stderr where there is none."""
    found = list(items)
    if as_json:
        show_json(found)
    elif found:
        table([title for title, _ in columns], [[cell(item) for _, cell in columns] for item in found])
    elif nothing:
        click.echo(nothing, err=True)


def quoted(text: str) -> str:
    """Text as it is if all of it can be seen; else as shells take it: `$'a\\x1b[31m'`."""
    return text if text.isprintable() else f"$'{_escaped(text, _OF_QUOTES)}'"


def escaped(text: str) -> str:
    """Text within a sentence: what cannot be seen is escaped."""
    return text if text.isprintable() else _escaped(text)


def _escaped(text: str, also: str = "") -> str:
    return "".join(
        character if character.isprintable() and character not in also else _escape(character) for character in text
    )


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, err: bool = False) -> None:
    """Columns as wide as their widest cell; the last one is not filled up. On a terminal the widest are cut to its
    width: what is cut ends in `…`, and is whole in JSON and where the output is no terminal. `err`: on standard
    error."""
    right = [title.startswith(">") for title in titles]
    shown = [[title.removeprefix(">") for title in titles], *([quoted(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in shown) for index in range(len(titles))]
    stream = sys.stderr if err else sys.stdout
    if stream is not None and stream.isatty():
        widths = fitted(widths, shutil.get_terminal_size().columns)
    for row in shown:
        cells = [
            _cut(cell, width).rjust(width) if flush else _cut(cell, width).ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ]
        click.echo(_BETWEEN.join(cells).rstrip(), err=err)


def fitted(widths: Sequence[int], columns: int) -> list[int]:
    """The widths so that a row has so many columns, as far as the widest can be cut: none to less than a few."""
    left = list(widths)
    while left and sum(left) + len(_BETWEEN) * (len(left) - 1) > columns and max(left) > _LEAST_WIDTH:
        left[left.index(max(left))] -= 1
    return left


def _cut(cell: str, width: int) -> str:
    return cell if len(cell) <= width else f"{cell[: width - 1]}…"


def show_fields(shown: Mapping[str, str]) -> None:
    """One thing, a line a field; empty ones are left out."""
    filled = {name: value for name, value in shown.items() if value}
    width = max(map(len, filled), default=0)
    for name, value in filled.items():
        click.echo(f"{escaped(name).ljust(width)}  {quoted(value)}")


def size(count: int) -> str:
    """Bytes for people: `1.4 MiB`."""
    amount = float(count)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    raise AssertionError


@lru_cache(maxsize=64)
def moment_of(seconds: float) -> str:
    """Seconds since 1970 in local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def moment(timestamp: Any) -> str:
    """A Timestamp in local time; empty if it is not set."""
    return moment_of(timestamp.seconds) if timestamp.seconds or timestamp.nanos else ""


def milliseconds(nanos: int) -> str:
    """A duration: `1.4 ms`."""
    return f"{nanos / 1e6:,.1f} ms"


def plain(value: Any) -> Any:
    """What `show_json` makes of a value: mappings, lists, text and numbers."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if is_dataclass(value):
        return {_camel(field.name): plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "DESCRIPTOR"):
        from google.protobuf.json_format import MessageToDict

        return MessageToDict(value)
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.title() for word in others)
