"""The plain host's process: `python -m portico_server.host.plain`, in a run folder, with PORTICO_APPLICATION and
PORTICO_SETTINGS_FILE set as for the embedded host. SIGTERM ends it in order."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import uvloop

from portico_server.host.adapter.serving import Serving
from portico_server.host.loading import load_application
from portico_server.host.plain.server import serve
from portico_server.host.start_failure import telling

SOCKET = "door.sock"
"""In the run folder; relative, because a socket's path has 107 bytes at most."""


def main() -> int:
    with telling(Path.cwd()):
        application = load_application()
    uvloop.run(_run(application))
    return 0


async def _run(application: Serving) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(application, SOCKET, stop)


if __name__ == "__main__":
    sys.exit(main())
