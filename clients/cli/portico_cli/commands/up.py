"""`portico up`, `portico down` and `portico restart`."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portico_cli.failures import ERROR
from portico_cli.settings import (
    origins,
    settings_in_force,
    settings_of_running,
    settings_options,
    tell_ignored_variables,
    tell_waiting,
)

if TYPE_CHECKING:
    from portico_server.host.supervisor import Announcement


@click.command()
@settings_options(starting=True)
@click.option("-d", "--detach", is_flag=True, help="Return when it is ready; `portico down` stops it.")
def up(detach: bool, **flags: Any) -> int:
    """Start a platform: gateway and products, on this machine.

    The first start makes a data directory, a certificate authority, an administrator, and a profile with which this
    command and the SDK find the platform by themselves. Ctrl-C stops it in order; so does `portico down`.

    \b
    Examples:
      portico up
      portico up --detach --data ./data --listen 127.0.0.1:8444 --web-listen 127.0.0.1:9444
      portico up --only objects
      portico up --set max_connections=100 --set log_level=debug
    """
    from portico_server.host.supervisor import up as start

    settings = settings_in_force(flags)
    tell_ignored_variables()
    announce = partial(_tell, detach=detach)
    return start(settings, detach=detach, announce=announce, origins=origins(settings, flags))


@click.command()
@settings_options()
def down(**flags: Any) -> int:
    """Stop the platform of a data directory; calls in flight are finished first.

    \b
    Examples:
      portico down
      portico down --data ./data
    """
    from portico_server.host.supervisor import down as stop

    settings = settings_of_running(flags)
    if stop(settings):
        click.echo("stopped")
        return 0
    click.echo(f"portico: no platform runs on {settings.data}; `--data` names another data directory", err=True)
    return ERROR


@click.command()
@settings_options()
def restart(**flags: Any) -> int:
    """Replace the processes of a platform one after the other: for a new version, or new certificates of others.

    With PostgreSQL the next process starts before the one of before leaves, and no call fails. With SQLite only one
    process may have a product's database, so that calls wait or fail for the second or two in between.

    The settings stay those with which the platform was started: which have changed in portico.toml since, and wait for
    `portico down` and `portico up`, is told.

    \b
    Examples:
      portico restart
      portico restart --data ./data
    """
    from portico_server import maintenance
    from portico_server.host.supervisor import RestartFailed
    from portico_server.host.supervisor import restart as replace

    settings = settings_of_running(flags)
    maintenance.stores(settings)  # what the next processes could not read must not stop those that serve
    try:
        replaced = replace(settings)
    except RestartFailed as error:
        click.echo(f"portico: {error}", err=True)
        return ERROR
    if not replaced:
        click.echo(f"portico: no platform runs on {settings.data}; `portico up` starts one", err=True)
        return ERROR
    click.echo("restarted")
    tell_waiting(settings)
    return 0


def _tell(news: Announcement, *, detach: bool) -> None:
    """What the supervisor announces, in a few lines."""
    from portico_server.host.supervisor import Event

    if news.event is not Event.READY:
        failed = news.event is Event.FAILED
        click.echo(f"portico: {news.message}" if failed else news.message, err=failed)
        return
    click.echo(f"Portico is ready at https://{news.address} after {news.seconds:.1f} s. Data: {news.data}")
    if news.web_address:
        click.echo(f"For browsers, with a token alone: https://{news.web_address}")
    if news.s3_address:
        click.echo(f"For S3 clients: https://{news.s3_address}")
    chosen = ""
    if news.profile is not None:
        chosen = _profile_option(news.profile)
        use = f"to use it: {chosen.strip()}, or PORTICO_PROFILE_DIR" if chosen else "the one that is used by default"
        click.echo(f"Credentials: {news.profile} ({use})")
        if news.first_start:
            from portico_server.host.supervisor import ADMIN

            click.echo(
                f"You sign in by it as {ADMIN}, who may do everything in accounts/default: portico whoami{chosen}"
            )
            click.echo("Let others in: portico access invite --help; they sign in by: portico login --help")
    data = f" --data {shlex.quote(str(news.data))}" if news.data != _default_data() else ""
    click.echo(f"Try, {'here' if detach else 'in another terminal'}: portico objects mb portico://demo{chosen}")
    click.echo(f"Stop: portico down{data}" if detach else f"Stop: Ctrl-C, or portico down{data}")


def _profile_option(folder: Path) -> str:
    """What a command needs to use this profile; nothing for the one that it uses anyway."""
    from portico.profiles import folder_of

    return "" if folder == folder_of() else f" --profile {shlex.quote(str(folder))}"


def _default_data() -> Path:
    from portico_server.platform.settings import default_data

    return default_data()
