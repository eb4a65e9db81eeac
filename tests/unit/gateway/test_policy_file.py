"""The built-in policy file."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from structlog.testing import capture_logs

from portico_server.gateway import policy_file
from portico_server.gateway.policy import compile_policy
from portico_server.gateway.policy_file import PolicyFile
from portico_server.platform.authorization import Filter, Principal, below
from portico_server.platform.limits import Limits
from portico_server.platform.policy_bindings import Binding, PolicyError, Rules, read_rules, rules_of
from portico_server.platform.shared_words import SharedWords

ALICE = Principal("accounts/default/principals/alice", "default")
BOB = Principal("accounts/default/principals/bob", "default")
BUCKET = "accounts/default/buckets/photos"


def binding(permissions: str = "*", resources: str = "accounts/default", **more: str) -> str:
    """One binding of alice's as TOML; `principals` and `access` may be given."""
    principals = more.get("principals", ALICE.name)
    access = f'access = "{more["access"]}"\n' if "access" in more else ""
    lists = {"principals": principals, "permissions": permissions, "resources": resources}
    lines = [f"{key} = [{', '.join(repr(item) for item in value.split())}]" for key, value in lists.items()]
    return "[[bindings]]\n" + "\n".join(lines) + "\n" + access


def policy(tmp_path: Path, *bindings: str) -> PolicyFile:
    path = tmp_path / "policy.toml"
    path.write_text("\n".join(bindings))
    return PolicyFile(path, "portico.local")


class TestDecisions:
    """What is allowed."""

    def test_a_binding_covers_its_resource_and_all_below_and_nothing_beside(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding("objects.object.read", BUCKET))

        assert rules.allows(ALICE, "objects.object.read", BUCKET)
        assert rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/a/b/c")
        assert not rules.allows(ALICE, "objects.object.read", BUCKET + "2")
        assert not rules.allows(ALICE, "objects.object.read", BUCKET + "-2/objects/a")
        assert not rules.allows(ALICE, "objects.object.read", "accounts/default")

    def test_nobody_else_and_nothing_else_is_allowed(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding("objects.object.read", BUCKET))

        assert not rules.allows(BOB, "objects.object.read", BUCKET)
        assert not rules.allows(ALICE, "objects.object.update", BUCKET)

    def test_an_empty_policy_allows_nothing(self, tmp_path: Path) -> None:
        assert not policy(tmp_path, "").allows(ALICE, "objects.object.read", BUCKET)

    @pytest.mark.parametrize(
        ("pattern", "allowed"),
        [
            ("*", True),
            ("objects.*", True),
            ("objects.object.*", True),
            ("objects.object.read", True),
            ("objects.bucket.*", False),
            ("objects.object.update", False),
            ("gateway.*", False),
        ],
    )
    def test_permissions_have_wildcards_by_product_and_noun(self, tmp_path: Path, pattern: str, allowed: bool) -> None:
        assert policy(tmp_path, binding(pattern)).allows(ALICE, "objects.object.read", BUCKET) is allowed

    def test_a_denial_wins_wherever_it_stands(self, tmp_path: Path) -> None:
        allow = binding("*", f"{BUCKET}/objects/a")
        deny_above = binding("objects.object.read", "accounts/default", access="deny")
        for order in ([allow, deny_above], [deny_above, allow]):
            rules = policy(tmp_path, *order)
            assert not rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/a")
            assert rules.allows(ALICE, "objects.object.update", f"{BUCKET}/objects/a")

    def test_a_denial_below_leaves_the_rest_allowed(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding(), binding("*", f"{BUCKET}/objects/secret/", access="deny"))

        assert not rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/secret/a")
        assert rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/secret")
        assert rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/open")

    def test_a_prefix_of_a_key_covers_the_keys_that_begin_with_it(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding("*", f"{BUCKET}/objects/2026/"))

        assert rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/2026/a")
        assert rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/2026/")
        assert not rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/2026")
        assert not rules.allows(ALICE, "objects.object.read", f"{BUCKET}/objects/20260/a")

    @pytest.mark.parametrize("seed", range(20))
    def test_it_decides_as_the_plain_definition_does(self, seed: int) -> None:
        chance = random.Random(seed)
        segments = ["accounts/a", "/buckets/b", "/buckets/c", "/objects/x", "/objects/x/y", "/objects/", "/objects/x/"]
        names = [segments[0] + "".join(chance.choices(segments[1:], k=chance.randrange(3))) for _ in range(30)]
        bindings = [
            Binding(
                (ALICE.name,), (chance.choice(["*", "p.*", "p.n.*", "p.n.v", "q.n.v"]),), (chance.choice(names),), deny
            )
            for deny in chance.choices([False, True], weights=[3, 1], k=8)
        ]
        rules = compile_policy(bindings, "portico.local")

        for name in names:
            bearing = [item for item in bindings if item.permissions[0] != "q.n.v" and below(name, item.resources[0])]
            expected = any(not item.deny for item in bearing) and not any(item.deny for item in bearing)
            assert rules.allows(ALICE.name, "p.n.v", name) is expected, name


class TestFilters:
    """What lists may show."""

    def test_everything_where_the_parent_is_covered(self, tmp_path: Path) -> None:
        assert policy(tmp_path, binding()).filter(ALICE, "objects.object.list", BUCKET) == Filter(everything=True)

    def test_nothing_where_nothing_is_allowed(self, tmp_path: Path) -> None:
        assert policy(tmp_path, binding()).filter(BOB, "objects.object.list", BUCKET) == Filter(everything=False)

    def test_what_is_allowed_below_the_parent(self, tmp_path: Path) -> None:
        entries = f"{BUCKET}/objects/b/ {BUCKET}/objects/a accounts/default/buckets/other"
        rules = policy(tmp_path, binding("*", entries))

        assert rules.filter(ALICE, "objects.object.list", BUCKET) == Filter(
            everything=False, allow=(f"{BUCKET}/objects/a", f"{BUCKET}/objects/b/")
        )

    def test_denials_below_are_taken_out_and_denials_above_take_all(self, tmp_path: Path) -> None:
        below_it = policy(tmp_path, binding(), binding("*", f"{BUCKET}/objects/x/", access="deny"))
        assert below_it.filter(ALICE, "objects.object.list", BUCKET) == Filter(True, (), (f"{BUCKET}/objects/x/",))

        above_it = policy(tmp_path, binding("*", f"{BUCKET}/objects/a"), binding(access="deny"))
        assert above_it.filter(ALICE, "objects.object.list", BUCKET) == Filter(everything=False)


class TestCertificates:
    """Callers without a token."""

    def test_a_certificate_is_a_caller_only_where_its_spiffe_id_is_named(self, tmp_path: Path) -> None:
        edge = "spiffe://portico.local/default/edge"
        rules = policy(tmp_path, binding(), binding("objects.object.read", BUCKET, principals=edge))

        principal = rules.certificate_principal(edge)

        assert principal == Principal("accounts/default/principals/edge", "default")
        assert rules.allows(principal, "objects.object.read", BUCKET)
        assert rules.certificate_principal("spiffe://portico.local/default/alice") is None

    def test_one_of_another_trust_domain_names_nobody(self, tmp_path: Path) -> None:
        elsewhere = "spiffe://elsewhere.local/default/edge"
        rules = policy(tmp_path, binding(principals=elsewhere))

        assert rules.certificate_principal(elsewhere) is None
        assert not rules.knows("accounts/default/principals/edge")

    def test_it_knows_whom_any_binding_names(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding(access="deny"))

        assert rules.knows(ALICE.name)
        assert not rules.knows(BOB.name)


class TestMistakes:
    """Every mistake is told with file, line and element."""

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("[[bindings]\n", "not TOML"),
            ("[[rules]]\n", "rules"),
            ("bindings = 1\n", "bindings: must be an array"),
            ("bindings = [1]\n", "bindings[0]: must be a table"),
            (binding() + binding("objects"), "policy.toml:5: bindings[1].permissions[0]: is 'objects'"),
            (binding("*.read"), "bindings[0].permissions[0]"),
            (binding("objects.*.read"), "bindings[0].permissions[0]"),
            (binding(resources="accounts/default/"), "bindings[0].resources[0]"),
            (binding(resources="accounts/default accounts/*"), "bindings[0].resources[1]"),
            (binding(principals="admin"), "bindings[0].principals[0]"),
            (binding(access="maybe"), "bindings[0].access: is 'maybe'"),
            (binding() + "who = 1\n", "bindings[0].who: unknown"),
            ("[[bindings]]\nprincipals = []\n", "bindings[0].principals"),
            (binding().replace("'*'", "1"), "bindings[0].permissions[0]: is 1"),
        ],
    )
    def test_the_element_is_named(self, tmp_path: Path, text: str, told: str) -> None:
        with pytest.raises(PolicyError) as error:
            policy(tmp_path, text)

        assert str(tmp_path / "policy.toml") in str(error.value)
        assert told in str(error.value)

    def test_a_missing_file_opens_nothing_and_one_that_cannot_be_read_is_an_error(self, tmp_path: Path) -> None:
        assert not PolicyFile(tmp_path / "policy.toml", "portico.local").allows(ALICE, "objects.object.read", BUCKET)
        (tmp_path / "policy.toml").mkdir()
        with pytest.raises(PolicyError, match="cannot be read"):
            PolicyFile(tmp_path / "policy.toml", "portico.local")


class TestReloading:
    """The file is read again when it changes."""

    def test_a_change_is_in_force_at_the_next_look(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding())
        assert rules.allows(ALICE, "objects.object.read", BUCKET)

        replace(tmp_path / "policy.toml", binding(principals=BOB.name))
        rules.reload_if_changed()

        assert not rules.allows(ALICE, "objects.object.read", BUCKET)
        assert rules.allows(BOB, "objects.object.read", BUCKET)

    async def test_it_is_watched_in_the_background(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(policy_file, "POLL_SECONDS", 0.01)
        rules = policy(tmp_path, binding())
        watching = asyncio.create_task(rules.watch())

        replace(tmp_path / "policy.toml", "")
        async with asyncio.timeout(5):
            while rules.allows(ALICE, "objects.object.read", BUCKET):  # noqa: ASYNC110 - the file system has no event
                await asyncio.sleep(0.01)
        watching.cancel()

    @pytest.mark.parametrize("broken", ["[[", binding("nonsense")])
    def test_a_broken_file_leaves_the_former_policy_in_force_and_is_logged_once(
        self, tmp_path: Path, broken: str
    ) -> None:
        rules = policy(tmp_path, binding())
        replace(tmp_path / "policy.toml", broken)

        with capture_logs() as logs:
            rules.reload_if_changed()
            rules.reload_if_changed()

        assert rules.allows(ALICE, "objects.object.read", BUCKET)
        assert [line["event"] for line in logs] == ["policy_not_reloaded"]

    def test_a_file_that_is_removed_says_nothing_any_more(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding())
        (tmp_path / "policy.toml").unlink()
        rules.reload_if_changed()
        assert not rules.allows(ALICE, "objects.object.read", BUCKET)
        assert not rules.problem
        assert not PolicyFile(tmp_path / "policy.toml", "portico.local").knows(ALICE.name)

    def test_a_mended_file_is_in_force_again(self, tmp_path: Path) -> None:
        rules = policy(tmp_path, binding())
        replace(tmp_path / "policy.toml", "[[")
        rules.reload_if_changed()

        replace(tmp_path / "policy.toml", "")
        rules.reload_if_changed()

        assert not rules.allows(ALICE, "objects.object.read", BUCKET)

    async def test_a_file_that_was_broken_only_while_it_was_read_is_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(policy_file, "POLL_SECONDS", 0.01)
        rules = policy(tmp_path, binding())
        path, aside = tmp_path / "policy.toml", tmp_path / "aside"
        replace(path, "")
        read, reads = rules._read, []

        def broken_meanwhile() -> Any:
            if reads:
                return read()
            path.rename(aside)
            path.write_text("[[")
            reads.append(read())
            aside.rename(path)
            return reads[0]

        monkeypatch.setattr(rules, "_read", broken_meanwhile)
        watching = asyncio.create_task(rules.watch())
        async with asyncio.timeout(30):
            while rules.allows(ALICE, "objects.object.read", BUCKET):  # noqa: ASYNC110 - the file system has no event
                await asyncio.sleep(0.01)
        watching.cancel()
        assert reads
        assert not rules.problem

    async def test_two_changes_within_one_tick_of_the_clock_are_both_seen(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        same = policy_file._Stamp(time.time_ns() + 10**7, 0, 0, 0)
        monkeypatch.setattr(policy_file, "_stamp_of", lambda found: same)
        monkeypatch.setattr(policy_file, "_SETTLED_NS", 10**12)
        monkeypatch.setattr(policy_file, "time", SimpleNamespace(time_ns=lambda: same.changed_ns + 1))
        monkeypatch.setattr(policy_file, "POLL_SECONDS", 0.01)
        rules = policy(tmp_path, binding())
        watching = asyncio.create_task(rules.watch())
        (tmp_path / "policy.toml").write_text(binding(principals=BOB.name))
        async with asyncio.timeout(30):
            while rules.allows(ALICE, "objects.object.read", BUCKET):  # noqa: ASYNC110 - the file system has no event
                await asyncio.sleep(0.01)
        watching.cancel()
        assert rules.allows(BOB, "objects.object.read", BUCKET)
        assert rules.version == 1


def replace(path: Path, text: str) -> None:
    """As an editor does: a new file in the place of the old one."""
    path.with_suffix(".new").write_text(text)
    os.replace(path.with_suffix(".new"), path)


def test_a_decision_takes_microseconds_however_many_bindings_there_are(tmp_path: Path) -> None:
    bindings = [
        Binding(
            (f"accounts/default/principals/p{number % 100}",), ("objects.*",), (f"accounts/default/buckets/b{number}",)
        )
        for number in range(10_000)
    ]
    rules = compile_policy(bindings, "portico.local")
    name = "accounts/default/buckets/b707/objects/a/b/c/d"
    assert rules.allows("accounts/default/principals/p7", "objects.object.read", name)

    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(1000):
            rules.allows("accounts/default/principals/p7", "objects.object.read", name)
        best = min(best, time.perf_counter() - started)

    assert best / 1000 < 50e-6


class TestLimits:
    """Limits of principals, in the same file."""

    def test_a_principal_has_those_of_its_table_and_others_the_usual(self, tmp_path: Path) -> None:
        table = f'[[limits]]\nprincipals = ["{ALICE.name}"]\ncalls_per_second = 2.5\nconcurrent_calls = 3\n'
        rules = policy(tmp_path, binding(), table)

        assert rules.limits_of(ALICE.name) == Limits(2.5, 0, 3)
        assert rules.limits_of(BOB.name) is None
        assert rules.allows(ALICE, "objects.object.read", BUCKET)

    @pytest.mark.parametrize(
        ("line", "error"),
        [
            ("calls_per_second = -1", r"policy\.toml:1: limits\[0\]\.calls_per_second: is -1"),
            ("call_burst = 1.5", r"limits\[0\]\.call_burst: is 1\.5; give a number"),
            ("concurrent_calls = true", r"limits\[0\]\.concurrent_calls: is True"),
            ("calls = 1", r"limits\[0\]\.calls: unknown"),
        ],
    )
    def test_what_is_no_limit_is_refused_by_name(self, tmp_path: Path, line: str, error: str) -> None:
        with pytest.raises(PolicyError, match=error):
            policy(tmp_path, f'[[limits]]\nprincipals = ["{ALICE.name}"]\n{line}\n')

    def test_a_principal_has_one_table(self, tmp_path: Path) -> None:
        table = f'[[limits]]\nprincipals = ["{ALICE.name}"]\n'
        with pytest.raises(PolicyError, match=r"limits\[1\]\.principals: .*alice has limits already"):
            policy(tmp_path, table, table)


class Counted:
    """Counts the calls of a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.count = 0

    def __call__(self, *arguments: Any) -> Any:
        self.count += 1
        return self._function(*arguments)


class TestSeveralProcesses:
    """Two processes with one file."""

    @pytest.fixture
    def both(self, tmp_path: Path) -> tuple[PolicyFile, PolicyFile]:
        (tmp_path / "policy.toml").write_text(binding())
        first, second = (
            PolicyFile(tmp_path / "policy.toml", "portico.local", SharedWords(tmp_path / "words")) for _ in range(2)
        )
        return first, second

    def test_none_decides_by_the_old_policy_once_one_decides_by_the_new(
        self, tmp_path: Path, both: tuple[PolicyFile, PolicyFile]
    ) -> None:
        first, second = both
        assert second.allows(ALICE, "objects.object.read", BUCKET)
        replace(tmp_path / "policy.toml", binding(principals=BOB.name))
        first.reload_if_changed()
        assert not second.allows(ALICE, "objects.object.read", BUCKET)
        assert (first.version, second.version) == (1, 1)

    def test_none_counts_by_the_old_limits_once_one_counts_by_the_new(
        self, tmp_path: Path, both: tuple[PolicyFile, PolicyFile]
    ) -> None:
        first, second = both
        replace(tmp_path / "policy.toml", f'[[limits]]\nprincipals = ["{ALICE.name}"]\nconcurrent_calls = 3\n')
        first.reload_if_changed()
        assert (first.version, second.version) == (1, 1), "by which the limiter knows that it must ask anew"
        limits = first.limits_of(ALICE.name)
        assert limits is not None
        assert second.limits_of(ALICE.name) == limits

    async def test_what_was_read_while_something_newer_came_into_force_is_not_put_in_its_place(
        self, tmp_path: Path, both: tuple[PolicyFile, PolicyFile], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first, second = both
        has_read, may_return, stats = threading.Event(), threading.Event(), Counted(os.stat)

        def read_slowly(path: Path, content: bytes) -> Rules:
            rules = rules_of(path, content)
            if threading.current_thread() is not threading.main_thread():
                has_read.set()
                assert may_return.wait(30)
            return rules

        monkeypatch.setattr(policy_file, "POLL_SECONDS", 0.01)
        monkeypatch.setattr(policy_file, "rules_of", read_slowly)
        replace(tmp_path / "policy.toml", binding(principals=BOB.name))
        watching = asyncio.create_task(first.watch())
        assert await asyncio.to_thread(has_read.wait, 30)

        replace(tmp_path / "policy.toml", "")
        second.reload_if_changed()
        assert not first.allows(BOB, "objects.object.read", BUCKET)

        monkeypatch.setattr(policy_file, "os", SimpleNamespace(stat=stats, fstat=os.fstat))
        may_return.set()
        async with asyncio.timeout(30):
            while stats.count < 4:  # noqa: ASYNC110 - by then it has dealt with what it read, and has looked again
                await asyncio.sleep(0.01)
        watching.cancel()
        assert not first.allows(BOB, "objects.object.read", BUCKET)

    def test_once_both_have_read_a_large_file_none_looks_for_it_at_each_decision(
        self, tmp_path: Path, both: tuple[PolicyFile, PolicyFile], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        replace(tmp_path / "policy.toml", binding(principals=BOB.name) + "# a long remark\n" * 2000)
        for rules in both:
            rules.reload_if_changed()
            rules.allows(BOB, "objects.object.read", BUCKET)
        for rules in both:
            rules.allows(BOB, "objects.object.read", BUCKET)

        stats = Counted(os.stat)
        monkeypatch.setattr(policy_file, "os", SimpleNamespace(stat=stats, fstat=os.fstat))
        for rules in both:
            assert rules.allows(BOB, "objects.object.read", BUCKET)
        assert stats.count == 0

    def test_a_broken_file_is_in_force_nowhere_and_both_say_so(
        self, tmp_path: Path, both: tuple[PolicyFile, PolicyFile]
    ) -> None:
        for rules in both:
            replace(tmp_path / "policy.toml", "[[bindings]]\n")
            with capture_logs() as logs:
                rules.reload_if_changed()
            assert logs[0]["event"] == "policy_not_reloaded"
            assert rules.problem
            assert rules.allows(ALICE, "objects.object.read", BUCKET)
        replace(tmp_path / "policy.toml", binding(principals=BOB.name))
        both[0].reload_if_changed()
        assert not both[1].allows(ALICE, "objects.object.read", BUCKET)
        assert not both[1].problem


def test_a_file_nested_without_end_is_refused_as_any_other(tmp_path: Path) -> None:
    """What is not foreseen would end the watch, and no later policy come in force."""
    path = tmp_path / "policy.toml"
    path.write_text(f"bindings = {'[' * 50_000}")
    with pytest.raises(PolicyError, match="not TOML"):
        read_rules(path)
