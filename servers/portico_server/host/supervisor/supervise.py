"""The supervisor's life: takes data directory and ports, starts the processes, keeps them running, stops them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

from portico_server.host import hosts
from portico_server.host.control import METRICS, control_socket, loopback_port
from portico_server.host.embedding import CannotEmbed
from portico_server.host.envoy import Door, WatchedFiles, descriptors
from portico_server.host.envoy.descriptors import Contracts, DescriptorError
from portico_server.host.supervisor.announcement import Announcement, Event, StartError
from portico_server.host.supervisor.credentials import Credentials
from portico_server.host.supervisor.data_lock import DataLock
from portico_server.host.supervisor.doors import reserve
from portico_server.host.supervisor.exposition import of_processes
from portico_server.host.supervisor.first_start import prepare
from portico_server.host.supervisor.in_force import InForce
from portico_server.host.supervisor.issuers import Issuers
from portico_server.host.supervisor.keeper import Keeper
from portico_server.host.supervisor.logs import BoundedLog
from portico_server.host.supervisor.problems import Problems
from portico_server.host.supervisor.programs import SETTINGS_FILE, Program, Programs
from portico_server.host.supervisor.renewal import unending
from portico_server.host.supervisor.serving import ServingProcess, clear_folders
from portico_server.host.supervisor.state import RELOAD, RESTART, SUPERVISOR_SOCKET, State, write_state
from portico_server.platform.placement import Placement
from portico_server.platform.private_files import replace_file
from portico_server.platform.settings import SettingError, Settings
from portico_server.platform.started import Origins, note

_LOOK_SECONDS = 2.0
"""How often the supervisor looks whether its data directory is there."""


def supervise(
    settings: Settings, application: str, announce: Callable[[Announcement], None], origins: Origins | None = None
) -> int:
    """Runs a platform until it is told to stop (SIGTERM, SIGINT); the exit code. All news go to `announce`."""
    # From the lock on we may be told that keys have changed (`rotate_token_key`): until `run` listens, that waits.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    with contextlib.ExitStack() as stack:
        try:
            Placement(settings)  # refused before anything is made
            new = prepare(settings.data)
            lock = DataLock.take(settings.data)
            stack.callback(lock.release)
            note(settings, origins)
            contracts = descriptors.merge(settings.extra_descriptors)
            settings, doors = reserve(settings, contracts, stack)
            clear_folders(settings.run)
            supervisor = Supervisor(settings, lock, doors, contracts, application, announce, first_start=new)
            return asyncio.run(supervisor.run())
        except (StartError, DescriptorError, CannotEmbed, SettingError) as error:
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
        lock: DataLock,
        doors: list[Door],
        contracts: Contracts,
        application: str,
        announce: Callable[[Announcement], None],
        *,
        first_start: bool,
    ) -> None:
        """Raises StartError, CannotEmbed, SettingError."""
        self._settings = settings
        self._lock = lock
        self._announce = announce
        self._first_start = first_start
        self._begin = time.monotonic()
        self._started_at = time.time()
        self._was_ready = False
        self._stopping = asyncio.Event()
        self._restarting = asyncio.Lock()
        self._reloads: set[asyncio.Task[str]] = set()
        self._log = BoundedLog(settings.data / "logs" / "supervisor.log")
        self._products: list[Keeper] = []
        self._fronts: list[Keeper] = []
        watched = WatchedFiles(settings.run / "watched")
        in_force = InForce(watched)
        self._host = hosts.choose(settings.host)
        in_force.use_routes(settings, contracts, self._host)
        programs = Programs(settings, watched, self._host, application)
        self._product_programs, self._front_programs = programs.products(), programs.fronts(doors, contracts)
        replace_file(settings.run / SETTINGS_FILE, settings.to_json().encode())
        self._problems = Problems(self._record, self._write_state)
        self._credentials = Credentials(settings, in_force, self._problems.tell)
        self._credentials.put_in_force()
        self._issuers = Issuers(settings, in_force, self._record)
        self._issuers.put_in_force()

    async def run(self) -> int:
        """The exit code. Raises StartError."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop_requested)
        loop.add_signal_handler(signal.SIGHUP, self._reload_requested)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        if self._host.notice:
            self._tell(Event.NOTICE, self._host.notice)
        self._products = [self._keeper(program) for program in self._product_programs]
        self._fronts = [self._keeper(program) for program in self._front_programs]
        issuers = unending(self._issuers.keep_fresh, partial(self._problems.tell, "keys of issuers"))
        renewal = asyncio.gather(self._credentials.keep_fresh(), issuers)
        routes = {("POST", RESTART): self._restart, ("POST", RELOAD): self._reload}
        try:
            async with control_socket(self._settings.run / SUPERVISOR_SOCKET, routes), self._metrics_port():
                await self._or_stop(self._keep_running())
                if self._stopping.is_set():
                    self._tell(Event.STOPPING, "Stopping: calls in flight are being finished.")
        finally:
            renewal.cancel()
            await asyncio.gather(renewal, return_exceptions=True)
            await self._stop()
        return 0

    def _stop_requested(self) -> None:
        """The first signal stops in order; a second one does not wait for calls in flight."""
        if self._stopping.is_set():
            os._exit(1)  # the processes die with us
        self._stopping.set()

    async def _keep_running(self) -> None:
        """Starts everything, the products before the fronts that lead to them. Raises StartError."""
        for keepers in (self._products, self._fronts):
            await _all(keeper.start() for keeper in keepers)
        self._was_ready = True
        self._write_state()
        self._tell(Event.READY, f"Portico is ready at {self._settings.listen}.")
        await _all([self._until_removed(), *(keeper.until_failed() for keeper in (*self._products, *self._fronts))])

    async def _until_removed(self) -> None:
        """Without its data directory nobody finds the platform any more to stop it, and it has nothing to serve.
        Raises StartError."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if not self._lock.is_in_place():
                raise StartError(
                    f"{self._settings.data} was removed, or another stands in its place: the platform on it ends."
                )

    async def _stop(self) -> None:
        """The fronts first, because calls in flight there need the products."""
        for keepers in (self._fronts, self._products):
            await asyncio.gather(*(keeper.stop() for keeper in keepers))

    async def _reload(self) -> str:
        return await self._credentials.reload()

    def _reload_requested(self) -> None:
        task = asyncio.get_running_loop().create_task(self._credentials.reload())
        self._reloads.add(task)  # or nothing would keep it
        task.add_done_callback(self._reloads.discard)

    async def _restart(self) -> str:
        """Replaces every process, one after the other, so that there is always one that serves."""
        async with self._restarting:
            for keeper in (*self._products, *self._fronts):
                try:
                    await keeper.replace()
                except StartError as error:
                    self._record(f"restart: {error}")
                    return f"{keeper.name}: {error}"
        return ""

    @contextlib.asynccontextmanager
    async def _metrics_port(self) -> AsyncIterator[None]:
        """Raises StartError."""
        if (address := self._settings.metrics_address) is None:
            yield
            return
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(loopback_port(*address, {("GET", METRICS): self._metrics}))
            except OSError as error:
                raise StartError(
                    f"metrics_listen is {self._settings.metrics_listen}, where nothing can listen: "
                    f"{os.strerror(error.errno or 0)}. Stop what does, or give another port."
                ) from error
            yield

    async def _metrics(self) -> str:
        keepers = (*self._fronts, *self._products)
        return await of_processes({keeper.name: keeper.folder for keeper in keepers if keeper.folder is not None})

    async def _or_stop(self, work: Coroutine[Any, Any, None]) -> None:
        """Does the work until it is done or the platform is to stop."""
        task = asyncio.create_task(work)
        stop = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if task.done():
            task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def _keeper(self, program: Program) -> Keeper:
        process = ServingProcess(self._settings, program)
        # With SQLite one process has a product's database, so the next one can start only when this one is gone.
        overlaps = self._settings.database != "sqlite"
        return Keeper(process, self._tell, self._write_state, overlaps=overlaps)

    def _tell(self, event: Event, message: str) -> None:
        """To whoever started the platform, for as long as they listen: a terminal that was closed, or a pipe, must not
        end it."""
        self._record(f"{event}: {message}")
        news = Announcement(
            event,
            message,
            self._settings.data,
            self._settings.listen,
            self._credentials.profile,
            self._first_start,
            time.monotonic() - self._begin,
            self._settings.web_listen,
            self._settings.s3_listen,
        )
        with contextlib.suppress(OSError):
            self._announce(news)

    def _record(self, line: str) -> None:
        """Into the supervisor's log, for whoever asks later."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        self._log.write(f"{now} {line}\n".encode())

    def _write_state(self) -> None:
        """The address is there from the first time on that all are ready."""
        found = (keeper.state for keeper in (*self._fronts, *self._products))
        processes = tuple(state for state in found if state is not None)
        ready = self._was_ready and all(process.phase == "ready" for process in processes if process.name == "front")
        listens = (self._settings.listen, self._settings.web_listen, self._settings.s3_listen)
        address, web_address, s3_address = listens if ready else ("", "", "")
        problems = dict(self._problems.found)
        try:
            state = State(os.getpid(), address, self._started_at, processes, web_address, problems, s3_address)
            write_state(self._settings.run, state)
        except OSError as error:  # a full disk must not end a platform that runs
            self._record(f"The state cannot be written: {error}")


async def _all(works: Any) -> None:
    """All at once; the first that fails cancels the others."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except* (StartError, OSError) as errors:
        error = errors.exceptions[0]
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
