"""`portico trace`: one call or trace as a waterfall."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

import click

from portico_cli import output
from portico_cli.calling import Caller, calls_platform
from portico_cli.rules import ray_or_trace
from portico_cli.waterfall import print_waterfall

LAST = "last"
_LOOKED_THROUGH = 100
_OF_TRACING = ("/portico.gateway.v1.TelemetryService/", "/opentelemetry.")
_PATIENCE_SECONDS = 2.5
_POLL_SECONDS = 0.2
_WRITTEN_SECONDS = 1.0
"""How long the gateway may take to write down a call that has ended."""


@click.command()
@click.argument("ray")
@calls_platform
def trace(caller: Caller, ray: str) -> None:
    """Show what is known of a RAY (in every error and the x-ray-id header) or of a trace id: its calls, and its spans
    or steps as a waterfall; `last` stands for the account's most recent call. What just happened is waited for: it is
    written within a second.

    \b
    Examples:
      portico objects cp --trace cat.jpg portico://photos/
      portico trace last
      portico trace 0199c4b0a1f2…
      portico trace 0199c4b0a1f2… --output json
    """
    wanted = "" if ray == LAST else ray_or_trace(ray)
    found = known(caller.client, wanted or last(caller.client))
    output.show_json(found) if caller.json else print_waterfall(found)


def last(client: Any) -> str:
    """The trace of the account's most recent call that is none of tracing itself."""
    time.sleep(_WRITTEN_SECONDS)
    for event in islice(client.request_events.list(page_size=_LOOKED_THROUGH), _LOOKED_THROUGH):
        if not event.method.startswith(_OF_TRACING):
            return str(event.trace_id)
    raise click.ClickException("no calls were made lately: `portico requests` lists them")


def known(client: Any, ray: str, patience_seconds: float = _PATIENCE_SECONDS) -> Any:
    """What is known of a ray or trace; asks for a while, for what just happened: our own spans may be there before
    what the gateway writes down. Raises NotFound."""
    from portico.errors import NotFound

    deadline = time.monotonic() + patience_seconds
    while True:
        late = time.monotonic() > deadline
        try:
            found = client.traces.get(ray)
            if found.request_events or late or not _is_fresh(found):
                return found
        except NotFound:
            if late:
                raise
        time.sleep(_POLL_SECONDS)


def _is_fresh(found: Any) -> bool:
    """Whether a span has ended so lately that more may come."""
    ends = [span.start_time.ToNanoseconds() + span.duration_nanos for span in found.spans]
    return time.time_ns() - max(ends, default=0) < _PATIENCE_SECONDS * 1e9
