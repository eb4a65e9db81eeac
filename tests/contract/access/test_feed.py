"""What the product hands on to whoever decides: the policies of accounts, in a folder of the machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from portico_server.platform.access.sharing import FOLDER, SharedPolicies
from portico_server.platform.shared_words import FILE as SHARED_WORDS
from portico_server.platform.shared_words import SharedWords, Word
from tests.contract.access.stand import ACCOUNT, ADMIN, Stand
from tests.harness.waiting import POLL_SECONDS


def _deciding(stand: Stand) -> SharedPolicies:
    run: Path = stand.run
    return SharedPolicies(run / FOLDER, SharedWords(run / SHARED_WORDS), {"objects.bucket.read"})


async def test_a_document_that_cannot_be_read_is_written_anew(stand: Stand) -> None:
    await stand.do("CreateGroup", parent=ACCOUNT, group_id="g", group={})  # so that all is handed on
    decides = _deciding(stand)
    assert decides.knows(ADMIN)
    document = stand.run / FOLDER / "default.json"
    document.write_bytes(document.read_bytes()[:-10])
    SharedWords(stand.run / SHARED_WORDS).increase(Word.ACCESS)
    decides.current()
    assert list(decides.unreadable) == [ACCOUNT]
    async with asyncio.timeout(45):
        while decides.current() is None or decides.unreadable:  # noqa: ASYNC110  # a thread writes it
            await asyncio.sleep(POLL_SECONDS)
    assert decides.knows(ADMIN)
