"""What the product hands on to whoever decides: the policies of accounts, in a folder of the machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from portico_server.access.publishing import Publishing
from portico_server.platform.access.model import AccountPolicies
from portico_server.platform.access.policy_writer import PolicyWriter
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


def _publishing(stand: Stand, folder: Path) -> tuple[Publishing, PolicyWriter, SharedPolicies]:
    """Of another machine, on the same store."""
    words = SharedWords(folder / "words")
    writer = PolicyWriter(folder / FOLDER, words)
    return Publishing(stand.book, writer), writer, SharedPolicies(folder / FOLDER, words, {"objects.bucket.read"})


async def test_changes_of_others_are_handed_on_one_by_one(stand: Stand, tmp_path: Path) -> None:
    publishing, _, decides = _publishing(stand, tmp_path)
    await publishing.start()
    (file,) = (tmp_path / FOLDER).iterdir()
    whole = file.read_bytes()
    for number in range(3):
        await stand.do("CreateGroup", parent=ACCOUNT, group_id=f"g{number}", group={})
        await publishing.publish()
    assert file.read_bytes().startswith(whole)
    assert file.read_bytes().count(b"\n") == whole.count(b"\n") + 3
    snapshot = decides.current()
    assert snapshot is not None
    account = snapshot.account_of(ACCOUNT)
    assert account is not None
    assert account.model == (await stand.book.load(ACCOUNT))[0]


async def test_what_is_newer_than_a_store_that_was_restored_is_not_in_force(stand: Stand, tmp_path: Path) -> None:
    publishing, writer, decides = _publishing(stand, tmp_path)
    future = 10**9
    for account in (ACCOUNT, "accounts/later"):
        writer.write(account, AccountPolicies(account, principals=frozenset({"somebody"})), future)
    writer.has_handed_on(future)
    writer.tell()
    assert decides.knows("somebody")
    await publishing.start()
    assert not decides.knows("somebody")
    assert decides.knows(ADMIN)
    assert decides.revision < future
