"""Access keys by the policies in memory: the same in every process, gone at once, and their secrets opened there."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from portico_server.gateway.account_access_keys import AccountAccessKeys
from portico_server.gateway.account_credentials import AccountCredentials
from portico_server.platform.access.model import AccessKey, AccountPolicies
from portico_server.platform.access.policy_writer import PolicyWriter
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.errors import ApiError
from portico_server.platform.keyring.sealing import Sealing
from portico_server.platform.shared_words import SharedWords

ACCOUNT, OTHER = "accounts/a", "accounts/b"
ADA = f"{OTHER}/principals/ada"
KEY_ID = "abcdefghij234567klmn"
NAME = f"{ACCOUNT}/accessKeys/{KEY_ID}"
SECRET = b"a secret access key of 40 characters...."
SEALING = Sealing(b"k" * 32, "access")


class Machine:
    """The folder that processes share."""

    def __init__(self, folder: Path) -> None:
        self.uses: list[tuple[str, int]] = []
        self.folder, self._revision = folder, 0
        self._writer = PolicyWriter(folder / "access", SharedWords(folder / "words"))

    def _shared(self) -> SharedPolicies:
        return SharedPolicies(self.folder / "access", SharedWords(self.folder / "words"), ())

    def process(self, sealing: Sealing = SEALING) -> AccountAccessKeys:
        return AccountAccessKeys(self._shared(), sealing)

    def credentials(self) -> AccountCredentials:
        return AccountCredentials(self._shared(), lambda name, at: self.uses.append((name, at)))

    def keep(self, *keys: AccessKey, account: str = ACCOUNT, principals: tuple[str, ...] = (ADA,)) -> None:
        self._revision += 1
        policies = AccountPolicies(
            account, access_keys={key.name: key for key in keys}, principals=frozenset(principals)
        )
        self._writer.write(account, policies, self._revision)
        self._writer.tell()
        self._writer.is_fresh()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def key(name: str = NAME, secret: bytes = SECRET, created_at: int = 7) -> AccessKey:
    return AccessKey(name, ADA, base64.b64encode(SEALING.seal(secret, name.encode())).decode(), created_at)


def test_every_process_knows_whose_it_is_and_opens_its_secret(machine: Machine) -> None:
    processes = [machine.process() for _ in range(2)]
    machine.keep(key())
    for process in processes:
        found = process.get(KEY_ID)
        assert found is not None
        assert (found.id, found.account, found.secret()) == (KEY_ID, "a", SECRET)
        assert (found.principal.name, found.principal.account) == (ADA, "b")
        assert found.principal.credential == found.principal.token_id == f"key.{KEY_ID}"
        assert found.principal.issued_at == 7
        assert process.get(KEY_ID) is found, "what is known of it is remembered"
        assert process.get(KEY_ID.upper()) is None
    machine.keep()
    assert [process.get(KEY_ID) for process in processes] == [None, None]


def test_it_is_nobodys_when_its_principal_is_not_of_the_account_any_more(machine: Machine) -> None:
    process = machine.process()
    machine.keep(key())
    assert process.get(KEY_ID) is not None
    machine.keep(key(), principals=())
    assert process.get(KEY_ID) is None


def test_calls_in_flight_fall_with_it(machine: Machine) -> None:
    process, credentials = machine.process(), machine.credentials()
    machine.keep(key())
    found = process.get(KEY_ID)
    assert found is not None
    credentials.check(found.principal)
    machine.keep()
    with pytest.raises(ApiError) as error:
        credentials.check(found.principal)
    assert error.value.reason == "TOKEN_REVOKED"


def test_another_secret_of_the_same_id_is_another_key(machine: Machine) -> None:
    process = machine.process()
    machine.keep(key())
    before = process.get(KEY_ID)
    machine.keep(key(secret=b"other"))
    after = process.get(KEY_ID)
    assert before is not after is not None
    assert after.secret() == b"other"


def test_an_id_that_two_accounts_claim_is_nobodys(machine: Machine) -> None:
    process = machine.process()
    machine.keep(key())
    machine.keep(key(f"{OTHER}/accessKeys/{KEY_ID}"), account=OTHER)
    assert process.get(KEY_ID) is None
    machine.keep(account=OTHER)
    assert process.get(KEY_ID) is not None


def test_one_that_was_sealed_elsewhere_or_for_another_name_is_not_opened(machine: Machine) -> None:
    machine.keep(key())
    elsewhere = machine.process(Sealing(b"x" * 32, "access")).get(KEY_ID)
    sealed = key(f"{ACCOUNT}/accessKeys/other").sealed
    machine.keep(AccessKey(NAME, ADA, sealed))
    moved = machine.process().get(KEY_ID)
    for found in (elsewhere, moved):
        assert found is not None
        with pytest.raises(ApiError) as error:
            found.secret()
        assert error.value.reason == "ACCESS_KEY_UNREADABLE"


def test_its_use_is_noted_once_an_hour(machine: Machine) -> None:
    machine.keep(key())
    found, credentials = machine.process().get(KEY_ID), machine.credentials()
    assert found is not None
    for _ in range(3):
        credentials.note_use(found.principal)
    assert [(name, at % 3600) for name, at in machine.uses] == [(NAME, 0)]


def test_nothing_is_known_before_policies_are_handed_on_or_where_they_cannot_be_read(machine: Machine) -> None:
    process = machine.process()
    with pytest.raises(ApiError) as error:
        process.get(KEY_ID)
    assert error.value.reason == "POLICIES_STALE"
    machine.keep(key())
    (path,) = (machine.folder / "access").glob("*.json")
    path.write_bytes(b"{")
    with pytest.raises(ApiError) as error:
        machine.process().get(KEY_ID)
    assert error.value.reason == "POLICIES_UNREADABLE"


def test_the_files_are_their_owners_alone_and_hold_no_secret(machine: Machine) -> None:
    machine.keep(key())
    (path,) = (machine.folder / "access").glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600
    assert SECRET not in path.read_bytes()
    assert SECRET.decode() not in repr(key())
    assert key().sealed not in repr(key())
