"""Keeping a process running where something is in the way: a full disk, an end in the midst of a restart."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portico_server.host.supervisor import inotify
from portico_server.host.supervisor.announcement import Event, StartError
from portico_server.host.supervisor.keeper import Keeper
from portico_server.host.supervisor.programs import Program
from portico_server.host.supervisor.serving import ServingProcess
from portico_server.platform.settings import Settings

PATIENCE_SECONDS = 60.0
PROGRAM = """
import http.server, os, socket, socketserver

class Admin(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"idle: 0")
    do_POST = do_GET
    def log_message(self, *_): pass

door = socket.socket(socket.AF_UNIX)
door.bind("door.sock")
door.listen()
with socketserver.ThreadingUnixStreamServer("admin.sock", Admin) as server:
    with open("ready.next", "w") as file:
        file.write(str(os.getpid()))
    os.rename("ready.next", "ready")
    server.serve_forever()
"""
"""What the supervisor asks of a process, and no more."""
ASLEEP = """
import pathlib, time

pathlib.Path("asleep").touch()
time.sleep(3600)
"""
"""One that waits for the other's word."""


class Kept:
    """A keeper of what is written in `program`, and what it told. `in_the_way` makes the start with that number fail,
    as a full disk would."""

    def __init__(self, data: Path) -> None:
        self.run = data / "run"
        self.run.mkdir()
        self.program = data / "program.py"
        self.program.write_text(PROGRAM)
        command = [sys.executable, str(self.program)]
        self.process = ServingProcess(Settings(data=data), Program("objects", {}, command, os.environ))
        self.told: asyncio.Queue[tuple[Event, str]] = asyncio.Queue()
        self.keeper = Keeper(self.process, lambda *news: self.told.put_nowait(news), lambda: None, overlaps=True)

    def in_the_way(self, number: int) -> None:
        (self.run / f"objects.{number}").touch()

    @property
    def pid(self) -> int:
        assert self.keeper.state is not None
        return self.keeper.state.pid

    async def told_of(self, event: Event) -> str:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found, message = await self.told.get()
                if found is event:
                    return message


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[Kept]:
    kept = Kept(tmp_path)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await kept.keeper.start()
    yield kept
    await kept.keeper.stop()


async def test_what_cannot_be_started_again_is_tried_until_it_can(kept: Kept) -> None:
    kept.in_the_way(2)
    before = kept.pid
    os.kill(before, signal.SIGKILL)
    assert "was ended by SIGKILL" in await kept.told_of(Event.RESTARTING)
    assert "cannot be started" in await kept.told_of(Event.RESTARTING)
    await kept.told_of(Event.RESTARTED)
    assert kept.pid != before


async def test_one_that_dies_where_there_is_no_room_for_what_envoy_watches_says_so_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Kept(tmp_path)
    kept.program.write_text("import os; os.abort()")
    monkeypatch.setattr(inotify, "has_room", lambda: False)
    with pytest.raises(StartError, match=r"inotify instances .* allow more: sudo sysctl"):
        await kept.keeper.start()
    await kept.keeper.stop()


async def test_a_replacement_that_cannot_be_started_leaves_the_one_of_before(kept: Kept) -> None:
    kept.in_the_way(2)
    before = kept.pid
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(StartError, match="the one of before goes on: it cannot be started"):
            await kept.keeper.replace()
        assert kept.pid == before
        await kept.keeper.replace()
    assert kept.pid != before


async def test_a_replacement_whose_predecessor_dies_is_waited_for_no_longer(kept: Kept) -> None:
    kept.program.write_text(ASLEEP)
    before = kept.pid
    replacing = asyncio.create_task(kept.keeper.replace())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not list(kept.run.glob("objects.2/asleep")):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.01)
        kept.program.write_text(PROGRAM)
        os.kill(before, signal.SIGKILL)
        with pytest.raises(StartError, match="another one is started: the one of before ended meanwhile"):
            await replacing
    await kept.told_of(Event.RESTARTED)
    assert kept.pid != before


async def test_a_stop_between_a_death_and_the_next_start_is_in_order(kept: Kept) -> None:
    os.kill(kept.pid, signal.SIGKILL)
    await kept.told_of(Event.RESTARTING)
    await kept.keeper.stop()


async def test_one_that_has_died_is_stopped_though_its_folder_is_gone(kept: Kept) -> None:
    instance = await kept.process.start()
    instance.child.kill()
    await instance.child.wait()
    kept.process.discard(instance)
    await kept.process.stop(instance)
