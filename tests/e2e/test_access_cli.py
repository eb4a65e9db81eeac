"""The command line of access through a running gateway: everything that can be said by gRPC, and pleasant to read."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.shell_completion import CompletionItem

from portico_cli.completing import things
from portico_cli.main import run
from tests.harness import RunningPlatform, running_platform

ACCOUNT = "accounts/default"
ADMIN = f"{ACCOUNT}/principals/admin"
Portico = Callable[..., str]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with running_platform(tmp_path_factory.mktemp("cli")) as running:
        yield running


@pytest.fixture
def portico(
    platform: RunningPlatform, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Portico:
    """Runs `portico access …` in this process; answers what it prints, on both streams. `given`: its input."""
    monkeypatch.setenv("PORTICO_PROFILE_DIR", str(platform.profile))

    def call(*words: str, code: int = 0, given: str = "", profile: Path | None = None) -> str:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode())))
        answered = run(["access", *words, *(["--profile", str(profile)] if profile else [])])
        captured = capfdbinary.readouterr()
        told = captured.out.decode() + captured.err.decode()
        assert answered == code, told
        return told

    return call


def test_the_scope_of_a_role_is_shown_and_confirmed_before_an_invitation_goes_out(portico: Portico) -> None:
    portico("create", "resource-groups", "photos", json.dumps({"objects": [f"{ACCOUNT}/buckets/photos"]}))
    asked = ("invite", "ada", "--principal", "ada", "--role", "objects", "--on", "photos")
    assert "buckets/photos" in portico(*asked, code=2)
    assert "nothing was done" in portico(*asked, code=1, given="n\n")
    portico("show", "members", "ada", code=3)
    assert "portico access accept" in portico(*asked, given="y\n")
    portico("accept", "-", code=3, given="portico_invitation_ada.of-another\n")
    assert json.loads(portico("show", "policies", "ada-objects"))["principals"] == [f"{ACCOUNT}/members/ada"]
    assert "all domains, all of the account" in portico("invite", "bob", "--role", "administrator", "--yes")


def test_a_role_for_all_domains_goes_out_on_nothing_less(portico: Portico) -> None:
    portico("create", "resource-groups", "logs", json.dumps({"objects": [f"{ACCOUNT}/buckets/logs"]}))
    told = portico("invite", "carl", "--role", "administrator", "--on", "logs", "--yes", code=2)
    assert "applies to all domains" in told
    portico("show", "members", "carl", code=3)
    portico("invite", "carl", "--role", "nothing", code=3)
    portico("invite", "carl", "--on", "logs", code=2)


def test_an_invitation_is_renewed_and_a_member_changed_and_removed(portico: Portico) -> None:
    first = portico("invite", "dora", "--days", "1").split()[-1]
    second = portico("renew", "dora").split()[-1]
    assert first != second
    portico("update", "members", "dora", '{"displayName": "Dora"}')
    assert "Dora" in portico("list", "members")
    portico("accept", first, code=3)
    portico("remove", "dora", given="y\n")
    portico("show", "members", "dora", code=3)


def test_keys_are_listed_with_when_they_were_made_and_used(portico: Portico) -> None:
    portico("create", "keys", "of the laptop")
    (line,) = (line for line in portico("list", "keys").splitlines() if line.endswith("of the laptop"))
    assert re.search(r"  20[0-9-]{8} [0-9:]{8}  never  ", line), line


def test_whose_a_key_is_to_be_is_not_dropped(portico: Portico) -> None:
    before = portico("list", "keys")
    told = portico("create", "keys", "forada", json.dumps({"principal": f"{ACCOUNT}/principals/ada"}), code=2)
    assert "principal: an access key is its maker's" in told
    assert "`portico access create keys NAME`" in told
    assert portico("list", "keys") == before
    portico("create", "keys", "mine", json.dumps({"description": "of the laptop", "principal": ADMIN}))
    assert "lifetime" in portico("create", "keys", "wrong", '{"lifetime": 5}', code=2)


@pytest.mark.parametrize(
    ("kind", "field"),
    [("tokens", "principal"), ("tokens", "expireTime"), ("service-accounts", "principal"), ("groups", "createTime")],
)
def test_what_the_platform_says_itself_is_not_taken_from_whoever_writes_it(
    portico: Portico, kind: str, field: str
) -> None:
    name = re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", field)
    for command in ("create", "update"):
        told = portico(command, kind, "thing", json.dumps({field: "2030-01-01T00:00:00Z"}), code=2)
        assert f"{name}: the platform says that itself; leave it out" in told


def test_a_change_of_scope_shows_who_gains_and_loses_before_it_is_made(portico: Portico) -> None:
    portico("create", "service-accounts", "sue")
    portico("create", "resource-groups", "one", json.dumps({"objects": [f"{ACCOUNT}/buckets/one"]}))
    portico("grant", f"{ACCOUNT}/serviceAccounts/sue", "objects", "--on", "everything")
    told = portico("scope", "sue-objects", "--on", "one", code=1, given="n\n")
    assert "everything -> one" in told
    [lost] = [line for line in told.splitlines() if "loses" in line and "objects.object: " in line]
    assert lost.startswith("sue")
    assert "everything but buckets/one" in lost
    assert portico("simulate", "sue-objects", "--remove", "--on", f"{ACCOUNT}/buckets/one").count("loses") >= 2
    assert "nobody would" in portico("simulate", "sue-objects")
    portico("scope", "sue-objects", "--on", "one", "--yes")
    simulated = json.loads(portico("simulate", "sue-objects", "--remove", "--output", "json"))
    assert {change["resource"] for change in simulated["changes"]} == {f"{ACCOUNT}/buckets/one"}
    new = {"access": "ACCESS_ALLOW", "permissionGroups": [f"{ACCOUNT}/permissionGroups/dns"]}
    new |= {
        "resourceGroups": [f"{ACCOUNT}/resourceGroups/everything"],
        "principals": [f"{ACCOUNT}/serviceAccounts/sue"],
    }
    assert "gains  dns.zone: " in portico("simulate", "new", json.dumps(new))
    portico("simulate", "new", '{"nothing": 1}', code=2)


def test_zones_join_and_leave_a_domain_group(portico: Portico) -> None:
    portico("create", "domain-groups", "production")
    assert "has a.example, b.example" in portico("add-zone", "production", "a.example", "b.example")
    assert "has b.example" in portico("remove-zone", "production", f"{ACCOUNT}/zones/a.example")
    longest = ".".join(["a" * 63] * 3 + ["b" * 61])  # 253 characters, the most that a domain has
    assert longest in portico("add-zone", "production", longest)


def test_credentials_are_made_listed_rolled_and_revoked(portico: Portico) -> None:
    portico("create", "service-accounts", "nightly")
    made = portico("secret", "nightly", "--days", "30")
    assert "portico_secret_" in made
    secret_id = made.split()[1].rpartition("/")[2]
    assert secret_id in portico("secrets", "nightly")
    portico("delete-secret", "nightly", secret_id)
    assert "none" in portico("secrets", "nightly")
    first = portico("token", "ci", "--role", "objects", "--on", "everything", "--days", "1", "--from", "127.0.0.0/8")
    second = portico("roll", "ci")
    assert first.splitlines()[1] != second.splitlines()[1]
    portico("revoke", "ci")
    portico("show", "tokens", "ci", code=3)


def test_many_questions_are_asked_at_once(portico: Portico, tmp_path: Path) -> None:
    asked = ("objects.object.read", f"{ACCOUNT}/buckets/a", f"{ACCOUNT}/buckets/b")
    assert portico("check", *asked).count("allowed") == 2
    assert portico("check", *asked, "--principal", "nobody", code=4).count("denied") == 2
    questions = tmp_path / "questions"
    questions.write_text(f"# who may\nobjects.object.read {ACCOUNT}/buckets/a\ndns.zone.read {ACCOUNT} nobody\n")
    assert json.loads(portico("check", "--from", str(questions), "--output", "json", code=4))["allowed"] == [
        True,
        False,
    ]
    questions.write_text("one\n")
    assert f"{questions}:1: must be" in portico("check", "--from", str(questions), code=2)
    portico("check", "objects.object.read", code=2)


def test_a_field_that_there_is_not_is_a_mistake_of_whoever_wrote_it(portico: Portico) -> None:
    for fields in ('{"memberz": []}', '{"members": 5}'):
        told = portico("create", "groups", "unmade", fields, code=2)
        assert "the fields cannot be taken" in told
        assert "report" not in told
    portico("show", "groups", "unmade", code=3)


def test_the_policy_set_goes_out_and_comes_in_again(portico: Portico, tmp_path: Path) -> None:
    portico("create", "groups", "few")
    file = tmp_path / "policies.yaml"
    portico("export", str(file))
    text = file.read_text()
    assert portico("export") == text
    assert "0 new, 0 changed, 0 deleted" in portico("import", str(file), "--prune")
    file.write_text(text.replace("groups:\n  few: {}\n", "groups:\n  many: {}\n"))
    dry = portico("import", str(file), "--prune", "--dry-run")
    assert "groups/few (deleted)" in dry
    assert "1 new, 0 changed, 1 deleted" in dry
    portico("show", "groups", "few")
    assert "nothing was done" in portico("import", str(file), "--prune", code=1, given="n\n")
    portico("import", str(file), "--prune", "--yes")
    portico("show", "groups", "few", code=3)
    assert "0 new" in portico("import", "-", "--prune", given=file.read_text())
    file.write_text(file.read_text().replace("  many: {}", "  many:\n    members:\n    - members/nobody"))
    line = file.read_text().splitlines().index("    - members/nobody") + 1
    assert f"{file}:{line}: groups.many.members[0]: " in portico("import", str(file), code=5)
    file.write_text("a: [\n")
    assert f"{file}:2: no YAML" in portico("import", str(file), code=2)
    portico("import", str(tmp_path / "none"), code=3)


def test_what_is_mine_and_which_products_and_revisions(portico: Portico) -> None:
    assert {"access", "dns", "objects"} <= set(portico("mine", "--areas").split())
    portico("create", "groups", "revised")
    shown = json.loads(portico("revision", "--output", "json"))
    assert int(shown["now"]) == int(shown["seen"]) > 1


def test_names_are_completed(platform: RunningPlatform, portico: Portico) -> None:
    portico("create", "groups", "completed")
    found: list[CompletionItem] = things("Groups", "comp", str(platform.profile))
    assert [item.value for item in found] == ["completed"]
    roles = [item.value for item in things("PermissionGroups", "super", str(platform.profile))]
    assert roles == ["super-administrator"]


def test_every_method_of_the_contracts_has_a_command() -> None:
    """By reading what the commands call."""
    from portico._clients.access import method_names
    from portico_cli.commands import access
    from portico_cli.kinds import KINDS

    folder = Path(str(access.__file__)).parent
    source = "\n".join(path.read_text() for path in folder.glob("*.py"))
    called = {name for name in method_names() if f'"{name}"' in source}
    for kind in KINDS.values():
        called |= {f"{verb}{kind.one}" for verb in ("Get", "Create", "Update", "Delete")} | {f"List{kind.many}"}
    assert set(method_names()) <= called, set(method_names()) - called
