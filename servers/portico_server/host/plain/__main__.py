"""The plain host's process: `python -m portico_server.host.plain ENVOY [ARGUMENT…]`, in a run folder, with
PORTICO_APPLICATION and PORTICO_SETTINGS_FILE set as for the embedded host.

It serves at two sockets, and runs the Envoy in front of it; neither goes on without the other. SIGTERM ends both in
order.
Without ENVOY it serves alone, for whatever stands in front of it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import uvloop

from portico_server.host.adapter import GrpcApplication
from portico_server.host.loading import load_application
from portico_server.host.plain.server import serve
from portico_server.host.run_folder import APPLICATION_SOCKET, HTTP_SOCKET
from portico_server.host.start_failure import telling
from portico_server.host.supervisor.child import die_with

_ENVOY_SECONDS = 5.0  # how long Envoy may take to end


def main() -> int:
    with telling(Path.cwd()):
        application = load_application()
    return uvloop.run(_run(application, sys.argv[1:]))


async def _run(application: GrpcApplication, envoy_command: Sequence[str]) -> int:
    """The exit code: 1 where Envoy ended by itself."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    envoy = asyncio.create_task(_envoy(envoy_command, stop)) if envoy_command else None
    try:
        await serve(application, APPLICATION_SOCKET, HTTP_SOCKET, stop)
    finally:
        if envoy is not None:
            envoy.cancel()
            await asyncio.gather(envoy, return_exceptions=True)
    return 1 if envoy is not None and not envoy.cancelled() else 0


async def _envoy(command: Sequence[str], stop: asyncio.Event) -> None:
    """Runs Envoy until this task is cancelled, and says so where it ends before. It dies with this process."""
    process = await asyncio.create_subprocess_exec(*command, preexec_fn=die_with(os.getpid()))
    try:
        code = await process.wait()
        print(f"Envoy ended with exit code {code}", file=sys.stderr, flush=True)
        stop.set()
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), _ENVOY_SECONDS)
            except TimeoutError:
                process.kill()


if __name__ == "__main__":
    sys.exit(main())
