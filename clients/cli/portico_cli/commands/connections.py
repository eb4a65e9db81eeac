"""`portico connections`: who is connected to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from portico_cli import output
from portico_cli.failures import UNREACHABLE
from portico_cli.settings import settings_of_running, settings_options

if TYPE_CHECKING:
    from portico_server.host.supervisor import Door, Upstream


@click.command()
@settings_options()
@click.option("--output", "kind", type=click.Choice(["text", "json"]), default="text", help="How to answer.")
def connections(kind: str, **flags: Any) -> int:
    """Show, for each process of the platform of a data directory, its connections and calls in flight, and the
    processes and nodes that it hands calls on to: what channelz tells of a gRPC server. Single calls are listed by
    `portico requests`. Exit code 6 if no platform runs.

    \b
    Examples:
      portico connections
      portico connections --output json
    """
    from portico_server.host.supervisor import connections as ask

    settings = settings_of_running(flags)
    found = ask(settings)
    if found is None:
        click.echo(f"no platform runs on {settings.data}; `portico up` starts one", err=True)
        return UNREACHABLE
    if kind == "json":
        output.show_json(output.plain(found))
        return 0
    _show_doors(found.doors)
    if found.upstreams:
        click.echo()
        _show_upstreams(found.upstreams)
    return 0


def _show_doors(doors: tuple[Door, ...]) -> None:
    output.table(
        ["process", ">connections", ">calls", ">all calls", ">reset", ">received", ">sent", ">failed handshakes"],
        [
            [
                door.process,
                f"{door.connections} of {door.all_connections}",
                str(door.calls),
                str(door.all_calls),
                str(door.reset_calls),
                output.size(door.received_bytes),
                output.size(door.sent_bytes),
                str(door.failed_handshakes),
            ]
            for door in doors
        ],
    )


def _show_upstreams(upstreams: tuple[Upstream, ...]) -> None:
    output.table(
        ["process", "hands on to", "at", "health", ">connections", ">calls", ">all calls", ">failed"],
        [
            [
                upstream.process,
                upstream.name,
                upstream.endpoint,
                upstream.health,
                str(upstream.connections),
                str(upstream.calls),
                str(upstream.all_calls),
                str(upstream.failed_calls),
            ]
            for upstream in upstreams
        ],
    )
