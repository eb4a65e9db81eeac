"""`portico backup`, `portico backup verify` and `portico restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from portico_cli import output
from portico_cli.failures import ERROR
from portico_cli.groups import Group
from portico_cli.progress import bars
from portico_cli.settings import (
    config_file,
    database_url,
    settings_in_force,
    settings_of_platform,
    settings_of_running,
    settings_options,
)

_folder = click.Path(file_okay=False, path_type=Path)
_MOST_PASSPHRASE_BYTES = 4096

_output_option = click.option(
    "--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer."
)
_passphrase_option = click.option(
    "--passphrase-file",
    type=click.File("rb"),
    metavar="FILE",
    help="The passphrase is this file's first line; `-` reads standard input.",
)


class _MakesOne(Group):
    """`portico backup DESTINATION` is `portico backup create DESTINATION`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["create", *args]
        return super().parse_args(context, args)


@click.group(cls=_MakesOne, subcommand_metavar="DESTINATION | verify BACKUP")
def backup() -> None:
    """Back up a whole platform, running or not: databases, objects' bytes, keys, policy, settings.

    \b
    Examples:
      portico backup /mnt/backup/monday
      portico backup /mnt/backup/tuesday --since /mnt/backup/monday
      portico backup /mnt/backup/secret --passphrase-file /etc/portico/passphrase
      portico backup verify /mnt/backup/tuesday
      portico restore /mnt/backup/tuesday --data ./data
    """


@backup.command()
@click.argument("destination", type=_folder)
@settings_options()
@click.option("--since", type=_folder, metavar="BACKUP", help="Link what this earlier backup has, instead of copying.")
@_passphrase_option
@_output_option
def create(destination: Path, since: Path | None, passphrase_file: Any, kind: str, **flags: Any) -> int:
    """Write a backup as the new folder DESTINATION. It holds the platform's keys: keep it like them.

    \b
    Examples:
      portico backup /mnt/backup/monday
      portico backup /mnt/backup/tuesday --since /mnt/backup/monday
    """
    from portico_server import maintenance

    settings, config = _settings(flags)
    with bars() as told:
        made = maintenance.backup(
            settings,
            destination,
            passphrase=_passphrase(passphrase_file),
            earlier=since,
            config=config,
            progress=told,
        )
    if kind == "json":
        output.show_json(made)
    else:
        reused = f", {output.size(made.reused_bytes)} of it linked" if made.reused_bytes else ""
        click.echo(f"backed up {settings.data} as of {made.created_at}: {made.members} files, "
                   f"{output.size(made.bytes)}{reused}, in {made.path}")  # fmt: skip
    for store, count in made.elsewhere.items():
        click.echo(
            f"portico: {count} blobs are in the store {store}, and not in this backup: see to copies of that store too",
            err=True,
        )
    if made.missing:
        click.echo(
            f"portico: {len(made.missing)} blobs were lost before this backup, which has all the rest; "
            f"{Path(made.path) / 'manifest.json'} names them",
            err=True,
        )
    return ERROR if made.missing else 0


@backup.command()
@click.argument("backup", type=_folder)
@settings_options()
@_passphrase_option
@_output_option
def verify(backup: Path, passphrase_file: Any, kind: str, **flags: Any) -> None:
    """Read a whole BACKUP and compare it with its check sums; exit code 1 if anything is damaged or missing.

    Databases of an encrypted one are looked at on the data directory's disk, where there is one, or else where
    temporary files are.

    \b
    Examples:
      portico backup verify /mnt/backup/monday
    """
    from portico_server import maintenance

    scratch = settings_of_running(flags).data
    with bars() as told:
        found = maintenance.verify(backup, passphrase=_passphrase(passphrase_file), scratch=scratch, progress=told)
    if kind == "json":
        output.show_json(found)
        return
    click.echo(f"{found.path} is whole: {found.members} files, {output.size(found.bytes)}, as of {found.created_at}, "
               f"by Portico {found.portico}")  # fmt: skip


@click.command()
@click.argument("backup", type=_folder)
@settings_options()
@click.option(
    "--database", metavar="URL", help="`sqlite`, or postgresql://USER@HOST/DATABASE, an empty one; `-`: read it."
)
@_passphrase_option
@_output_option
def restore(backup: Path, database: str | None, passphrase_file: Any, kind: str, **flags: Any) -> None:
    """Restore a BACKUP into an empty data directory, as on a new machine. Everything is verified first.

    \b
    Examples:
      portico restore /mnt/backup/monday --data ./data
      portico restore /mnt/backup/monday --data ./data --database postgresql://portico@db.example.com/portico
    """
    from portico_server import maintenance

    settings = settings_in_force(flags)
    target = database_url(database) if database else None
    with bars() as told:
        done = maintenance.restore(
            settings, backup, database=target, passphrase=_passphrase(passphrase_file), progress=told
        )
    if kind == "json":
        output.show_json(done)
        return
    click.echo(f"restored {done.members} files, {output.size(done.bytes)}, as of {done.created_at}, into {done.data}")
    if done.settings:
        click.echo("it ran with these settings, which its portico.toml does not give:")
        output.show_fields({name: _text(value) for name, value in done.settings.items()})


def _settings(flags: dict[str, Any]) -> tuple[Any, Path | None]:
    """The settings in force, and the portico.toml that is not in the data directory."""
    return settings_of_platform(flags), config_file(flags)


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def _passphrase(file: Any) -> bytes | None:
    if file is None:
        return None
    line: bytes = file.readline(_MOST_PASSPHRASE_BYTES).rstrip(b"\r\n")
    if not line:
        raise click.UsageError(f"the first line of {file.name} is empty: put the passphrase there")
    return line
