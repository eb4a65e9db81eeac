"""A process that serves: its run folders, start, readiness and end. What runs in it is its `Program`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from portico_server.host import local_http
from portico_server.host.control import DRAINING
from portico_server.host.envoy.idle import end_idle_connections
from portico_server.host.run_folder import ADMIN_SOCKET, CONTROL_SOCKET, DOOR_SOCKET, READY_FILE
from portico_server.host.start_failure import told
from portico_server.host.supervisor import inotify
from portico_server.host.supervisor.admin import AdminClient, AdminError
from portico_server.host.supervisor.child import Child
from portico_server.host.supervisor.handover import Generation, Successor, forget
from portico_server.host.supervisor.liveness import until_unresponsive
from portico_server.host.supervisor.logs import BoundedLog
from portico_server.host.supervisor.port import connections_of
from portico_server.host.supervisor.programs import Program
from portico_server.platform.private_files import make_private_folder, replace_file
from portico_server.platform.settings import Settings

_POLL_SECONDS = 0.01
_CONNECTIONS_POLL_SECONDS = 0.1
_SHUTDOWN_SECONDS = 10.0
_HEARD_SECONDS = 1.0


@dataclass(slots=True)
class Instance:
    """A program that was started: its own folder, and its process."""

    folder: Path
    child: Child
    admin: AdminClient
    generation: Generation
    handed_over: bool = False


class ServingProcess:
    """Starts a program, again and again if need be, each time in a folder of its own: `run/NAME.1` and on. `run/NAME`
    leads to the one that serves."""

    def __init__(self, settings: Settings, program: Program) -> None:
        self._settings = settings
        self._program = program
        self._numbers = itertools.count(1)
        self._successor: Successor | None = None
        self.log = BoundedLog(settings.data / "logs" / f"{program.name}.log")

    @property
    def name(self) -> str:
        return self._program.name

    async def start(self, before: Instance | None = None) -> Instance:
        """Starts the process; it is not ready yet. `before` is one that still serves, and hands over what it can.
        Raises OSError."""
        folder = self._settings.run / f"{self.name}.{next(self._numbers)}"
        make_private_folder(folder)
        for name, content in self._program.files.items():
            replace_file(folder / name, content)
        generation, command = Generation(), list(self._program.command)
        if self._program.hands_over:
            if before is not None:
                generation, before.handed_over = before.generation.next(before.folder), True
            else:  # in the place of one whose successor it will not be
                self._stop_listening()
            command += generation.arguments(self.name)
        else:
            command.append("--disable-hot-restart")
        child = await Child.start(command, folder, self._program.environment, self.log)
        return Instance(folder, child, AdminClient(folder), generation)

    async def wait_ready(self, instance: Instance) -> bool:
        """Waits until calls are answered; False if it ended first. It may take its time: it may have to migrate."""
        while instance.child.alive:
            if await self._is_ready(instance):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    def publish(self, instance: Instance) -> None:
        """Lets `run/NAME` lead to it: those that look for the process find this one."""
        link = self._settings.run / self.name
        aside = link.with_name(f"{link.name}.next")
        aside.unlink(missing_ok=True)
        aside.symlink_to(instance.folder.name)
        aside.replace(link)

    async def wait_end(self, instance: Instance) -> str:
        """Waits until a ready process is gone, or answers no more and is ended for that; says how, for people."""
        patience_seconds = self._settings.unresponsive_seconds
        child = instance.child
        end = asyncio.create_task(child.wait())
        silence = asyncio.create_task(until_unresponsive(instance.folder, patience_seconds))
        try:
            await asyncio.wait((end, silence), return_when=asyncio.FIRST_COMPLETED)
            if end.done():
                return end.result()
            child.kill()
            return f"did not answer for {patience_seconds:g} s and {await child.wait()}"
        finally:
            end.cancel()
            silence.cancel()

    def why_not_started(self, instance: Instance) -> str:
        """What the process itself said why it cannot start, in a sentence, or what the system lacks; else empty."""
        return told(instance.folder) or inotify.lack()

    async def stop(self, instance: Instance, *, replaced: bool = False) -> None:
        """Lets calls in flight end, for `drain_seconds` at most, then ends the process.

        Where another one is there already (`replaced`), connections may end too: a client that is between two calls
        is told to go elsewhere, with the answer to its next one or when it makes none, and would lose that one. Of one
        that has died nothing is left to do, maybe not even its folder.
        """
        if instance.child.alive:
            await self._tell_of_the_end(instance)
            with contextlib.suppress(OSError):
                end_idle_connections(instance.folder)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.drain_seconds):
                    await self._drain(instance, replaced)
        await instance.child.stop(_SHUTDOWN_SECONDS)
        if instance.handed_over:
            self._stop_listening()  # whom the next but one before would have told something has ended now, too
            self._successor = Successor(self._settings.run, instance.generation.socket_name(self.name, instance.folder))

    async def _tell_of_the_end(self, instance: Instance) -> None:
        """Health says it before connections do. Calls end all the same where nobody hears of it."""
        told = partial(local_http.request, instance.folder, CONTROL_SOCKET, "POST", DRAINING)
        with contextlib.suppress(local_http.LocalError):
            await asyncio.to_thread(told, timeout_seconds=_HEARD_SECONDS)

    async def _drain(self, instance: Instance, replaced: bool) -> None:
        """Waits until nobody is served any more."""
        admin, child = instance.admin, instance.child
        left = admin.active_connections if replaced else admin.active_requests
        try:
            if not instance.handed_over:  # else the one that took over has asked for it
                await admin.drain()
                while child.alive and await left():  # noqa: ASYNC110 - nobody tells us
                    await asyncio.sleep(_POLL_SECONDS)
                return
        except AdminError:  # one that was to take over has closed it
            pass
        while child.alive and await self._connections(child.pid):  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(_CONNECTIONS_POLL_SECONDS)

    async def _connections(self, pid: int) -> int:
        return await asyncio.to_thread(connections_of, pid, {door.port for door in self._program.doors})

    def discard(self, instance: Instance) -> None:
        """Removes the folder of one that has ended."""
        shutil.rmtree(instance.folder, ignore_errors=True)

    def close(self) -> None:
        """Removes what its processes have left outside of their folders."""
        self._stop_listening()
        if self._program.hands_over:
            forget(self._settings.run, self.name)

    def _stop_listening(self) -> None:
        if self._successor is not None:
            self._successor.close()
            self._successor = None

    async def _is_ready(self, instance: Instance) -> bool:
        folder = instance.folder
        try:
            if (folder / READY_FILE).read_text().strip() != str(instance.child.pid):
                return False
        except FileNotFoundError:
            return False
        if not (folder / ADMIN_SOCKET).exists() or not await instance.admin.is_ready():
            return False
        for door in self._program.doors:
            try:
                _, writer = await asyncio.open_connection(door.address, door.port)
            except OSError:
                return False
            writer.close()
        return bool(self._program.doors) or await asyncio.to_thread(local_http.accepts, folder, DOOR_SOCKET)


def clear_folders(run: Path) -> None:
    """Removes what a platform of before has left: folders of processes, and what led to them."""
    for path in run.iterdir():
        if path.is_symlink() or path.is_socket():
            path.unlink()
        elif path.is_dir() and path.suffix[1:].isdigit():
            shutil.rmtree(path, ignore_errors=True)
