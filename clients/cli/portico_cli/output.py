"""Answers on the terminal: aligned columns for people, JSON (as REST has it) for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

Column = tuple[str, Callable[[Any], str]]
"""A title, and the cell of an item. A title that begins with `>` is set flush right."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def show_json(value: Any) -> None:
    """One JSON document; protobuf messages in it as REST answers them."""
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def show_items(items: Iterable[Any], columns: Sequence[Column], *, as_json: bool, nothing: str = "") -> None:
    """A list: a table, or a JSON array. `nothing` is told on stderr where there is none."""
    found = list(items)
    if as_json:
        show_json(found)
    elif found:
        table([title for title, _ in columns], [[cell(item) for _, cell in columns] for item in found])
    elif nothing:
        click.echo(nothing, err=True)


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell; the last one is not filled up."""
    right = [title.startswith(">") for title in titles]
    shown = [[title.removeprefix(">") for title in titles], *rows]
    widths = [max(len(row[index]) for row in shown) for index in range(len(titles))]
    for row in shown:
        cells = [
            cell.rjust(width) if flush else cell.ljust(width)
            for cell, width, flush in zip(row, widths, right, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())


def show_fields(fields: Mapping[str, str]) -> None:
    """One thing, a line a field; empty ones are left out."""
    width = max(map(len, fields), default=0)
    for name, value in fields.items():
        if value:
            click.echo(f"{name.ljust(width)}  {value}")


def size(count: int) -> str:
    """Bytes for people: `1.4 MiB`."""
    amount = float(count)
    for unit in _UNITS:
        if amount < 1024 or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    raise AssertionError


def moment(timestamp: Any) -> str:
    """A Timestamp in local time; empty if it is not set."""
    if not timestamp.ByteSize():
        return ""
    from datetime import UTC

    return str(timestamp.ToDatetime(tzinfo=UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S"))


def milliseconds(nanos: int) -> str:
    """A duration: `1.4 ms`."""
    return f"{nanos / 1e6:,.1f} ms"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "DESCRIPTOR"):
        from google.protobuf.json_format import MessageToDict

        return MessageToDict(value)
    return value
