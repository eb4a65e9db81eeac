"""`portico state move`."""

from __future__ import annotations

import os
from typing import Any

import click

from portico_cli import output
from portico_cli.groups import Group
from portico_cli.progress import bars
from portico_cli.settings import config_file, database_url, settings_in_force, settings_options


@click.group(cls=Group)
def state() -> None:
    """Where the platform's databases are: in files (SQLite), or in PostgreSQL.

    \b
    Examples:
      portico state move --to postgresql://portico@db.example.com/portico
      portico state move --to sqlite
    """


@state.command()
@settings_options()
@click.option("--to", required=True, metavar="URL", help="`sqlite`, or postgresql://USER@HOST/DATABASE; `-`: read it.")
@click.option("--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer.")
def move(to: str, kind: str, **flags: Any) -> None:
    """Move all databases of a platform that does not run to the other engine, compared row by row.

    A password does not belong on a command line: give it by PGPASSFILE or ~/.pgpass, or the URL by standard input.

    \b
    Examples:
      portico down
      portico state move --to postgresql://portico@db.example.com/portico
      portico up
    """
    from portico_server import maintenance

    settings, config = settings_in_force(flags), config_file(flags)
    with bars() as told:
        moved = maintenance.move_state(settings, database_url(to), config=config, progress=told)
    if kind == "json":
        output.show_json(moved)
        return
    rows = [[product, table, str(count)] for product, found in moved.rows.items() for table, count in found.items()]
    output.table(["product", "table", ">rows"], rows)
    done = "it was there already; nothing was left to move" if len(moved.already) == len(moved.rows) else "moved"
    click.echo(f"{done}, every row compared; {config or settings.data / 'portico.toml'} names the database now")
    if "PORTICO_DATABASE" in os.environ:
        click.echo("portico: PORTICO_DATABASE is stronger than that file: change it before `portico up`", err=True)
