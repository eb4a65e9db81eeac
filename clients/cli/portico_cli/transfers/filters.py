"""`--include` and `--exclude`: which of all that stands below a folder or prefix is meant.

As other storage command lines have it: patterns of a shell against the path below the folder, `*` for slashes too; all
is meant at first, and of the patterns that match the last one on the line decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import Any

import click

_SIGNS = {"--include": "+", "--exclude": "-"}


@dataclass(frozen=True, slots=True)
class Filters:
    """Patterns in the order of the line, each with whether it includes."""

    patterns: Sequence[tuple[bool, re.Pattern[str]]] = ()

    @classmethod
    def of(cls, signed: Sequence[str]) -> Filters:
        """From patterns that begin with `+` or `-`."""
        return cls([(item[0] == "+", re.compile(translate(item[1:]))) for item in signed])

    def mean(self, relative: str) -> bool:
        """Whether a path below the folder is meant."""
        for includes, pattern in reversed(self.patterns):
            if pattern.match(relative):
                return includes
        return True


class FilteredCommand(click.Command):
    """A command with `filter_options`. Click keeps the values of each option apart, and with them not the order."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(context, _in_order(args))


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a FilteredCommand `--include` and `--exclude`, as its parameter `filters`."""

    def gathered(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> Filters:
        found = context.meta.setdefault(__name__, [])
        found += [(int(number), signed) for number, _, signed in (item.partition(" ") for item in given)]
        return Filters.of([signed for _, signed in sorted(found)])

    def kept(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> None:
        gathered(context, parameter, given)

    options = (
        click.option(
            "--exclude",
            multiple=True,
            is_eager=True,
            expose_value=False,
            callback=kept,
            metavar="PATTERN",
            help="Leave out what matches: *, ?, [abc]; repeatable.",
        ),
        click.option(
            "--include",
            "filters",
            multiple=True,
            callback=gathered,
            metavar="PATTERN",
            help="Take again what matches; of all patterns the last that matches decides.",
        ),
    )
    for option in options:
        command = option(command)
    return command


def _in_order(args: list[str]) -> list[str]:
    """The line with each pattern behind its place on it and its sign: `--exclude *` becomes `--exclude "3 -*"`."""
    done: list[str] = []
    for number, word in enumerate(args):
        if word == "--":
            return done + args[number:]
        name, equals, pattern = word.partition("=")
        if number and args[number - 1] in _SIGNS and done[-1] == args[number - 1]:
            done.append(f"{number} {_SIGNS[args[number - 1]]}{word}")
        elif name in _SIGNS and equals:
            done.append(f"{name}={number} {_SIGNS[name]}{pattern}")
        else:
            done.append(word)
    return done
