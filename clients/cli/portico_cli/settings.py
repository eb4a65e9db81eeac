"""Settings of a platform as the command line gives them: options over variables over portico.toml over defaults."""

from __future__ import annotations

import ast
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from portico_server.host.supervisor import Origins, Waits
    from portico_server.platform.settings import Settings


def _pairs(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = [item.partition("=") for item in given]
    for name, equals, _ in pairs:
        if not equals:
            raise click.BadParameter(f"{name!r} is not NAME=VALUE; `portico config --help` lists the names")
    return {name.strip().replace("-", "_"): value for name, _, value in pairs}


def _names(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """What a shell may complete `--set` with."""
    from portico_server.platform.settings import setting_names

    return [f"{name}=" for name in setting_names() if name.startswith(begun.replace("-", "_"))]


def settings_options(*, starting: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Options that say which platform; with `starting` also how it is to run."""
    options = [
        click.option("--data", metavar="DIR", help="Data directory.  [PORTICO_DATA]"),
        click.option("--config", type=click.Path(dir_okay=False), metavar="FILE", help="portico.toml to read."),
    ]
    if starting:
        options += [
            click.option("--listen", metavar="HOST:PORT", help="Where the API door listens.  [PORTICO_LISTEN]"),
            click.option("--web-listen", metavar="HOST:PORT", help="Where the web door listens.  [PORTICO_WEB_LISTEN]"),
            click.option("--s3-listen", metavar="HOST:PORT", help="Where the S3 door listens.  [PORTICO_S3_LISTEN]"),
            click.option("--only", metavar="PRODUCTS", help="Run only these products, separated by commas."),
            click.option(
                "--set",
                "others",
                multiple=True,
                callback=_pairs,
                shell_complete=_names,
                metavar="NAME=VALUE",
                help="Any other setting.",
            ),
        ]

    def give(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return give


def settings_in_force(flags: Mapping[str, Any]) -> Settings:
    """The settings that options, variables, portico.toml and defaults come to. Raises SettingError."""
    from portico_server.platform.settings import load

    named = {name: value for name, value in flags.items() if name not in ("config", "others")}
    return load({**named, **flags.get("others", {})}, config=_config(flags))


def settings_of_running(flags: Mapping[str, Any]) -> Settings:
    """The settings with which the platform on this data directory was started: what has become of its portico.toml
    meanwhile must not keep it from being stopped."""
    from portico_server.platform.settings import load_running

    return load_running(flags, config=_config(flags))


def settings_of_platform(flags: Mapping[str, Any]) -> Settings:
    """The settings with which the platform runs, or would be started. Raises SettingError."""
    from portico_server.host.supervisor import status

    settings = settings_of_running(flags)
    return settings if status(settings).running else settings_in_force(flags)


def database_url(given: str) -> str:
    """A value of the setting `database` as an option gave it; `-`: it is read from standard input."""
    if given == "-":
        given = sys.stdin.readline().strip()
    elif ":" in given.partition("://")[2].rpartition("@")[0] or "password=" in given:
        raise click.UsageError(
            "every user of this machine sees a password on a command line: give the URL as `-`, by standard input, or "
            "the password by PGPASSFILE"
        )
    if given != "sqlite" and not given.startswith(("postgresql://", "postgres://")):
        raise click.UsageError("give `sqlite` or postgresql://USER@HOST/DATABASE")
    return given


def tell_ignored_variables() -> None:
    """Says on stderr which PORTICO_* variables mean nothing to this version."""
    from portico_server.platform.settings import ignored_variables

    if ignored := ignored_variables():
        click.echo(f"portico: these variables are no settings and change nothing: {', '.join(ignored)}", err=True)


def origins(settings: Settings, flags: Mapping[str, Any]) -> Origins:
    """Where each setting comes from that is used now."""
    from portico_server.host.supervisor import Origins

    file = config_file(flags) or settings.data / "portico.toml"
    return Origins(file.absolute(), sources(settings, flags, os.environ))


def started_origins(settings: Settings) -> Origins | None:
    """Where the settings come from of the platform that runs; None where none runs, or nobody knows."""
    from portico_server.host.supervisor import origins_of, status

    return origins_of(settings.run) if status(settings).running else None


def waiting(settings: Settings) -> dict[str, Waits]:
    """What portico.toml has otherwise than when the platform was started; a file that cannot be used is told on
    stderr."""
    from portico_server.host.supervisor import waiting
    from portico_server.platform.settings import SettingError

    try:
        return waiting(settings.run)
    except SettingError as error:
        click.echo(f"portico: {error}; until that is mended, the next `portico up` is refused", err=True)
        return {}


def tell_waiting(settings: Settings) -> None:
    """On stderr, which settings a restart has not taken."""
    started = started_origins(settings)
    if started is not None and (names := ", ".join(waiting(settings))):
        told = f"these settings in {started.file} are others than the platform was started with: {names}"
        click.echo(f"portico: {told}; they wait for `portico down` and `portico up`", err=True)


def sources(settings: Settings, flags: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Where each setting's value comes from: `option`, a variable's name, a file's path, or `default`."""
    import tomllib

    from portico_server.platform.settings import setting_names, variable

    file = _config(flags) or (Path(environ["PORTICO_CONFIG"]) if "PORTICO_CONFIG" in environ else None)
    file = (file or settings.data / "portico.toml").absolute()
    in_file = tomllib.loads(file.read_text()) if file.exists() else {}
    given = {name for name, value in {**flags, **flags.get("others", {})}.items() if value is not None}
    found = {}
    for name in setting_names():
        in_environment = variable(name) if variable(name) in environ else ""
        in_config = str(file) if name in in_file else ""
        found[name] = "option" if name in given else in_environment or in_config or "default"
    return found


def documentation() -> dict[str, str]:
    """What each setting means, as it is documented where it is defined."""
    from portico_server.platform import settings

    module = ast.parse(inspect.getsource(settings))
    definition = next(node for node in module.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    texts = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            texts[field.target.id] = inspect.cleandoc(ast.literal_eval(text.value)).replace("\n", " ")
    return texts


def config_file(flags: Mapping[str, Any]) -> Path | None:
    """The portico.toml that is named by option or variable; None: that of the data directory."""
    named = os.environ.get("PORTICO_CONFIG")
    return _config(flags) or (Path(named) if named else None)


def _config(flags: Mapping[str, Any]) -> Path | None:
    return Path(flags["config"]) if flags.get("config") else None
