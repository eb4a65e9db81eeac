"""A process of the platform: it never outlives the supervisor, and what it prints goes to a bounded log."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from portico_server.host.supervisor.logs import BoundedLog

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """A running process. `started_at` is seconds since 1970."""

    def __init__(self, process: asyncio.subprocess.Process, log: BoundedLog) -> None:
        self._process = process
        self._printing = asyncio.create_task(self._copy(log))
        self.pid = process.pid
        self.started_at = time.time()

    @classmethod
    async def start(
        cls, command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], log: BoundedLog
    ) -> Child:
        """Raises OSError."""
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # Away from the terminal's signals: an interrupt is for the supervisor, which lets calls end first.
            start_new_session=True,
            preexec_fn=die_with(os.getpid()),
        )
        return cls(process, log)

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def wait(self) -> str:
        """Waits for its end; says how it ended, for people."""
        code = await self._process.wait()
        await asyncio.shield(self._printing)  # else who gives up waiting would end the log of the one that waits next
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    async def stop(self, patience_seconds: float) -> None:
        """Asks it to end (SIGTERM), and ends it (SIGKILL) when it has not after that time."""
        if self.alive:
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), patience_seconds)
        except TimeoutError:
            self.kill()
        await self.wait()

    def kill(self) -> None:
        if self.alive:
            self._process.kill()

    async def _copy(self, log: BoundedLog) -> None:
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(64 * 1024):
            log.write(chunk)


def die_with(parent: int) -> Callable[[], None]:
    """What a new process does first (`preexec_fn`): asks the kernel to kill it when its parent dies, however that
    happens."""

    most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]  # each connection is one

    def prepare() -> None:
        os.umask(0o077)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most_files, most_files))
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return prepare
