"""Policies of accounts beside the policy file: what either allows, unless either denies; in every process, and not for
ever without their store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from portico_server.gateway.account_policies import AccountPoliciesBesideFile
from portico_server.gateway.policy_file import PolicyFile
from portico_server.platform.access.documents import of_document, to_document
from portico_server.platform.access.model import (
    AccessKey,
    AccountPolicies,
    ApiToken,
    Conditions,
    DomainGroup,
    Group,
    PermissionGroup,
    Policy,
    ResourceGroup,
)
from portico_server.platform.access.policy_writer import PolicyWriter
from portico_server.platform.access.sharing import MAX_AGE_SECONDS, SharedPolicies
from portico_server.platform.authorization import Filter, Principal
from portico_server.platform.clock import Uptime
from portico_server.platform.errors import ApiError
from portico_server.platform.shared_words import SharedWords

ACCOUNT = "accounts/a"
ADA, BOB = (Principal(f"{ACCOUNT}/principals/{name}", "a") for name in ("ada", "bob"))
READ, WRITE = "objects.object.read", "objects.object.create"
BUCKET, OTHER = f"{ACCOUNT}/buckets/b", f"{ACCOUNT}/buckets/o"

FILE = """
[[bindings]]
principals = ["accounts/a/principals/bob"]
permissions = ["*"]
resources = ["accounts/a"]

[[bindings]]
principals = ["accounts/a/principals/ada"]
permissions = ["objects.object.create"]
resources = ["accounts/a"]
access = "deny"
"""


def policies(*denied: str, principals: tuple[str, ...] = (ADA.name, BOB.name)) -> AccountPolicies:
    """Ada may do all with a bucket; whom `denied` names may read nothing in it."""
    everything = PermissionGroup("pg", ("*",))
    reading = PermissionGroup("reading", (READ,))
    group = ResourceGroup("rg", ACCOUNT, objects=(BUCKET,))
    allow = Policy("allow", ("pg",), ("rg",), (ADA.name,))
    deny = Policy("deny", ("reading",), ("rg",), denied, deny=True)
    return AccountPolicies(
        ACCOUNT,
        {"pg": everything, "reading": reading},
        {"rg": group},
        policies={"allow": allow, "deny": deny},
        principals=frozenset(principals),
    )


@dataclass
class Machine:
    """The folder that processes share. `process` is a further one of them."""

    folder: Path
    seconds_later: int = 0

    def __post_init__(self) -> None:
        (self.folder / "policy.toml").write_text(FILE)
        self.writer = PolicyWriter(self.folder / "access", SharedWords(self.folder / "words"))
        self.revision = 0

    def process(self, *, kept: bool = False) -> AccountPoliciesBesideFile:
        words = SharedWords(self.folder / "words")
        shared = SharedPolicies(
            self.folder / "access", words, {READ, WRITE}, lambda: Uptime().mark() + self.seconds_later
        )
        return AccountPoliciesBesideFile(PolicyFile(self.folder / "policy.toml", "t", words), shared, kept=kept)

    def change(self, given: AccountPolicies | None) -> None:
        self.revision += 1
        self.writer.write(ACCOUNT, given, self.revision)
        self.writer.tell()
        self.writer.is_fresh()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_policies_the_file_decides(machine: Machine) -> None:
    decides = machine.process()
    assert decides.allows(BOB, READ, BUCKET)
    assert not decides.allows(ADA, READ, BUCKET)
    assert decides.filter(BOB, READ, ACCOUNT) == Filter(everything=True)


def test_nothing_is_decided_before_the_policies_that_are_kept_are_known(machine: Machine) -> None:
    decides = machine.process(kept=True)
    for ask in (lambda: decides.allows(BOB, READ, BUCKET), lambda: decides.filter(BOB, READ, ACCOUNT)):
        with pytest.raises(ApiError) as refused:
            ask()
        assert refused.value.reason == "POLICIES_NOT_READ"
    machine.change(policies(BOB.name))
    assert not decides.allows(BOB, READ, BUCKET)
    assert decides.allows(BOB, READ, OTHER)


def test_a_change_is_decided_by_in_every_process_at_once(machine: Machine) -> None:
    first, second = machine.process(), machine.process()
    machine.change(policies())
    for decides in (first, second):
        assert decides.allows(ADA, READ, BUCKET)
        assert not decides.allows(ADA, READ, OTHER)
        assert decides.filter(ADA, READ, ACCOUNT) == Filter(False, (BUCKET,))
        assert decides.knows(ADA.name)
    machine.change(policies(principals=(BOB.name,)))
    assert not any(decides.allows(ADA, READ, BUCKET) for decides in (first, second))
    machine.change(None)
    assert first.allows(BOB, READ, BUCKET)


def test_a_deny_of_either_wins(machine: Machine) -> None:
    machine.change(policies(BOB.name))
    decides = machine.process()
    assert not decides.allows(BOB, READ, BUCKET)
    assert decides.allows(BOB, READ, OTHER)
    assert BUCKET in decides.filter(BOB, READ, ACCOUNT).deny
    assert not decides.allows(ADA, WRITE, BUCKET), "the file denies it"
    assert decides.filter(ADA, WRITE, ACCOUNT) == Filter(everything=False)


def test_what_is_ones_own_is_for_who_belongs_to_the_account_unless_it_is_denied(machine: Machine) -> None:
    machine.change(policies(BOB.name))
    decides = machine.process()
    assert decides.allows_own(ADA, READ, OTHER), "no policy allows it, and none denies it"
    assert not decides.allows(ADA, READ, OTHER)
    assert not decides.allows_own(BOB, READ, BUCKET), "a policy denies it"
    assert not decides.allows_own(ADA, WRITE, OTHER), "the file denies it"
    assert not decides.allows_own(Principal("accounts/b/principals/eve", "b"), READ, OTHER), "a stranger"
    assert not decides.allows_own(replace(ADA, credential="api.1"), READ, OTHER), "an API token"
    assert not decides.allows_own(replace(ADA, scope=frozenset({READ})), READ, OTHER), "a narrowed token"
    assert not decides.allows_own(replace(ADA, foreign=True), READ, OTHER), "another issuer's token"
    assert not decides.allows_own(replace(ADA, exchanged_from=("another",)), READ, OTHER), "exchanged for another"
    by_secret = replace(ADA, exchanged_from=("secret.1",), credential="secret.1")
    assert decides.allows_own(by_secret, READ, OTHER), "a client that has logged in"
    machine.seconds_later += MAX_AGE_SECONDS + 1
    with pytest.raises(ApiError, match="cannot be told"):
        decides.allows_own(ADA, READ, OTHER)
    machine.change(policies(principals=(BOB.name,)))
    machine.seconds_later = 0
    assert not decides.allows_own(ADA, READ, OTHER), "she has left"


def test_what_nobody_has_compared_with_the_store_allows_nothing_and_goes_on_denying(machine: Machine) -> None:
    machine.change(policies(BOB.name))
    decides = machine.process()
    machine.seconds_later += MAX_AGE_SECONDS + 1
    with pytest.raises(ApiError, match="cannot be told"):
        decides.allows(ADA, READ, BUCKET)
    with pytest.raises(ApiError, match="cannot be told"):
        decides.filter(ADA, READ, ACCOUNT)  # and not an empty list
    assert not decides.allows(BOB, READ, BUCKET)
    assert decides.filter(BOB, READ, ACCOUNT) == Filter(True, (), (BUCKET,))
    assert decides.allows(BOB, READ, OTHER), "an operator can still get in by the file"


def test_an_api_token_gets_nothing_from_the_file(machine: Machine) -> None:
    token = ApiToken("t", "api.1", BOB.name, (Policy("own", ("reading",), ("rg",)),))
    given = policies()
    given.tokens["t"] = token
    given.policies["bob"] = Policy("bob", ("pg",), ("rg",), (BOB.name,))
    machine.change(given)
    decides = machine.process()
    for token_id, allowed in (("api.1", True), ("api.gone", False)):
        caller = Principal(BOB.name, "a", token_id, credential=token_id)
        assert decides.allows(caller, READ, BUCKET) is allowed
        assert not decides.allows(caller, WRITE, BUCKET)
        assert not decides.filter(caller, READ, ACCOUNT).shows(OTHER)


def test_the_file_denies_an_api_token_what_it_denies_its_principal(machine: Machine) -> None:
    given = policies()
    given.tokens["t"] = ApiToken("t", "api.1", ADA.name, (Policy("own", ("pg",), ("rg",)),))
    machine.change(given)
    caller, decides = Principal(ADA.name, "a", "api.1"), machine.process()
    assert decides.allows(caller, READ, BUCKET)
    assert not decides.allows(caller, WRITE, BUCKET)
    assert not decides.filter(caller, WRITE, ACCOUNT).shows(BUCKET)
    denied = FILE.replace('"accounts/a"]\naccess', f'"{BUCKET}/objects/1"]\naccess')
    (machine.folder / "policy.toml").write_text(denied)
    decides = machine.process()
    shown = decides.filter(caller, WRITE, ACCOUNT)
    assert shown.shows(f"{BUCKET}/objects/2")
    assert not shown.shows(f"{BUCKET}/objects/1")


def test_an_older_revision_never_takes_a_newer_ones_place(machine: Machine) -> None:
    machine.change(policies())
    machine.writer.write(ACCOUNT, policies(principals=()), machine.revision)
    machine.writer.write(ACCOUNT, None, machine.revision)
    machine.writer.tell()
    assert machine.process().allows(ADA, READ, BUCKET)


def _spoil(machine: Machine, content: str) -> None:
    (machine.folder / "access" / "a.json").write_text(content)
    machine.writer.tell()


@pytest.mark.parametrize(
    "content",
    ['{"account": "accounts/a"', to_document(AccountPolicies("accounts/b"), 9).decode()],
    ids=["torn", "other"],
)
@pytest.mark.parametrize("known", [True, False], ids=["was read before", "was never read"])
def test_nothing_is_allowed_in_an_account_whose_policies_cannot_be_read(
    machine: Machine, content: str, known: bool
) -> None:
    machine.change(policies(BOB.name))
    decides = machine.process()
    if known:
        assert not decides.allows(BOB, READ, BUCKET)
    _spoil(machine, content)
    for principal in (ADA, BOB):  # Bob may by the file, but for a deny that nobody can read
        for resource in (ACCOUNT, BUCKET):
            with pytest.raises(ApiError, match="cannot be read") as refused:
                decides.allows(principal, READ, resource)
            assert refused.value.reason == "POLICIES_UNREADABLE"
        with pytest.raises(ApiError, match="cannot be read"):
            decides.filter(principal, READ, ACCOUNT)
    assert "accounts/a: its policies cannot be read" in decides.problem()


def test_an_account_that_cannot_be_read_has_no_part_in_others(machine: Machine) -> None:
    with (machine.folder / "policy.toml").open("a") as file:
        file.write(FILE.replace('accounts/a"]', 'accounts/c"]'))
    machine.change(policies())
    decides = machine.process()
    _spoil(machine, "")
    assert decides.allows(BOB, READ, "accounts/c/buckets/b")
    assert decides.filter(BOB, READ, "accounts/c") == Filter(everything=True)


def test_what_cannot_be_read_is_told_to_whoever_keeps_it_and_holds_once_it_is_written_anew(machine: Machine) -> None:
    machine.change(policies(BOB.name))
    decides = machine.process()
    before = machine.writer.complaints()
    _spoil(machine, "")
    assert decides.problem()
    assert machine.writer.complaints() != before
    assert machine.writer.damaged({ACCOUNT: 1}) == [ACCOUNT]
    machine.writer.write(ACCOUNT, policies(BOB.name), machine.revision, anew=True)
    machine.writer.tell()
    assert machine.writer.damaged({ACCOUNT: 1}) == []
    assert decides.problem() == ""
    assert decides.allows(ADA, READ, BUCKET)
    assert not decides.allows(BOB, READ, BUCKET)


def test_a_document_says_all() -> None:
    conditions = Conditions(1, 2, ("10.0.0.0/8",), True, 3)
    policy = Policy("p", ("pg",), ("rg",), (ADA.name,), True, conditions)
    given = AccountPolicies(
        ACCOUNT,
        {"pg": PermissionGroup("pg", (READ,))},
        {"rg": ResourceGroup("rg", ACCOUNT, True, (BUCKET,), ("dg",), (OTHER,), ("dg",))},
        {"dg": DomainGroup("dg", (f"{ACCOUNT}/zones/z",))},
        {"g": Group("g", (ADA.name,))},
        {"p": policy},
        {"t": ApiToken("t", "api.1", ADA.name, (policy,), 1, 2, ("10.0.0.0/8",), 3)},
        frozenset({ADA.name}),
        frozenset({"sec.1"}),
        {"k": AccessKey("k", ADA.name, "c2VhbGVk", 3)},
    )
    assert of_document(to_document(given, 7)) == (given, 7)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b'{"revision": 1}', b"[" * 100_000])
def test_what_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        of_document(content)
