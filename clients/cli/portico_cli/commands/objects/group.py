"""The group `portico objects`, to which its modules add their commands."""

from __future__ import annotations

import click

from portico_cli.groups import Group, sentences

_SECTIONS = {
    "Files and objects": ("ls", "cp", "mv", "sync", "rm", "cat", "presign"),
    "What there is": ("stat", "du", "versions", "uploads", "usage", "scrub"),
    "Tags and locks": ("tag", "lock", "hold"),
}
_ELSEWHERE = {
    **dict.fromkeys(("delete", "del", "remove"), "rm"),
    **dict.fromkeys(("copy", "put", "upload", "download"), "cp"),
    **dict.fromkeys(("head", "info"), "stat"),
    "get": "cp` or `portico objects cat",
    "pipe": "cp -",
    "move": "mv",
    "mkdir": "mb",
    "rmdir": "rb",
    "size": "du",
}
"""What well-known tools call what has another name here."""
_ALL_ELSE = "Buckets"


class _Commands(Group):
    """Lists its commands by what they are about."""

    group_class = Group

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] in _ELSEWHERE:
            raise click.UsageError(f"there is no {args[0]} here: `portico objects {_ELSEWHERE[args[0]]}`", context)
        return super().resolve_command(context, args)

    def list_commands(self, context: click.Context) -> list[str]:
        first = [name for names in _SECTIONS.values() for name in names if name in self.commands]
        return first + sorted(set(self.commands) - set(first))

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        placed = {name for names in _SECTIONS.values() for name in names}
        rest = tuple(name for name in self.list_commands(context) if name not in placed)
        for title, names in {**_SECTIONS, _ALL_ELSE: rest}.items():
            with formatter.section(title):
                formatter.write_dl(sentences(self, list(names)), col_max=14)


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
