"""What a caller may see, as a condition of a query: for the lists of products whose table has a column of names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portico_server.platform.authorization import Filter

_AFTER_SLASH = chr(ord("/") + 1)
"""Text is compared by code point, so what begins with `a/` stands from `a/` up to, and without, `a0`."""


def visible(allowed: Filter, column: str, first_parameter: int) -> tuple[str, list[str]]:
    """An SQL condition on the column, which holds resource names, and the values of its parameters `$first_parameter`
    and on: `(name >= $4 AND name < $5) AND NOT (name = $6 …)`."""
    values: list[str] = []

    def parameter(value: str) -> str:
        values.append(value)
        return f"${first_parameter + len(values) - 1}"

    def below(entry: str) -> str:
        itself = "" if entry.endswith("/") else f"{column} = {parameter(entry)} OR "
        first, end = entry.removesuffix("/") + "/", entry.removesuffix("/") + _AFTER_SLASH
        return f"({itself}{column} >= {parameter(first)} AND {column} < {parameter(end)})"

    def without(condition: str, entries: Iterable[str]) -> str:
        return _joined(" AND ", [condition, *(f"NOT {below(entry)}" for entry in entries)])

    shown = ["1 = 1"] if allowed.everything else [below(entry) for entry in allowed.allow]
    shown += [without(below(part.entry), part.without) for part in allowed.parts]
    return without(_joined(" OR ", shown or ["1 = 0"]), allowed.deny), values


def _joined(operator: str, conditions: Sequence[str]) -> str:
    """In brackets, by halves: a row of more than 1,000 is a tree too deep for SQLite."""
    if len(conditions) == 1:
        return conditions[0]
    middle = len(conditions) // 2
    return f"({_joined(operator, conditions[:middle])}{operator}{_joined(operator, conditions[middle:])})"
