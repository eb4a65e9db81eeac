"""`portico objects notifications read` and `ack`: what queues were told of objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.commands.objects.settings import notifications
from portico_cli.rules import queue_id

if TYPE_CHECKING:
    from portico.objects.v1.notifications_pb2 import Notification

MOST_SEQUENCE = 2**63 - 1


def _queue(context: click.Context, parameter: click.Parameter, given: str) -> str:
    return queue_id(given)


def event_name(one: Notification) -> str:
    """`created`, `deleted`, …"""
    from portico.objects.v1.buckets_pb2 import NotificationRule

    return NotificationRule.Event.Name(one.event).removeprefix("EVENT_OBJECT_").lower()


def object_of(one: Notification) -> str:
    """BUCKET/KEY."""
    return one.object.partition("/buckets/")[2].replace("/objects/", "/", 1)


@notifications.command()
@click.argument("queue", callback=_queue)
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=1000, metavar="N", help="How many at most.", show_default=True
)
@click.option(
    "--after", type=click.IntRange(0, MOST_SEQUENCE), default=0, metavar="SEQUENCE", help="Only those behind this one."
)
@click.option("--wait", type=click.IntRange(0, 20), default=0, metavar="SECONDS", help="Wait for one if there is none.")
@calls_platform
def read(caller: Caller, queue: str, limit: int, after: int, wait: int) -> None:
    """Show what a queue was told and nobody has acknowledged, the oldest first. It stays there.

    \b
    Examples:
      portico objects notifications read events
      portico objects notifications read events --wait 20 --limit 10 --output json
    """
    found = caller.client.notifications.read(queue, limit=limit, start_after_sequence=after, wait_seconds=wait)
    columns: list[output.Column] = [
        (">sequence", lambda one: str(one.sequence)),
        ("time", lambda one: output.moment(one.event_time)),
        ("event", event_name),
        (">bytes", lambda one: "" if one.delete_marker else f"{one.size_bytes:,}"),
        ("version", lambda one: one.version_id),
        ("object", object_of),
    ]
    output.show_items(found.notifications, columns, as_json=caller.json, nothing=f"nothing waits in {queue}")
    if found.dropped_notifications:
        click.echo(f"{found.dropped_notifications:,} were dropped in all, which nobody had read in time", err=True)


@notifications.command("ack")
@click.argument("queue", callback=_queue)
@click.argument("sequence", type=click.IntRange(1, MOST_SEQUENCE))
@calls_platform
def acknowledge(caller: Caller, queue: str, sequence: int) -> None:
    """Say that what a queue was told is dealt with, up to a sequence: it is shown no more, to nobody.

    \b
    Examples:
      portico objects notifications ack events 17
    """
    reached = caller.client.notifications.acknowledge(queue, sequence)
    if caller.json:
        output.show_json({"acknowledgedSequence": reached})
    else:
        click.echo(f"acknowledged {queue} up to {reached}")
