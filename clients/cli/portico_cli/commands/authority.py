"""`portico authority`: the platform's certificate authority, and how another one takes its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.groups import Group
from portico_cli.settings import settings_of_running, settings_options

if TYPE_CHECKING:
    from portico_server.host.supervisor.changing_authorities import Authority
    from portico_server.platform.settings import Settings


@click.group(cls=Group)
def authority() -> None:
    """The certificate authority, on the platform's machine: show it, or put another one in its place.

    \b
    No call fails when each step is given its time:
      1. portico authority add         another one is trusted beside it
      2. portico authority use ID      it issues, once every client knows it
      3. portico authority remove ID   the old one is trusted no more, once nobody
                                       shows its certificates

    \b
    Examples:
      portico authority show
      portico authority add
    """


@authority.command()
@settings_options()
@click.option("--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer.")
def show(kind: str, **flags: Any) -> None:
    """Show the authorities that are trusted, the one that issues first."""
    from portico_server.host.supervisor.changing_authorities import authorities

    rows = [_fields(item, issues=number == 0) for number, item in enumerate(_do(flags, authorities))]
    if kind == "json":
        output.show_json(rows)
    else:
        output.table(
            ["id", "issues", "from", "until", "name"], [[str(value) for value in row.values()] for row in rows]
        )


@authority.command()
@settings_options()
def add(**flags: Any) -> None:
    """Make another authority. It is trusted at once and issues nothing yet.

    Clients of the Python SDK, as this command, get to know it with their next token, others by a new ca.pem.
    """
    from portico_server.host.supervisor.changing_authorities import add_authority

    made, told = _do(flags, add_authority)
    click.echo(f"{made.id} is trusted{_when(told)}; once every client knows it: portico authority use {made.id}")


@authority.command()
@click.argument("wanted", metavar="ID")
@settings_options()
def use(wanted: str, **flags: Any) -> None:
    """Have another authority issue. The node shows a certificate of it at once, and clients get theirs from it.

    Who does not know it by then cannot connect any more. The one of before stays trusted, and can be used again.
    """
    from portico_server.host.supervisor.changing_authorities import use_authority

    used, told = _do(flags, lambda settings: use_authority(settings, wanted))
    click.echo(f"{used.id} issues{_when(told)}; the one of before stays trusted until it is removed")


@authority.command()
@click.argument("wanted", metavar="ID")
@settings_options()
def remove(wanted: str, **flags: Any) -> None:
    """Trust an authority no more, and destroy its key. Its certificates are refused in new connections.

    Connections of before go on until they end, or `portico restart` ends them.
    """
    from portico_server.host.supervisor.changing_authorities import remove_authority

    removed, told = _do(flags, lambda settings: remove_authority(settings, wanted))
    click.echo(f"{removed.id} is trusted no more{_when(told)}")


def _do(flags: dict[str, Any], work: Callable[[Settings], Any]) -> Any:
    from portico_server.host.supervisor.changing_authorities import AuthorityError

    try:
        return work(settings_of_running(flags))
    except (AuthorityError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from None


def _when(told: bool) -> str:
    return "" if told else " from the next start on"


def _fields(item: Authority, *, issues: bool) -> dict[str, Any]:
    certificate = item.certificate
    return {
        "id": item.id,
        "issues": "yes" if issues else "no",
        "from": f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M}",
        "until": f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M}",
        "name": certificate.subject.rfc4514_string(),
    }
