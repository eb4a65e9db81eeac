"""The group `portico objects`, to which its modules add their commands."""

from __future__ import annotations

import click

_SECTIONS = {
    "Files and objects": ("ls", "cp", "mv", "sync", "rm", "cat", "presign"),
    "What there is": ("stat", "du", "versions", "uploads", "usage", "scrub"),
    "Tags and locks": ("tag", "lock", "hold"),
}
_ALL_ELSE = "Buckets"
_LONGEST_SENTENCE = 200


class _Commands(click.Group):
    """Lists its commands by what they are about."""

    def list_commands(self, context: click.Context) -> list[str]:
        first = [name for names in _SECTIONS.values() for name in names if name in self.commands]
        return first + sorted(set(self.commands) - set(first))

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        placed = {name for names in _SECTIONS.values() for name in names}
        rest = tuple(name for name in self.list_commands(context) if name not in placed)
        for title, names in {**_SECTIONS, _ALL_ELSE: rest}.items():
            found = [(name, self.commands[name]) for name in names if name in self.commands]
            with formatter.section(title):
                told = [(name, command.get_short_help_str(_LONGEST_SENTENCE)) for name, command in found]
                formatter.write_dl(told, col_max=14)


@click.group(cls=_Commands)
def objects() -> None:
    """Buckets and objects. Places are portico://BUCKET/KEY; s3://BUCKET/KEY is the same.

    \b
    Examples:
      portico objects mb portico://photos
      portico objects cp cat.jpg portico://photos/2026/
      portico objects ls portico://photos/2026/
      portico objects sync ./site portico://web/site --delete
      portico objects cat portico://photos/2026/cat.jpg > copy.jpg
    """
