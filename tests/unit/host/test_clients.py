"""Another process's clients: known by their secrets as if they were this one's."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from portico_server.host.clients import ClientsElsewhere, answering
from portico_server.platform.authorization import Principal
from portico_server.platform.errors import ApiError

ROBOT = Principal("accounts/a/principals/robot", "a", exchanged_from=("sec.1",), scope=frozenset({"dns.*"}))
SECRET = "\u2603" * 5000
"""Of nearly 16 KiB, and each character is longer in JSON."""


class _Robots:
    async def authenticate(self, client_id: str, secret: str) -> Principal | None:
        if client_id == "broken":
            raise RuntimeError("no database")
        return ROBOT if (client_id, secret) == ("robot", SECRET) else None


@pytest_asyncio.fixture
async def socket(tmp_path: Path) -> AsyncIterator[Path]:
    async with answering(tmp_path / "clients.sock", _Robots()):
        yield tmp_path / "clients.sock"


async def test_a_client_is_known_by_its_secret_and_nobody_else(socket: Path) -> None:
    elsewhere = ClientsElsewhere(str(socket))
    assert await elsewhere.authenticate("robot", SECRET) == ROBOT
    assert await elsewhere.authenticate("robot", "\n" + SECRET) is None
    assert await elsewhere.authenticate("", "") is None


async def test_only_this_user_may_ask(socket: Path) -> None:
    assert stat.S_IMODE(os.stat(socket).st_mode) == 0o600


@pytest.mark.parametrize("question", [b"", b"nonsense\n", b"{}\n", b"[]\n", b"x" * 300_000 + b"\n"])
async def test_what_is_no_question_gets_no_answer_and_harms_nobody(socket: Path, question: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(question)
    writer.write_eof()
    try:
        assert await asyncio.wait_for(reader.read(), 30) == b""
    except ConnectionResetError:
        pass
    finally:
        writer.close()
    assert await ClientsElsewhere(str(socket)).authenticate("robot", SECRET) == ROBOT


async def test_where_nobody_answers_the_caller_is_told_to_try_again(socket: Path, tmp_path: Path) -> None:
    for path, client_id in ((tmp_path / "none.sock", "robot"), (socket, "broken")):
        with pytest.raises(ApiError) as refused:
            await ClientsElsewhere(str(path)).authenticate(client_id, SECRET)
        assert refused.value.reason == "CLIENTS_UNAVAILABLE"
