"""What has changed of an account is read as what it is in full; also torn, written anew, or by another one."""

from __future__ import annotations

import dataclasses
import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico_server.platform.access import journal, policy_writer
from portico_server.platform.access.model import AccessKey, AccountPolicies, Group, Policy
from portico_server.platform.access.policy_writer import PolicyWriter
from portico_server.platform.access.sharing import SharedPolicies
from portico_server.platform.shared_words import SharedWords
from tests.unit.platform.access.test_properties import Question, check, examples, questions
from tests.unit.platform.access.worlds import ACCOUNTS, KNOWN, accounts

ACCOUNT = ACCOUNTS[0]
ADA = f"{ACCOUNT}/principals/ada"


class Machine:
    """The folder that processes share; `change` is what the one that keeps policies does."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.words = folder / "policies", folder / "words"
        self.writer = self.another_writer()
        self.last: tuple[AccountPolicies, int] | None = None
        self.revisions = itertools.count(1)

    def another_writer(self) -> PolicyWriter:
        return PolicyWriter(self.folder, SharedWords(self.words))

    def reader(self) -> SharedPolicies:
        return SharedPolicies(self.folder, SharedWords(self.words), KNOWN)

    def change(self, policies: AccountPolicies | None) -> None:
        revision = next(self.revisions)
        self.writer.write(ACCOUNT, policies, revision, self.last)
        self.writer.tell()
        self.last = None if policies is None else (policies, revision)

    @property
    def file(self) -> Path:
        return self.folder / "a.json"

    @property
    def lines(self) -> int:
        return self.file.read_bytes().count(b"\n")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def groups(count: int, *members: str) -> AccountPolicies:
    """So many groups, the last of which has members."""
    names = [f"{ACCOUNT}/groups/{number}" for number in range(count)]
    found = {name: Group(name, members if name == names[-1] else ()) for name in names}
    return AccountPolicies(ACCOUNT, groups=found, principals=frozenset({ADA}))


def model_of(shared: SharedPolicies) -> AccountPolicies | None:
    snapshot = shared.current()
    account = snapshot.account_of(ACCOUNT) if snapshot is not None else None
    return account.model if account is not None else None


def states() -> Iterator[st.SearchStrategy[AccountPolicies | None]]:
    secrets = st.frozensets(st.sampled_from(("sec.1", "sec.2")))
    yield st.builds(dataclasses.replace, accounts(ACCOUNT), client_secrets=secrets)
    yield st.none()


@examples(12)
@given(st.lists(st.tuples(st.one_of(*states()), st.booleans()), min_size=2, max_size=8), questions)
def test_who_follows_the_changes_decides_as_who_reads_the_whole(
    steps: list[tuple[AccountPolicies | None, bool]], question: Question
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(Path(folder))
        follows = machine.reader()
        for policies, reads in steps:
            machine.change(policies)
            if reads:
                assert model_of(follows) == policies
                check_all(follows, policies, question)
        last = steps[-1][0]
        assert model_of(follows) == model_of(machine.reader()) == last
        check_all(follows, last, question)


def check_all(shared: SharedPolicies, policies: AccountPolicies | None, question: Question) -> None:
    snapshot = shared.current()
    if policies is not None:
        assert snapshot is not None
        check(snapshot, {ACCOUNT: policies}, question)


def test_a_change_is_added_and_nothing_else_is_written(machine: Machine) -> None:
    machine.change(groups(3000))
    first = machine.file.read_bytes()
    machine.change(groups(3000, ADA))
    content = machine.file.read_bytes()
    assert content.startswith(first)
    assert len(content) - len(first) < 500
    assert model_of(machine.reader()) == groups(3000, ADA)


def test_a_file_is_written_anew_before_changes_outgrow_it(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_writer, "_SPARE_BYTES", 0)
    follows = machine.reader()
    most = 0
    for number in range(60):
        machine.change(groups(10, f"{ACCOUNT}/principals/{number}"))
        assert model_of(follows) == groups(10, f"{ACCOUNT}/principals/{number}")
        most = max(most, machine.lines)
    assert 3 < most < 20


def test_of_very_many_changes_at_once_all_is_written_anew(machine: Machine) -> None:
    follows = machine.reader()
    machine.change(groups(1))
    assert model_of(follows) == groups(1)
    machine.change(groups(1000))
    assert machine.lines == 2
    assert model_of(follows) == groups(1000)


def test_a_line_without_an_end_is_not_there_and_nothing_is_added_to_it(machine: Machine) -> None:
    follows = machine.reader()
    machine.change(groups(10))
    with machine.file.open("ab") as file:
        file.write(journal.line(journal.difference(groups(10), groups(10, ADA), 99))[:-20])
    machine.writer.tell()
    for reader in (follows, machine.reader()):
        assert model_of(reader) == groups(10)
        assert not reader.unreadable
    machine.change(groups(11))
    assert model_of(follows) == model_of(machine.reader()) == groups(11)


@pytest.mark.parametrize(
    "line", [b"{}", b"nonsense", b'{"revision":9,"elements":[["accounts/a/groups/1",{}]],"sets":{}}', b""]
)
def test_a_line_that_says_nothing_sensible_makes_the_account_unreadable(machine: Machine, line: bytes) -> None:
    follows = machine.reader()
    machine.change(groups(10))
    assert model_of(follows) == groups(10)
    with machine.file.open("ab") as file:
        file.write(line + b"\n")
    machine.writer.tell()
    for reader in (follows, machine.reader()):
        assert model_of(reader) is None
        assert list(reader.unreadable) == [ACCOUNT]


def test_a_file_that_lost_what_was_read_in_it_makes_the_account_unreadable(machine: Machine) -> None:
    follows = machine.reader()
    machine.change(groups(10))
    machine.change(groups(10, ADA))
    assert model_of(follows) == groups(10, ADA)
    lines = machine.file.read_bytes().splitlines(keepends=True)
    machine.file.write_bytes(b"".join(lines[:-1]))
    machine.writer.tell()
    assert model_of(follows) is None
    assert list(follows.unreadable) == [ACCOUNT]
    assert machine.writer.damaged({ACCOUNT: 2}) == [ACCOUNT]
    assert machine.writer.damaged({ACCOUNT: 1, "accounts/gone": 1}) == ["accounts/gone"]


def test_what_another_one_has_handed_on_meanwhile_is_not_added_to(machine: Machine) -> None:
    machine.change(groups(10))
    base, revision = groups(10), 1
    other = machine.another_writer()
    other.write(ACCOUNT, groups(10, ADA), revision + 1, (base, revision))
    machine.writer.write(ACCOUNT, groups(12), revision + 2, (base, revision))  # made of what was before that
    machine.writer.tell()
    assert machine.lines == 2
    assert model_of(machine.reader()) == groups(12)
    other.write(ACCOUNT, groups(10, ADA), revision + 1, (base, revision))
    other.write(ACCOUNT, None, revision + 1)
    assert model_of(machine.reader()) == groups(12), "older ones never take a newer one's place"
    assert machine.another_writer().newest() == revision + 2


def test_the_same_revision_is_written_anew_only_where_that_is_asked_for(machine: Machine) -> None:
    machine.change(groups(1))
    machine.writer.write(ACCOUNT, groups(2), 1)
    assert model_of(machine.reader()) == groups(1)
    machine.writer.write(ACCOUNT, groups(2), 1, anew=True)
    assert model_of(machine.reader()) == groups(2)


def test_a_full_disk_leaves_nothing_that_is_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.change(groups(10))
    write = policy_writer.os.write
    monkeypatch.setattr(policy_writer.os, "write", lambda file, line: write(file, line[: len(line) // 2]))
    with pytest.raises(OSError, match="disk is full"):
        machine.change(groups(10, ADA))
    monkeypatch.undo()
    machine.writer.tell()
    assert model_of(machine.reader()) == groups(10)
    machine.last = None
    machine.change(groups(10, ADA))
    assert model_of(machine.reader()) == groups(10, ADA)


def test_a_difference_is_what_it_is_made_of() -> None:
    policy = Policy(f"{ACCOUNT}/policies/p", (), (), (ADA,))
    before = dataclasses.replace(groups(3), policies={policy.name: policy})
    after = groups(2, ADA)
    found = journal.difference(before, after, 7)
    assert found.elements == {
        policy.name: None,
        f"{ACCOUNT}/groups/1": after.groups[f"{ACCOUNT}/groups/1"],
        f"{ACCOUNT}/groups/2": None,
    }
    assert journal.difference(before, before, 7).elements == {}


def test_the_release_before_reads_what_it_knows_and_is_read(machine: Machine) -> None:
    """Its documents have no access keys; of a line it takes `elements` and `sets`."""
    key = AccessKey(f"{ACCOUNT}/accessKeys/1", ADA, "c2VhbGVk")
    before, after = groups(2), dataclasses.replace(groups(3), access_keys={key.name: key})
    (line,) = journal.line(journal.difference(before, after, 2)).splitlines()
    assert [name for name, _ in json.loads(line)["elements"]] == [
        name for name, _ in json.loads(journal.line(journal.difference(before, groups(3), 2)))["elements"]
    ]
    machine.change(after)
    head, document, _ = machine.file.read_bytes().split(b"\n")
    fields = json.loads(document)
    del fields["access_keys"]
    machine.file.write_bytes(head + b"\n" + json.dumps(fields).encode() + b"\n")
    assert model_of(machine.reader()) == groups(3)
