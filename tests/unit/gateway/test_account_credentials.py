"""API tokens and what was issued for credentials of accounts, judged by the policies in memory."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from portico_server.gateway.account_credentials import REMEMBERED, AccountCredentials
from portico_server.platform.access.credentials import api_token_id, client_secret_id
from portico_server.platform.access.model import AccountPolicies, ApiToken
from portico_server.platform.access.policy_writer import PolicyWriter
from portico_server.platform.access.sharing import MAX_AGE_SECONDS, SharedPolicies
from portico_server.platform.authorization import Principal
from portico_server.platform.clock import Uptime
from portico_server.platform.errors import ApiError
from portico_server.platform.shared_words import SharedWords

ACCOUNT = "accounts/a"
ADA = f"{ACCOUNT}/principals/ada"
SECRET = "portico_token_ci." + "s" * 43
TOKEN_ID = api_token_id(SECRET)
HEADER = f"Bearer {SECRET}".encode()
HERE = "192.0.2.1"


class Machine:
    """The folder that processes share, with one account and what it gives out."""

    def __init__(self, folder: Path) -> None:
        self.seconds_later = 0
        self.uses: list[tuple[str, int]] = []
        self._folder, self._revision = folder, 0
        self._writer = PolicyWriter(folder / "access", SharedWords(folder / "words"))

    def process(self) -> AccountCredentials:
        words = SharedWords(self._folder / "words")
        shared = SharedPolicies(self._folder / "access", words, (), lambda: Uptime().mark() + self.seconds_later)
        return AccountCredentials(shared, lambda name, at: self.uses.append((name, at)))

    def keep(
        self, *tokens: ApiToken, principals: tuple[str, ...] = (ADA,), client_secrets: tuple[str, ...] = ()
    ) -> None:
        self._revision += 1
        policies = AccountPolicies(
            ACCOUNT,
            tokens={token.name: token for token in tokens},
            principals=frozenset(principals),
            client_secrets=frozenset(client_secrets),
        )
        self._writer.write(ACCOUNT, policies, self._revision)
        self._writer.tell()
        self._writer.is_fresh()

    def break_policies(self) -> None:
        """The file of the account is no document any more."""
        (path,) = (self._folder / "access").glob("*.json")
        path.write_bytes(b"{")
        self._writer.tell()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def token(**changes: Any) -> ApiToken:
    usual = {"name": f"{ACCOUNT}/apiTokens/ci", "token_id": TOKEN_ID, "principal": ADA, "policies": ()}
    return ApiToken(**{**usual, "expires_at": int(time.time()) + 600, "issued_at": 7, **changes})


def refused(credentials: AccountCredentials, header: bytes = HEADER, address: str = HERE) -> str:
    try:
        found = credentials.by_secret(header, address)
        assert found is not None
        credentials.check(found)
    except ApiError as error:
        return error.reason
    return "let in"


def test_its_secret_names_the_principal_who_issued_it_in_every_process(machine: Machine) -> None:
    processes = [machine.process() for _ in range(2)]
    assert [refused(process) for process in processes] == ["POLICIES_STALE"] * 2, "nobody knows yet which there are"
    machine.keep(token())
    for process in processes:
        found = process.by_secret(HEADER, HERE)
        assert found is not None
        process.check(found)
        assert (found.name, found.account, found.token_id, found.credential) == (ADA, "a", TOKEN_ID, TOKEN_ID)
        assert found.issued_at == 7
        assert process.by_secret(HEADER, HERE) is found, "what is known of it is remembered"
    machine.keep()
    assert [refused(process) for process in processes] == ["TOKEN_UNKNOWN"] * 2


@pytest.mark.parametrize(
    "header", [b"Bearer e.y.J", b"Basic cG9ydGljbw==", b"Bearer", b"Bearer portico_secret_x.y", b""]
)
def test_what_is_no_api_token_is_for_others_to_judge(machine: Machine, header: bytes) -> None:
    assert machine.process().by_secret(header, HERE) is None


@pytest.mark.parametrize("header", [HEADER + b"x", HEADER[:-1], HEADER.replace(b"ci", b"CI"), HEADER + b" x"])
def test_one_that_differs_in_a_letter_is_unknown(machine: Machine, header: bytes) -> None:
    machine.keep(token())
    assert refused(machine.process(), header) == "TOKEN_UNKNOWN"


def test_it_is_good_in_its_time_from_its_networks_and_while_its_issuer_belongs_to_the_account(machine: Machine) -> None:
    process, now = machine.process(), int(time.time())
    for changes, reason in (
        ({"not_before": now + 60}, "TOKEN_NOT_YET_VALID"),
        ({"expires_at": now}, "TOKEN_EXPIRED"),
        ({"source_cidrs": ("198.51.100.0/24",)}, "TOKEN_ADDRESS_REFUSED"),
    ):
        machine.keep(token(**changes))
        assert refused(process) == reason
    machine.keep(token(source_cidrs=("192.0.2.0/24",)))
    assert process.by_secret(HEADER, HERE) is not None
    assert refused(process, address="") == "TOKEN_ADDRESS_REFUSED"
    machine.keep(token(), principals=())
    assert refused(process) == "TOKEN_REVOKED"


def test_two_accounts_that_claim_one_id_open_nothing(machine: Machine) -> None:
    machine.keep(token(), token(name=f"{ACCOUNT}/apiTokens/other"))
    assert refused(machine.process()) == "TOKEN_UNKNOWN"


def test_what_nobody_has_compared_with_the_store_is_not_believed_for_long(machine: Machine) -> None:
    machine.keep(token())
    process = machine.process()
    assert process.by_secret(HEADER, HERE) is not None
    machine.seconds_later += MAX_AGE_SECONDS + 1
    assert refused(process) == "POLICIES_STALE"


def test_where_the_policies_of_an_account_cannot_be_read_nobody_calls_its_credentials_unknown(machine: Machine) -> None:
    machine.keep(token())
    process = machine.process()
    known = process.by_secret(HEADER, HERE)
    assert known is not None
    machine.break_policies()
    for one in (process, machine.process()):
        assert refused(one) == "POLICIES_UNREADABLE"
        with pytest.raises(ApiError) as error:
            one.check(known)
        assert error.value.reason == "POLICIES_UNREADABLE"
        assert error.value.code.name == "UNAVAILABLE"
        assert ACCOUNT not in error.value.message, "nobody was let in who might be told"
    machine.keep(token())
    assert refused(process) == "let in"


def test_what_was_issued_for_a_client_secret_falls_with_it(machine: Machine) -> None:
    process, secret_id = machine.process(), client_secret_id("abc")
    issued = Principal(ADA, "a", "jti", expires_at=int(time.time()) + 60, credential=secret_id)
    machine.keep(client_secrets=(secret_id,))
    process.check(issued)
    for kept in ({"client_secrets": ()}, {"client_secrets": (secret_id,), "principals": ()}):
        machine.keep(**kept)
        with pytest.raises(ApiError) as error:
            process.check(issued)
        assert error.value.reason == "TOKEN_REVOKED"


def test_its_use_is_noted_once_an_hour(machine: Machine) -> None:
    machine.keep(token())
    process = machine.process()
    for _ in range(3):
        found = process.by_secret(HEADER, HERE)
        assert found is not None
        process.note_use(found)
    assert [(name, at % 3600) for name, at in machine.uses] == [(f"{ACCOUNT}/apiTokens/ci", 0)]


def test_strangers_fill_no_memory(machine: Machine) -> None:
    machine.keep(token())
    process = machine.process()
    for number in range(REMEMBERED + 10):
        assert refused(process, HEADER + str(number).encode()) == "TOKEN_UNKNOWN"
    assert len(process._ids._values) == 0
