"""A process that serves: its run folders, start, readiness and end. What runs in it is its `Program`."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path

from portico_server.host.run_folder import ADMIN_SOCKET, DOOR_SOCKET, DRAINING_FILE, READY_FILE
from portico_server.host.start_failure import told
from portico_server.host.supervisor import admin, local_http
from portico_server.host.supervisor.child import Child
from portico_server.host.supervisor.liveness import until_unresponsive
from portico_server.host.supervisor.logs import BoundedLog
from portico_server.host.supervisor.programs import Program
from portico_server.platform.private_files import make_private_folder, replace_file
from portico_server.platform.settings import Settings

_POLL_SECONDS = 0.01
_SHUTDOWN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Instance:
    """A program that was started: its own folder, and its process."""

    folder: Path
    child: Child


class ServingProcess:
    """Starts a program, again and again if need be, each time in a folder of its own: `run/NAME.1` and on. `run/NAME`
    leads to the one that serves."""

    def __init__(self, settings: Settings, program: Program) -> None:
        self._settings = settings
        self._program = program
        self._numbers = itertools.count(1)
        self.log = BoundedLog(settings.data / "logs" / f"{program.name}.log")

    @property
    def name(self) -> str:
        return self._program.name

    async def start(self) -> Instance:
        """Starts the process; it is not ready yet."""
        folder = self._settings.run / f"{self.name}.{next(self._numbers)}"
        make_private_folder(folder)
        for name, content in self._program.files.items():
            replace_file(folder / name, content)
        child = await Child.start(self._program.command, folder, self._program.environment, self.log)
        return Instance(folder, child)

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
        """What the process itself said why it cannot start, in a sentence; empty where it said nothing."""
        return told(instance.folder)

    async def stop(self, instance: Instance) -> None:
        """Lets calls in flight end, for `drain_seconds` at most, then ends the process."""
        (instance.folder / DRAINING_FILE).touch(mode=0o600)
        with contextlib.suppress(admin.AdminError, TimeoutError):
            await admin.drain(instance.folder)
            async with asyncio.timeout(self._settings.drain_seconds):
                while instance.child.alive and await admin.active_requests(instance.folder):  # noqa: ASYNC110
                    await asyncio.sleep(_POLL_SECONDS)  # nobody tells us
        await instance.child.stop(_SHUTDOWN_SECONDS)

    def discard(self, instance: Instance) -> None:
        """Removes the folder of one that has ended."""
        shutil.rmtree(instance.folder, ignore_errors=True)

    async def _is_ready(self, instance: Instance) -> bool:
        folder = instance.folder
        try:
            if (folder / READY_FILE).read_text().strip() != str(instance.child.pid):
                return False
        except FileNotFoundError:
            return False
        if not (folder / ADMIN_SOCKET).exists() or not await admin.is_ready(folder):
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
