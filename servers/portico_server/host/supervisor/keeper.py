"""Keeps one process of the platform running: starts it, starts it again when it dies, replaces it on demand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from portico_server.host.supervisor.announcement import Event, StartError
from portico_server.host.supervisor.backoff import Backoff
from portico_server.host.supervisor.serving import Instance, ServingProcess
from portico_server.host.supervisor.state import ProcessState

_WAITING_SECONDS = 10.0
_TAIL_LINES = 15

Tell = Callable[[Event, str], None]


class Keeper:
    """Keeps a process running from `start` to `stop`.

    `overlaps`: whether one may take the place of another while that still serves. `tell` is told what happens,
    `changed` called whenever `state` says something else.
    """

    def __init__(self, process: ServingProcess, tell: Tell, changed: Callable[[], None], *, overlaps: bool) -> None:
        self._process = process
        self._tell = tell
        self._changed = changed
        self._overlaps = overlaps
        self._backoff = Backoff()
        self._restarts = 0
        self._phase = "starting"
        self._current: Instance | None = None
        self._next: Instance | None = None  # is to take its place
        self._leaving: set[asyncio.Task[None]] = set()
        self._asked: asyncio.Future[None] | None = None
        self._replacing = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def name(self) -> str:
        return self._process.name

    @property
    def state(self) -> ProcessState | None:
        """None until there is a process."""
        if self._current is None:
            return None
        child = self._current.child
        return ProcessState(self.name, child.pid, child.started_at, self._restarts, self._phase)

    @property
    def folder(self) -> Path | None:
        """Where the process runs; None until there is one."""
        return self._current.folder if self._current is not None else None

    async def start(self) -> None:
        """Returns when the process is ready. Raises StartError if it ended before."""
        self._running = asyncio.create_task(self._run())
        await asyncio.wait((self._running, self._ready), return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            self._running.result()
        self._ready.result()

    async def until_failed(self) -> None:
        """Never returns; raises what stopped the keeping, which is a fault of ours."""
        assert self._running is not None
        await self._running

    async def replace(self) -> None:
        """Has another process take the place of this one. Raises StartError where that one does not become ready; then
        the first one goes on."""
        if self._asked is None:
            self._asked = asyncio.get_running_loop().create_future()
            self._replacing.set()
        await asyncio.shield(self._asked)

    async def stop(self) -> None:
        """Ends the process, once its calls in flight have ended."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._next is not None:
            self._next.child.kill()
        if self._current is not None:
            self._show("stopping")
            await self._process.stop(self._current)
        await asyncio.gather(*self._leaving)
        self._process.close()

    async def _run(self) -> None:
        while True:
            instance = self._current = await self._started()
            self._show("starting")
            if not await self._until_ready(instance):
                await self._after_death(instance, await instance.child.wait())
                continue
            self._take_place(instance)
            self._tell_ready()
            await self._serve()

    async def _started(self) -> Instance:
        """Tries until that works, once there was one that was ready: a full disk must not end a platform that runs.
        Raises OSError."""
        while True:
            try:
                return await self._process.start()
            except OSError as error:
                if not self._ready.done():
                    raise
                await self._wait(f"{self._words} cannot be started: {error}", lived_seconds=0.0)

    async def _serve(self) -> None:
        """Returns when the current process is no more, and it is time for another."""
        while True:
            assert self._current is not None
            instance = self._current
            end = asyncio.create_task(self._process.wait_end(instance))
            asked = asyncio.create_task(self._replacing.wait())
            try:
                await asyncio.wait((end, asked), return_when=asyncio.FIRST_COMPLETED)
            finally:
                asked.cancel()
                if not end.done():
                    end.cancel()
            if end.done() and not end.cancelled():
                await self._after_death(instance, end.result())
                return
            if not self._overlaps:
                await self._leave(instance)
                return
            await self._take_over()

    async def _take_over(self) -> None:
        """Starts another process beside the current one, which then leaves in its own time."""
        before = self._current
        assert before is not None
        await asyncio.gather(*self._leaving)
        try:
            instance = self._next = await self._process.start(before)
        except OSError as error:
            self._go_on(before, f"it cannot be started: {error}")
            return
        if not await self._becomes_ready(instance, before):
            self._next = None
            end = await instance.child.wait()
            why = self._why(instance, end) if before.child.alive else "the one of before ended meanwhile"
            self._process.discard(instance)
            self._go_on(before, why)
            return
        self._current, self._next = instance, None
        self._take_place(instance)
        await self._leave(before, replaced=True)
        self._tell(Event.RESTARTED, f"{self._words} was replaced.")
        self._answer(None)

    async def _becomes_ready(self, instance: Instance, before: Instance) -> bool:
        """Whether it does, while the one of before lives: that one has to hand over, and would be waited for."""
        ready = asyncio.create_task(self._process.wait_ready(instance))
        end = asyncio.create_task(self._process.wait_end(before))
        try:
            await asyncio.wait((ready, end), return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                instance.child.kill()
                return False
            return ready.result()
        finally:
            ready.cancel()
            end.cancel()

    def _go_on(self, before: Instance, why: str) -> None:
        before.handed_over = False
        what_goes_on = "the one of before goes on" if before.child.alive else "another one is started"
        self._answer(StartError(f"The new process did not become ready, {what_goes_on}: {why}"))

    async def _leave(self, instance: Instance, *, replaced: bool = False) -> None:
        leaving = asyncio.create_task(self._end(instance, replaced))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        await asyncio.shield(leaving)

    async def _end(self, instance: Instance, replaced: bool) -> None:
        await self._process.stop(instance, replaced=replaced)
        self._process.discard(instance)

    def _take_place(self, instance: Instance) -> None:
        self._process.publish(instance)
        self._show("ready")

    def _tell_ready(self) -> None:
        if not self._ready.done():
            self._ready.set_result(None)
            return
        self._answer(None)
        self._tell(Event.RESTARTED, f"{self._words} is back.")

    def _answer(self, error: StartError | None) -> None:
        """Tells who asked for a replacement how it went."""
        asked, self._asked = self._asked, None
        self._replacing.clear()
        if asked is not None and not asked.done():
            asked.set_exception(error) if error else asked.set_result(None)

    async def _until_ready(self, instance: Instance) -> bool:
        ready = asyncio.create_task(self._process.wait_ready(instance))
        try:
            while not (await asyncio.wait((ready,), timeout=_WAITING_SECONDS))[0]:
                log = self._process.log.path
                self._tell(Event.WAITING, f"Still starting; {log} may say why it takes so long.")
            return ready.result()
        finally:
            ready.cancel()

    async def _after_death(self, instance: Instance, end: str) -> None:
        """Waits before the next start. Raises StartError if there was none that succeeded."""
        why = self._process.why_not_started(instance)
        if not self._ready.done():
            raise StartError(self._why_not_started(instance, end))
        self._process.discard(instance)
        self._restarts += 1
        self._show("restarting")
        news = f"{self._words} (process {instance.child.pid}) {end}{f' ({why})' if why else ''}"
        await self._wait(news, lived_seconds=time.time() - instance.child.started_at)

    async def _wait(self, news: str, *, lived_seconds: float) -> None:
        """Longer with each failure in a row; tells what happened and when it is tried again."""
        wait_seconds = self._backoff.after(lived_seconds)
        self._tell(Event.RESTARTING, f"{news}; starting it again in {wait_seconds:.1f} s.")
        await asyncio.sleep(wait_seconds)

    def _why_not_started(self, instance: Instance, end: str) -> str:
        log = self._process.log
        if why := self._process.why_not_started(instance):
            return f"The platform cannot start: {why}\n`portico doctor` looks for causes; more is in {log.path}"
        return f"{self._words} {end} before it was ready. {log.path} ends with:\n{log.tail(_TAIL_LINES)}"

    def _why(self, instance: Instance, end: str) -> str:
        return self._process.why_not_started(instance) or f"it {end}; {self._process.log.path} may say why"

    @property
    def _words(self) -> str:
        return "The front" if self.name == "front" else f"The process {self.name}"

    def _show(self, phase: str) -> None:
        self._phase = phase
        self._changed()
