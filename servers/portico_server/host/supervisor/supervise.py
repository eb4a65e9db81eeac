"""The supervisor's life: takes the data directory and the port, starts the front, keeps it running, stops it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Any

from portico_server.host.embedding import CannotEmbed, find_embedding
from portico_server.host.envoy import Door
from portico_server.host.envoy.descriptors import DescriptorError
from portico_server.host.supervisor.announcement import Announcement, Event, StartError
from portico_server.host.supervisor.backoff import Backoff
from portico_server.host.supervisor.child import Child
from portico_server.host.supervisor.credentials import Credentials
from portico_server.host.supervisor.data_lock import DataLock
from portico_server.host.supervisor.doors import reserve
from portico_server.host.supervisor.first_start import prepare
from portico_server.host.supervisor.front import Front
from portico_server.host.supervisor.logs import BoundedLog
from portico_server.host.supervisor.state import ProcessState, State, write_state
from portico_server.platform.settings import Settings

_WAITING_SECONDS = 10.0
_TAIL_LINES = 15


def supervise(settings: Settings, application: str, announce: Callable[[Announcement], None]) -> int:
    """Runs a platform until it is told to stop (SIGTERM, SIGINT); the exit code. All news go to `announce`."""
    with contextlib.ExitStack() as stack:
        try:
            new = prepare(settings.data)
            stack.callback(DataLock.take(settings.data).release)
            settings, doors = reserve(settings, stack)
            supervisor = Supervisor(settings, doors, application, announce, first_start=new)
            return asyncio.run(supervisor.run())
        except (StartError, DescriptorError, CannotEmbed) as error:
            message = str(error)
        except OSError as error:
            message = f"The platform cannot start: {error.filename or settings.data}: {error.strerror or error}"
    announce(Announcement(Event.FAILED, message, settings.data))
    return 1


class Supervisor:
    """A platform, while it holds its data directory and ports."""

    def __init__(
        self,
        settings: Settings,
        doors: list[Door],
        application: str,
        announce: Callable[[Announcement], None],
        *,
        first_start: bool,
    ) -> None:
        """Raises StartError, DescriptorError, CannotEmbed."""
        self._settings = settings
        self._announce = announce
        self._first_start = first_start
        self._begin = time.monotonic()
        self._started_at = time.time()
        self._restarts = 0
        self._backoff = Backoff()
        self._stopping = asyncio.Event()
        self._log = BoundedLog(settings.data / "logs" / "supervisor.log")
        self._front = Front(settings, doors, find_embedding(), application)
        self._front.configure()
        self._credentials = Credentials(settings, self._front, self._record)
        self._credentials.put_in_force()

    async def run(self) -> int:
        """The exit code. Raises StartError."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_requested)
        loop.add_signal_handler(signal.SIGHUP, self._credentials.reload)
        renewal = asyncio.create_task(self._credentials.keep_fresh())
        try:
            await self._keep_running()
        finally:
            renewal.cancel()
        return 0

    def _stop_requested(self) -> None:
        """The first signal stops in order; a second one does not wait for calls in flight."""
        if self._stopping.is_set():
            os._exit(1)  # the front dies with us
        self._stopping.set()

    async def _keep_running(self) -> None:
        """Starts the front again and again, until the platform is to stop. Raises StartError if the first start
        fails."""
        first = True
        while not self._stopping.is_set():
            child = await self._front.start()
            self._write_state(child, ready=False)
            if await self._or_stop(self._until_ready(child)):
                self._write_state(child, ready=True)
                self._tell_ready(first)
                first = False
                end = await self._or_stop(self._front.wait_end(child))
            else:
                end = await self._or_stop(child.wait())
            if self._stopping.is_set():
                self._tell(Event.STOPPING, "Stopping: calls in flight are being finished.")
                await self._front.stop(child)
                return
            if first:
                raise StartError(self._why_not_started(end))
            await self._wait_before_restart(child, end)

    async def _or_stop(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What the work answers; None where the platform is to stop first."""
        task = asyncio.create_task(work)
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            return task.result()
        task.cancel()
        return None

    async def _until_ready(self, child: Child) -> bool:
        ready = asyncio.create_task(self._front.wait_ready(child))
        try:
            while not (await asyncio.wait((ready,), timeout=_WAITING_SECONDS))[0]:
                self._tell(Event.WAITING, f"Still starting; {self._front.log.path} may say why it takes so long.")
            return ready.result()
        finally:
            ready.cancel()

    def _why_not_started(self, end: str) -> str:
        log = self._front.log
        if why := self._front.why_not_started():
            return f"The platform cannot start: {why}\n`portico doctor` looks for causes; more is in {log.path}"
        return f"The front {end} before it was ready. {log.path} ends with:\n{log.tail(_TAIL_LINES)}"

    async def _wait_before_restart(self, child: Child, end: str) -> None:
        self._restarts += 1
        wait_seconds = self._backoff.after(time.time() - child.started_at)
        why = self._front.why_not_started()
        news = f"The front (process {child.pid}) {end}{f' ({why})' if why else ''}; starting it again in "
        news += f"{wait_seconds:.1f} s."
        self._tell(Event.RESTARTING, news)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait_seconds)

    def _tell_ready(self, first: bool) -> None:
        if first:
            self._tell(Event.READY, f"Portico is ready at {self._settings.listen}.")
        else:
            self._tell(Event.RESTARTED, "The front is back.")

    def _tell(self, event: Event, message: str) -> None:
        self._record(f"{event}: {message}")
        self._announce(
            Announcement(
                event,
                message,
                self._settings.data,
                self._settings.listen,
                self._credentials.profile,
                self._first_start,
                time.monotonic() - self._begin,
                self._settings.web_listen,
            )
        )

    def _record(self, line: str) -> None:
        """Into the supervisor's log, for whoever asks later."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        self._log.write(f"{now} {line}\n".encode())

    def _write_state(self, child: Child, *, ready: bool) -> None:
        front = ProcessState("front", child.pid, child.started_at, self._restarts)
        address, web_address = (self._settings.listen, self._settings.web_listen) if ready else ("", "")
        try:
            write_state(self._settings.run, State(os.getpid(), address, self._started_at, (front,), web_address))
        except OSError as error:  # a full disk must not end a platform that runs
            self._record(f"The state cannot be written: {error}")
