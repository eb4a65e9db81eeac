"""The supervisor's life: takes the data directory and the port, starts the front, keeps it running, stops it."""

from __future__ import annotations

import asyncio
import contextlib
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
from portico_server.host.supervisor.data_lock import DataLock
from portico_server.host.supervisor.first_start import prepare
from portico_server.host.supervisor.front import Front
from portico_server.host.supervisor.port import ReservedPort
from portico_server.host.supervisor.profile import Profile, profile_folder
from portico_server.host.supervisor.renewal import refresh_profile, renew_node_certificate
from portico_server.host.supervisor.state import ProcessState, State, write_state
from portico_server.platform.keyring import Keyring
from portico_server.platform.settings import Settings

_WAITING_SECONDS = 10.0
_TAIL_LINES = 15


def supervise(settings: Settings, application: str, announce: Callable[[Announcement], None]) -> int:
    """Runs a platform until it is told to stop (SIGTERM, SIGINT); the exit code. All news go to `announce`."""
    with contextlib.ExitStack() as stack:
        try:
            new = prepare(settings.data)
            stack.callback(DataLock.take(settings.data).release)
            port = ReservedPort(*settings.listen_address)
            stack.callback(port.close)
            supervisor = Supervisor(settings.replace(listen=str(port)), port, application, announce, first_start=new)
            return asyncio.run(supervisor.run())
        except (StartError, DescriptorError, CannotEmbed) as error:
            announce(Announcement(Event.FAILED, str(error), settings.data))
            return 1


class Supervisor:
    """A platform, while it holds its data directory and port."""

    def __init__(
        self,
        settings: Settings,
        port: ReservedPort,
        application: str,
        announce: Callable[[Announcement], None],
        *,
        first_start: bool,
    ) -> None:
        self._settings = settings
        self._announce = announce
        self._first_start = first_start
        self._begin = time.monotonic()
        self._started_at = time.time()
        self._restarts = 0
        self._backoff = Backoff()
        self._stopping = asyncio.Event()
        self._keyring = Keyring.open(settings.data, settings.trust_domain, settings.hostnames)
        self._profile = Profile(profile_folder(settings.data))
        door = Door(port.address, port.port, client_certificate=settings.client_certificates == "required")
        self._front = Front(settings, [door], find_embedding(), application)

    async def run(self) -> int:
        """The exit code. Raises StartError."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_requested)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        self._front.configure(self._keyring)
        lifetime_seconds = self._settings.node_certificate_seconds
        certificate = self._keyring.new_node_certificate(lifetime_seconds=lifetime_seconds)
        self._front.use_certificate(certificate)
        self._refresh_profile()
        renewals = [
            asyncio.create_task(
                renew_node_certificate(self._keyring, lifetime_seconds, certificate, self._front.use_certificate)
            ),
            asyncio.create_task(refresh_profile(self._refresh_profile)),
        ]
        try:
            await self._keep_running()
        finally:
            for renewal in renewals:
                renewal.cancel()
        return 0

    def _stop_requested(self) -> None:
        """The first signal stops in order; a second one does not wait for calls in flight."""
        if self._stopping.is_set():
            os._exit(1)  # the front dies with us
        self._stopping.set()

    def _reload(self) -> None:
        """Reads the keys again (SIGHUP): a new token key is believed at once, no connection is dropped."""
        self._keyring = Keyring.open(self._settings.data, self._settings.trust_domain, self._settings.hostnames)
        self._front.use_keys(self._keyring)
        self._refresh_profile()

    def _refresh_profile(self) -> None:
        self._profile.refresh(self._keyring, self._settings.data, self._settings.listen)

    async def _keep_running(self) -> None:
        first = True
        while not self._stopping.is_set():
            child = await self._front.start()
            self._write_state(child, ready=False)
            if await self._or_stop(self._until_ready(child)):
                self._write_state(child, ready=True)
                self._tell_ready(first)
                first = False
                await self._or_stop(child.wait())
            if self._stopping.is_set():
                self._tell(Event.STOPPING, "Stopping: calls in flight are being finished.")
                await self._front.stop(child)
                return
            end = await child.wait()
            if first:
                raise StartError(
                    f"The front {end} before it was ready. {self._front.log.path} ends with:\n{self._tail()}"
                )
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

    async def _wait_before_restart(self, child: Child, end: str) -> None:
        self._restarts += 1
        wait_seconds = self._backoff.after(time.time() - child.started_at)
        self._tell(
            Event.RESTARTING, f"The front (process {child.pid}) {end}; starting it again in {wait_seconds:.1f} s."
        )
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), wait_seconds)

    def _tell_ready(self, first: bool) -> None:
        if first:
            self._tell(Event.READY, f"Portico is ready at {self._settings.listen}.")
        else:
            self._tell(Event.RESTARTED, "The front is back.")

    def _tell(self, event: Event, message: str) -> None:
        self._announce(
            Announcement(
                event,
                message,
                self._settings.data,
                self._settings.listen,
                self._profile.folder,
                self._first_start,
                time.monotonic() - self._begin,
            )
        )

    def _tail(self) -> str:
        return self._front.log.tail(_TAIL_LINES)

    def _write_state(self, child: Child, *, ready: bool) -> None:
        front = ProcessState("front", child.pid, child.started_at, self._restarts)
        address = self._settings.listen if ready else ""
        write_state(self._settings.run, State(os.getpid(), address, self._started_at, (front,)))
