"""Groups of commands, listed with the whole sentence that each begins with."""

from __future__ import annotations

import click

_LONGEST_SENTENCE = 200
_WIDEST_NAME = 16


def sentences(group: click.Group, names: list[str]) -> list[tuple[str, str]]:
    """Those of these commands that are to be shown, each with what it says of itself."""
    found = [(name, group.commands[name]) for name in names if name in group.commands]
    return [(name, command.get_short_help_str(_LONGEST_SENTENCE)) for name, command in found if not command.hidden]


class Group(click.Group):
    """As click's, which cuts the sentences at 45 characters."""

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sentences(self, self.list_commands(context)), col_max=_WIDEST_NAME)
