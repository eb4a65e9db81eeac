"""What every command that calls a platform shares: its options, its client, and how it answers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Coroutine, Iterator
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar

import click

from portico_cli import revision
from portico_cli.rules import finite

if TYPE_CHECKING:
    from portico import AsyncClient, Client

Result = TypeVar("Result")
Client_ = TypeVar("Client_", "Client", "AsyncClient")


class Caller:
    """A command's way to the platform. The client is opened when it is first used."""

    def __init__(self, name: str, profile: str | None, output: str, timeout_seconds: float | None, trace: bool) -> None:
        self.name = name
        self.output = output
        self._profile = profile
        self._timeout_seconds = timeout_seconds
        self._trace = trace
        self._trace_id = ""
        self._closing = contextlib.ExitStack()

    @property
    def json(self) -> bool:
        """Whether the answer is to be JSON."""
        return self.output == "json"

    @cached_property
    def client(self) -> Client:
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # errors are told by us, in words
        from portico import connect

        client = connect(self._profile, service="portico", scope="cli")
        self._closing.callback(client.close)
        folder = client.profile.folder
        client.policy_revision = recalled = revision.recall(folder)
        self._closing.callback(lambda: revision.remember(folder, recalled, client.policy_revision))
        if self._trace:
            self._trace_id = self._closing.enter_context(client.trace(self.name)).trace_id
        return self._timed(client)

    def run(self, work: Callable[[AsyncClient], Coroutine[Any, Any, Result]]) -> Result:
        """Does work in an event loop, with a client of its own; Ctrl-C ends it in order."""
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")
        from portico_cli.event_loop import run

        return run(self._work(work))

    async def _work(self, work: Callable[[AsyncClient], Coroutine[Any, Any, Result]]) -> Result:
        from portico import connect_async

        async with connect_async(self._profile, service="portico", scope="cli") as client:
            folder = client.profile.folder
            client.policy_revision = recalled = revision.recall(folder)
            with client.trace(self.name) if self._trace else contextlib.nullcontext() as span:
                self._trace_id = span.trace_id if span else ""
                try:
                    return await work(self._timed(client))
                finally:
                    revision.remember(folder, recalled, client.policy_revision)

    def _timed(self, client: Client_) -> Client_:
        if self._timeout_seconds is None:
            return client
        seconds = self._timeout_seconds
        return client.with_options(timeout_seconds=seconds, transfer_timeout_seconds=seconds)

    @contextlib.contextmanager
    def open(self) -> Iterator[Caller]:
        """Hands in the spans and closes the client at the end; then tells the trace, whatever the outcome."""
        try:
            with self._closing:
                yield self
        finally:
            if self._trace_id:
                click.echo(f"trace {self._trace_id}: `portico trace {self._trace_id}` shows it", err=True)


_OPTIONS = (
    click.option("--profile", metavar="NAME", help="Profile to use, by name or folder.  [PORTICO_PROFILE, or default]"),
    click.option(
        "--output", type=click.Choice(["text", "json"]), default="text", help="How to answer; JSON as REST has it."
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        callback=finite,
        metavar="SECONDS",
        help="How long it may take.",
    ),
    click.option("--trace", is_flag=True, help="Record the call's spans, and print the trace's id."),
)


def calls_platform(function: Callable[..., Any]) -> Callable[..., Any]:
    """Gives a command the common options, and a Caller as its first argument."""

    @click.pass_context
    @wraps(function)
    def command(
        context: click.Context,
        /,
        profile: str | None,
        output: str,
        timeout: float | None,
        trace: bool,
        **parameters: Any,
    ) -> Any:
        if isinstance(state := context.find_root().obj, dict):
            state["output"] = output
        with Caller(context.command_path, profile, output, timeout, trace).open() as caller:
            return function(caller, **parameters)

    for option in reversed(_OPTIONS):
        command = option(command)
    return command
