"""A front that does not answer is found out; one that does, or is not to be asked, is left alone."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import pytest

from portico_server.host.control import control_socket
from portico_server.host.run_folder import CONTROL_SOCKET
from portico_server.host.supervisor.liveness import is_alive, until_unresponsive


@pytest.fixture
def silent(tmp_path: Path) -> socket.socket:
    """A socket that takes connections and never answers, as that of a process whose loop hangs."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(tmp_path / CONTROL_SOCKET))
    listening.listen()
    return listening


async def test_a_loop_that_turns_is_alive(tmp_path: Path) -> None:
    async with control_socket(tmp_path / CONTROL_SOCKET, {}):
        assert await asyncio.to_thread(is_alive, tmp_path, 5.0)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(until_unresponsive(tmp_path, 0.3), 1.0)


async def test_one_that_does_not_answer_is_given_up_after_the_time_that_it_has(
    tmp_path: Path, silent: socket.socket
) -> None:
    begin = time.monotonic()
    await asyncio.wait_for(until_unresponsive(tmp_path, 0.6), 10)
    assert time.monotonic() - begin > 0.5
    silent.close()


async def test_one_answer_makes_up_for_silence(tmp_path: Path, silent: socket.socket) -> None:
    watching = asyncio.create_task(until_unresponsive(tmp_path, 0.9))
    await asyncio.to_thread(silent.accept)  # it was asked once, in vain
    (tmp_path / CONTROL_SOCKET).unlink()
    silent.close()
    async with control_socket(tmp_path / CONTROL_SOCKET, {}):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(watching, 1.5)


async def test_an_application_without_a_control_socket_is_not_asked(tmp_path: Path) -> None:
    assert is_alive(tmp_path, 1.0) is None
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until_unresponsive(tmp_path, 0.3), 0.8)
