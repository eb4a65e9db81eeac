"""`portico config`: the settings in force."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from portico_cli import output
from portico_cli.settings import documentation, settings_in_force, settings_options, sources, tell_ignored_variables


class _Documented(click.Command):
    """Lists every setting below the options."""

    def format_epilog(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(
            "Settings (portico.toml: NAME = VALUE; variables: PORTICO_NAME; options: --set NAME=VALUE)"
        ):
            formatter.write_dl(list(documentation().items()))
        super().format_epilog(context, formatter)


@click.command(cls=_Documented)
@settings_options(starting=True)
@click.option("--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer.")
def config(kind: str, **flags: Any) -> None:
    """Show the settings in force and where each comes from. Strongest first: options, PORTICO_* variables, portico.toml
    in the data directory (or --config), defaults.

    \b
    Examples:
      portico config
      PORTICO_LISTEN=0.0.0.0:8443 portico config --output json
    """
    settings = settings_in_force(flags)
    tell_ignored_variables()
    values = json.loads(settings.to_json())
    if kind == "json":
        output.show_json(values)
        return
    origin = sources(settings, flags, os.environ)
    rows = [[name, _text(value), origin[name]] for name, value in values.items()]
    output.table(["setting", "value", "from"], rows)
    click.echo("\n`portico config --help` says what each means.")


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
