"""`portico requests`: recent calls."""

from __future__ import annotations

from itertools import islice
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform


@click.command()
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.option("--failed", is_flag=True, help="Only those that failed.")
@click.option(
    "--method", default="", metavar="PATH", help="Only one method: /portico.objects.v1.ObjectService/PutObject."
)
@calls_platform
def requests(caller: Caller, limit: int, failed: bool, method: str) -> None:
    """List recent calls of the account, the newest first. Those that a service made on somebody's behalf name it.

    \b
    Examples:
      portico requests
      portico requests --failed -n 5
      portico requests --output json
    """
    found = caller.client.request_events.list(failed_only=failed, called=method, page_size=min(limit, 1000))
    columns: list[output.Column] = [
        ("arrived", lambda event: output.moment(event.arrival_time)),
        ("ray", lambda event: event.ray_id),
        (">took", lambda event: output.milliseconds(event.duration_nanos)),
        ("outcome", _outcome),
        ("method", lambda event: event.method.removeprefix("/")),
        ("resource", lambda event: event.resource),
        ("called by", lambda event: event.acting_service),
        ("face", lambda event: event.face),
    ]
    output.show_items(islice(found, limit), columns, as_json=caller.json, nothing="no such calls yet")


def _outcome(event: Any) -> str:
    from google.rpc.code_pb2 import Code

    return event.reason or str(Code.Name(event.code))
