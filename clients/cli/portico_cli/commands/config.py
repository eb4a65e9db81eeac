"""`portico config`: the settings in force."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.settings import (
    documentation,
    settings_in_force,
    settings_of_platform,
    settings_options,
    sources,
    started_origins,
    tell_ignored_variables,
    waiting,
)

if TYPE_CHECKING:
    from portico_server.platform.settings import Settings


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

    Of a platform that runs these are the ones with which it was started. What options, variables and portico.toml say
    otherwise since is shown beside them: it waits for `portico down` and `portico up`.

    \b
    Examples:
      portico config
      PORTICO_LISTEN=0.0.0.0:8443 portico config --output json
    """
    wanted = settings_in_force(flags)
    tell_ignored_variables()
    settings = settings_of_platform(flags)
    origin, then = _found(settings, wanted, flags)
    values = json.loads(settings.to_json())
    if kind == "json":
        output.show_json(values)
    else:
        rows = [[name, _text(value), origin[name], then.get(name, "")] for name, value in values.items()]
        titles = ["setting", "value", "from", "after down and up"]
        output.table(titles if then else titles[:3], rows if then else [row[:3] for row in rows])
        click.echo("\n`portico config --help` says what each means.")
    if then:
        click.echo(f"portico: for `portico down` and `portico up` wait: {', '.join(then)}", err=True)


def _found(settings: Settings, wanted: Settings, flags: Mapping[str, Any]) -> tuple[Mapping[str, str], dict[str, str]]:
    """Where each setting in force comes from; and what waits, as the next start would take it."""
    now = sources(wanted, flags, os.environ)
    started = started_origins(settings)
    if started is None:
        return now, {}
    then = {name: _text(_plain(waits.wanted)) for name, waits in waiting(settings).items()}
    asked = json.loads(wanted.to_json())
    for name, value in json.loads(settings.to_json()).items():
        said_here = now[name] == "option" or now[name].startswith("PORTICO_")
        if said_here and name != "data" and asked[name] != value and not _is_any_port(asked[name]):
            then[name] = _text(asked[name])
    return started.of, then


def _is_any_port(value: Any) -> bool:
    """Whether the system is to choose, and has."""
    return isinstance(value, str) and value.endswith(":0")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
