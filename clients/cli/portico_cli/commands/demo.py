"""`portico demo`: the main job, seen from outside."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from portico_cli.demo_ways import WayFailed, by_command, by_grpcurl, by_rest, by_sdk
from portico_cli.failures import ERROR

if TYPE_CHECKING:
    from portico import Client

Way = Callable[["Client", str, Path], bytes]

_WAYS: tuple[tuple[str, Way], ...] = (
    ("portico objects cp", by_command),
    ("grpcurl", by_grpcurl),
    ("Python SDK", by_sdk),
    ("REST (HTTP/1.1)", by_rest),
)
_STORE_SCOPE_SECONDS = 5.0

_NEXT = """
What to try next:
  portico up                                        start a platform that stays
  portico objects mb portico://photos               make a bucket
  portico objects cp cat.jpg portico://photos/      store a file
  portico grpcurl list                              see every service by reflection
  portico requests                                  see what was called
  portico --help                                    all commands"""


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", metavar="NAME", help="Use the platform of this profile; nothing is started.")
@click.option("--data", metavar="DIR", help="Use the platform that runs on this data directory.")
def demo(file: Path | None, profile: str | None, data: str | None) -> int:
    """Put a FILE through the gateway and get it back, by this command, grpcurl, the SDK and REST; compare the bytes;
    show the trace from client to store.

    Uses the platform that runs here; where none runs, it starts one in a folder of its own and removes it at the end.

    \b
    Examples:
      portico demo
      portico demo ./cat.jpg
    """
    import portico

    sample = file or Path(portico.__path__[-1]) / "descriptors.binpb"
    with contextlib.ExitStack() as stack:
        chosen = profile or stack.enter_context(_platform(data))
        if chosen is None:
            return ERROR
        client = stack.enter_context(portico.connect(chosen, service="portico", scope="cli"))
        bucket = f"demo-{secrets.token_hex(4)}"
        client.buckets.create(bucket)
        stack.callback(client.buckets.delete, bucket, force=True)
        return _show(client, bucket, sample.absolute())


def _show(client: Client, bucket: str, file: Path) -> int:
    content = file.read_bytes()
    click.echo(f"{file} ({len(content):,} bytes) through https://{client.profile.address}, with a client certificate")
    click.echo(f"and a token, to portico://{bucket}/ and back:\n")
    same = [_try(title, way, client, bucket, file, content) for title, way in _WAYS]
    with client.trace("portico demo") as span:
        by_sdk(client, bucket, file)
    client.flush()
    click.echo(f"\nThe trace of one put and get, from this process to the store ({span.trace_id}):\n")
    _show_trace(client, span.trace_id)
    click.echo(_NEXT)
    return 0 if all(same) else ERROR


def _try(title: str, way: Way, client: Client, bucket: str, file: Path, content: bytes) -> bool:
    """One way; tells how it went."""
    begin = time.perf_counter()
    try:
        same = way(client, bucket, file) == content
        told = "put, got, the same bytes" if same else "other bytes came back"
    except WayFailed as error:
        same, told = False, str(error)
    took = (time.perf_counter() - begin) * 1000
    mark = click.style("ok  ", fg="green") if same else click.style("FAIL", fg="red")
    click.echo(f"  {mark}  {title:<20} {told}  ({took:,.0f} ms)")
    return same


def _show_trace(client: Client, trace_id: str) -> None:
    """The waterfall, when its spans have arrived from everybody."""
    from portico_cli.commands.trace import known
    from portico_cli.waterfall import print_waterfall

    deadline = time.monotonic() + _STORE_SCOPE_SECONDS
    while True:
        found = known(client, trace_id)
        if len({span.scope for span in found.spans}) > 2 or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    print_waterfall(found)


@contextlib.contextmanager
def _platform(data: str | None) -> Iterator[str | None]:
    """The profile's folder of the platform that runs, or of one for this demo only; None if that does not start."""
    from portico_cli.settings import settings_in_force
    from portico_server.host.supervisor import status

    settings = settings_in_force({"data": data})
    found = status(settings)
    if found.running and found.address:
        yield _profile_of(settings.data)
        return
    with tempfile.TemporaryDirectory(prefix="portico-demo-") as scratch, _environment(scratch):
        yield from _throw_away(Path(scratch))


def _throw_away(scratch: Path) -> Iterator[str | None]:
    from portico_cli.settings import settings_in_force
    from portico_server.host.supervisor import Event, down, up

    anywhere = "127.0.0.1:0"
    listens = dict.fromkeys(("listen", "web_listen", "s3_listen"), anywhere)
    settings = settings_in_force({"data": str(scratch / "data"), **listens})

    def tell(news: Any) -> None:
        if news.event is Event.READY:
            click.echo(f"Started a platform for this demo at https://{news.address} in {news.seconds:.1f} s.\n")
        else:
            click.echo(news.message, err=news.event is Event.FAILED)

    click.echo("No platform runs here: starting one for this demo …")
    try:
        yield str(scratch / "profile") if up(settings, detach=True, announce=tell) == 0 else None
    finally:
        if down(settings):
            click.echo("\nThe demo's platform is stopped and removed.")


@contextlib.contextmanager
def _environment(scratch: str) -> Iterator[None]:
    """The platform of the demo writes its profile beside its data, not into the user's configuration."""
    before = os.environ.get("PORTICO_PROFILE_DIR")
    os.environ["PORTICO_PROFILE_DIR"] = str(Path(scratch) / "profile")
    try:
        yield
    finally:
        os.environ.pop("PORTICO_PROFILE_DIR")
        if before is not None:
            os.environ["PORTICO_PROFILE_DIR"] = before


def _profile_of(data: Path) -> str:
    """The profile of the platform on this data directory: beside its data if the user's is another platform's."""
    from portico.profiles import folder_of

    return str(data / "profile") if (data / "profile" / "profile.toml").exists() else str(folder_of())
