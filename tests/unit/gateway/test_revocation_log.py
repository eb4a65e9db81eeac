"""The log of revocations: durable, one for all processes, and cheap to ask."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from portico_server.gateway import revocation_log, revocation_room
from portico_server.gateway.revocation_log import LogFull, RevocationLog
from portico_server.platform.revocations import Kind, Revocation, of_line
from portico_server.platform.shared_words import SharedWords

ACCOUNT = "accounts/default"
NOW = 1_900_000_000


def token(subject: str = "t1", *, account: str = ACCOUNT, expires_at: int = NOW + 60) -> Revocation:
    return Revocation(Kind.TOKEN, account, subject, NOW, expires_at, revoked_by="somebody", reason="läßt\nnach")


def opened(folder: Path, now: float = NOW) -> RevocationLog:
    """As a process opens it."""
    return RevocationLog(folder / "revocations.jsonl", SharedWords(folder / "words"), lambda: now)


def test_what_one_process_revokes_every_other_knows_at_its_next_look(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    assert first.add(token()) == [token()]
    assert second.tokens == {}
    second.refresh()
    assert second.tokens == first.tokens == {"t1": {ACCOUNT}}


def test_it_is_there_after_a_restart_and_only_its_owners(tmp_path: Path) -> None:
    opened(tmp_path).add(token(), token("t2"), Revocation(Kind.SERIAL, ACCOUNT, "5a", NOW, NOW + 60))
    again = opened(tmp_path)
    assert (set(again.tokens), set(again.serials)) == ({"t1", "t2"}, {"5a"})
    assert stat.S_IMODE((tmp_path / "revocations.jsonl").stat().st_mode) == 0o600


def test_revoking_twice_is_revoking_once(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.add(token())
    assert log.add(Revocation(Kind.TOKEN, ACCOUNT, "t1", NOW + 5, NOW + 99)) == [token()]
    assert (tmp_path / "revocations.jsonl").read_bytes().count(b"\n") == 1


def test_a_later_revocation_of_a_principals_tokens_counts(tmp_path: Path) -> None:
    log = opened(tmp_path)
    for before in (NOW, NOW + 10, NOW + 5):
        log.add(Revocation(Kind.PRINCIPAL, ACCOUNT, "accounts/default/principals/p", NOW, NOW + 60, before))
    assert log.principals == {"accounts/default/principals/p": NOW + 10}


def test_one_account_cannot_undo_what_another_has_revoked(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.add(token())
    log.add(token(account="accounts/other"))
    assert log.tokens == {"t1": {ACCOUNT, "accounts/other"}}


def test_a_line_that_a_crash_cut_short_is_not_taken_and_written_over(tmp_path: Path) -> None:
    opened(tmp_path).add(token())
    with (tmp_path / "revocations.jsonl").open("ab") as file:
        file.write(token("half").to_line()[:30])
    log = opened(tmp_path)
    assert set(log.tokens) == {"t1"}
    log.add(token("t2"))
    assert set(opened(tmp_path).tokens) == {"t1", "t2"}


def test_a_file_that_is_something_else_is_named(tmp_path: Path) -> None:
    (tmp_path / "revocations.jsonl").write_text('{"kind": "token"}\n')
    with pytest.raises(ValueError, match=r"revocations\.jsonl: byte 0: no revocation"):
        opened(tmp_path)


def test_a_file_that_cannot_be_read_is_said_at_every_look_until_it_can(tmp_path: Path) -> None:
    first, second = opened(tmp_path), opened(tmp_path)
    first.add(token())
    path = tmp_path / "revocations.jsonl"
    path.rename(tmp_path / "aside")
    path.mkdir()
    for _ in range(2):
        with pytest.raises(OSError, match="Is a directory"):
            second.refresh()
    path.rmdir()
    (tmp_path / "aside").rename(path)
    second.refresh()
    assert set(second.tokens) == {"t1"}


def test_what_has_expired_goes_and_all_processes_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_log, "_MANY_EXPIRED", 1)
    log, later = opened(tmp_path), opened(tmp_path, NOW + 100)
    log.add(token(), token("t2", expires_at=NOW + 1000))
    later.refresh()
    later.prune()
    log.refresh()
    assert set(log.tokens) == set(later.tokens) == {"t2"}
    later.add(token("t3", expires_at=NOW + 1000))
    log.refresh()
    assert set(log.tokens) == {"t2", "t3"}


def test_more_than_it_holds_is_refused_until_some_expire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_room, "MAX_REVOCATIONS", 2)
    monkeypatch.setattr(revocation_room, "RESERVED", 0)
    log = opened(tmp_path)
    log.add(token("t1"), token("t2"))
    with pytest.raises(LogFull):
        log.add(token("t3"))
    later = opened(tmp_path, NOW + 100)
    later.add(token("t3", expires_at=NOW + 1000))
    assert set(later.tokens) == {"t3"}


def test_one_account_that_revokes_all_it_may_leaves_room_for_others_and_the_operator(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.take_in(*(token(f"made-up-{number}", account="accounts/evil") for number in range(most_tokens())))
    with pytest.raises(LogFull, match=r"accounts/evil may have 2,[0-9]{3} revocations .*--principal"):
        log.add(token("one-more", account="accounts/evil"))
    everybody = Revocation(Kind.PRINCIPAL, "accounts/evil", "accounts/evil/principals/p", NOW, NOW + 60, NOW)
    log.add(everybody)  # as the refusal advises
    for account in (ACCOUNT, "accounts/other", "accounts/third"):
        log.add(token("own", account=account))
        log.add(Revocation(Kind.PRINCIPAL, account, f"{account}/principals/p", NOW, NOW + 60, NOW))


def most_tokens() -> int:
    """How many tokens an account alone may revoke."""
    number = 0
    while number < revocation_room.may_have(Kind.TOKEN, "accounts/evil", {"accounts/evil": number}):
        number += 1
    return number


def test_the_operator_revokes_where_all_room_was_taken_before(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.take_in(*(token(f"t{number}", account="accounts/evil") for number in range(revocation_room.MAX_REVOCATIONS)))
    ada = Revocation(Kind.PRINCIPAL, ACCOUNT, "accounts/default/principals/ada", NOW, NOW + 60, NOW)
    assert log.add(ada, token("t")) == [ada, token("t")]
    with pytest.raises(LogFull):
        log.add(token("own", account="accounts/other"))


def test_a_refused_revocation_does_not_have_every_process_read_all_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation_room, "MAX_REVOCATIONS", 16)
    log = opened(tmp_path)
    log.add(token("t1", account="accounts/evil"))
    before = (tmp_path / "revocations.jsonl").stat().st_ino
    with pytest.raises(LogFull):
        log.add(token("t2", account="accounts/evil"))
    assert (tmp_path / "revocations.jsonl").stat().st_ino == before


def test_to_revoke_again_what_is_revoked_takes_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revocation_room, "MAX_REVOCATIONS", 8)
    log = opened(tmp_path)
    for before in (NOW, NOW + 1):
        log.add(Revocation(Kind.PRINCIPAL, "accounts/evil", "accounts/evil/principals/p", NOW, NOW + 60, before))
        log.take_in(token("fills", account="accounts/evil"))
    assert log.principals == {"accounts/evil/principals/p": NOW + 1}


def test_a_look_where_nothing_was_revoked_costs_less_than_a_microsecond(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.add(token())

    def nanoseconds_a_look() -> float:
        start = time.perf_counter_ns()
        for _ in range(1_000):
            log.refresh()
        return (time.perf_counter_ns() - start) / 1_000

    assert min(nanoseconds_a_look() for _ in range(20)) < 1_000


def test_a_file_that_was_written_anew_is_not_parsed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 lines would hold up all calls of a process for a second."""
    first, second = opened(tmp_path), opened(tmp_path)
    first.add(*(token(f"gone{number}", expires_at=NOW + 1) for number in range(1000)), token("stays"))
    second.refresh()
    parsed: list[bytes] = []

    def counted(line: bytes) -> Revocation:
        parsed.append(line)
        return of_line(line)

    monkeypatch.setattr(revocation_log, "of_line", counted)
    opened(tmp_path, now=NOW + 30).prune()
    parsed.clear()
    first.add(token("new"))
    parsed.clear()
    second.refresh()
    assert set(second.tokens) == {"stays", "new"}
    assert [of_line(line).subject for line in parsed] == ["new"]
