"""`portico status`, `portico doctor` and `portico health`: how a platform is, from outside and from within."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.failures import ERROR, UNREACHABLE
from portico_cli.settings import settings_in_force, settings_of_running, settings_options

if TYPE_CHECKING:
    from portico_server.host.supervisor import Check
    from portico_server.platform.settings import Settings

_output_option = click.option(
    "--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer."
)


@click.command()
@settings_options()
@_output_option
def status(kind: str, **flags: Any) -> int:
    """Say whether the platform of a data directory runs, where, since when, and its processes. Exit code 6 if not.

    What is wrong though it runs comes last: a changed policy, issuers.toml or key that cannot be used, so that the
    former is in force, or a certificate that cannot be renewed.

    \b
    Examples:
      portico status
      portico status --data ./data --output json
    """
    from portico_server.host.supervisor import status as ask

    settings = settings_of_running(flags)
    found = ask(settings)
    if kind == "json":
        output.show_json({"data": str(settings.data), **output.plain(found)})
    elif not found.running:
        click.echo(f"no platform runs on {settings.data}; `portico up` starts one")
    else:
        state = f"https://{found.address}" if found.address else "starting"
        web = {"web": f"https://{found.web_address}"} if found.web_address else {}
        s3 = {"s3": f"https://{found.s3_address}"} if found.s3_address else {}
        output.show_fields(
            {"platform": state, **web, **s3, "data": str(settings.data), "since": _since(found.started_at)}
        )
        output.table(
            ["process", ">pid", "since", ">restarts", "state"],
            [
                ["supervisor", str(found.pid), _since(found.started_at), "", ""],
                *(
                    [item.name, str(item.pid), _since(item.started_at), str(item.restarts), item.phase]
                    for item in found.processes
                ),
            ],
        )
        for name, problem in found.problems.items():
            click.echo(f"{click.style('!', fg='red')} {name}: {problem}")
    return 0 if found.running else UNREACHABLE


@click.command()
@settings_options()
@_output_option
def doctor(kind: str, **flags: Any) -> int:
    """Check settings, ports, certificates, clock, disk and engines, and say how to mend what is wrong. Exit code 1 if
    anything is.

    \b
    Examples:
      portico doctor
    """
    from portico_server.host.supervisor import doctor as examine

    settings, checks = _settings(flags)
    checks += examine(settings)
    if kind == "json":
        output.show_json(checks)
    else:
        for check in checks:
            mark = click.style("ok  ", fg="green") if check.ok else click.style("FAIL", fg="red")
            click.echo(f"{mark}  {check.name}: {check.detail}")
            if not check.ok and check.remedy:
                click.echo(f"      {check.remedy}")
    return 0 if all(check.ok for check in checks) else ERROR


@click.command()
@click.argument("service", default="")
@calls_platform
def health(caller: Caller, service: str) -> int:
    """Ask the gateway whether the platform, or one SERVICE, serves. Exit code 6 if it does not.

    \b
    Examples:
      portico health
      portico health portico.objects.v1.ObjectService
    """
    from portico.errors import NotFound

    try:
        answer = caller.client.health.check(service)
    except NotFound as error:
        if error.message in ("", error.code):  # what serves health says no more than the code
            error.message = f"the platform runs no service {service}; `portico grpcurl list` shows those it does"
        raise
    output.show_json({"service": service, "status": answer}) if caller.json else click.echo(answer)
    return 0 if answer == "SERVING" else UNREACHABLE


def _settings(flags: dict[str, Any]) -> tuple[Settings, list[Check]]:
    """The settings to look over the platform by, and what is to be said of them."""
    from portico_server.host.supervisor import Check
    from portico_server.platform.settings import SettingError

    try:
        settings = settings_in_force(flags)
    except SettingError as error:
        remedy = "Mend it before the next `portico up`; what runs goes on with what it was started with."
        return settings_of_running(flags), [Check("settings", False, str(error), remedy)]
    return settings, [Check("settings", True, f"good, as `portico config` shows them, for {settings.data}")]


def _since(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) if seconds else ""
