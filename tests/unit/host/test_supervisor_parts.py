"""The supervisor's small parts: logs that are bounded, back-off, the lock, the port, the state file."""

from __future__ import annotations

import asyncio
import datetime
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portico_server.host.supervisor import data_lock, renewal
from portico_server.host.supervisor.announcement import Announcement, Event, StartError, from_json
from portico_server.host.supervisor.backoff import FIRST_SECONDS, HEALTHY_SECONDS, LONGEST_SECONDS, Backoff
from portico_server.host.supervisor.child import Child
from portico_server.host.supervisor.clock import expires_soon, renewal_time
from portico_server.host.supervisor.data_lock import DataLock, holder, is_taken
from portico_server.host.supervisor.first_start import prepare
from portico_server.host.supervisor.logs import BoundedLog
from portico_server.host.supervisor.port import ReservedPort, holder_of
from portico_server.host.supervisor.renewal import renew_node_certificate, unending
from portico_server.host.supervisor.state import ProcessState, State, read_state, write_state
from portico_server.platform.keyring import Keyring, authority


def test_a_log_never_takes_more_than_twice_its_limit(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "logs" / "x.log", limit_bytes=100)
    for number in range(50):
        log.write(f"line {number:04}\n".encode())
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "logs").iterdir()}
    assert set(sizes) == {"x.log", "x.log.1"}
    assert max(sizes.values()) <= 100
    assert (tmp_path / "logs" / "x.log").read_text().endswith("line 0049\n")


def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    for word in (b"one\n", b"two\n"):
        log = BoundedLog(tmp_path / "x.log")
        log.write(word)
        log.close()
    assert (tmp_path / "x.log").read_bytes() == b"one\ntwo\n"


def test_a_logs_tail_is_its_last_lines(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log")
    log.write(b"a\nb\n")
    log.write(b"c\n")
    assert log.tail(2) == "b\nc"


def test_a_full_disk_loses_lines_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "x.log").symlink_to("/dev/full")
    log = BoundedLog(tmp_path / "x.log")
    log.write(b"lost")
    assert log.tail(1) == "lost"


def test_a_log_that_cannot_begin_anew_touches_no_other_file(tmp_path: Path) -> None:
    """Its number, closed and kept, would be that of the next file that is opened."""
    (tmp_path / "x.log.1" / "in the way").mkdir(parents=True)
    log = BoundedLog(tmp_path / "x.log", limit_bytes=10)
    log.write(b"0123456789")
    log.write(b"lost")
    with (tmp_path / "other").open("w+") as other:
        log.write(b"lost, too")
        other.write("untouched")
        other.flush()
        assert (tmp_path / "other").read_text() == "untouched"
    (tmp_path / "x.log.1" / "in the way").rmdir()
    (tmp_path / "x.log.1").rmdir()
    log.write(b"kept")
    assert (tmp_path / "x.log").read_bytes() == b"kept"


async def test_who_gives_up_waiting_for_a_process_leaves_its_log_to_the_others(tmp_path: Path) -> None:
    """What it printed may be read a moment after its end, or long after, where a child of its own still prints."""
    log = BoundedLog(tmp_path / "x.log")
    script = "(read line <go; echo late) & exit 3"
    os.mkfifo(tmp_path / "go")
    child = await Child.start(["/bin/sh", "-c", script], tmp_path, os.environ, log)
    impatient = asyncio.create_task(child.wait())
    async with asyncio.timeout(60):
        while child.alive:  # noqa: ASYNC110 - nobody tells us
            await asyncio.sleep(0.01)
    for _ in range(10):  # the end comes to who waits
        await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    waiting = asyncio.create_task(child.wait())
    (tmp_path / "go").write_text("now\n")
    async with asyncio.timeout(60):
        assert await waiting == "ended with exit code 3"
    assert log.tail(1) == "late"


def test_deaths_in_a_row_wait_longer_and_longer_up_to_a_bound() -> None:
    backoff = Backoff()
    waits = [backoff.after(0.0) for _ in range(12)]
    assert waits[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS]
    assert waits[-1] == LONGEST_SECONDS


def test_who_lived_long_starts_afresh() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.after(0.0)
    assert backoff.after(HEALTHY_SECONDS) == FIRST_SECONDS


def test_a_certificate_is_due_with_a_third_of_its_life_left() -> None:
    now = datetime.datetime.now(datetime.UTC)
    hour = datetime.timedelta(hours=1)
    assert renewal_time(now, now + 3 * hour) == now + 2 * hour
    assert not expires_soon(now - hour, now + 2 * hour + hour / 60)
    assert expires_soon(now - 2 * hour, now + hour - hour / 60)


async def test_a_certificate_that_could_not_be_put_in_force_is_renewed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one in force has a third of its life left, the one that was made has all of it."""
    monkeypatch.setattr(renewal, "PATIENCE_SECONDS", 0.01)
    hour_seconds = 3600
    keyring = Keyring.open(tmp_path, "portico.local", ["localhost"])
    with monkeypatch.context() as patched:
        an_hour_ago = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=hour_seconds)
        patched.setattr(authority, "_now", lambda: an_hour_ago)
        due = keyring.new_node_certificate(lifetime_seconds=hour_seconds)
    outcomes: list[Exception | None] = [OSError("the disk is full"), None]
    said, in_force = list[str](), asyncio.Event()

    shown = [due]

    def renew() -> None:
        renewed = keyring.new_node_certificate(lifetime_seconds=hour_seconds)
        if (failure := outcomes.pop(0)) is not None:
            raise failure
        shown.append(renewed)
        in_force.set()

    renewing = asyncio.create_task(renew_node_certificate(lambda: shown[-1], hour_seconds, renew, said.append))
    try:
        async with asyncio.timeout(30):
            await in_force.wait()
    finally:
        renewing.cancel()
    assert said == ["it cannot be renewed: the disk is full", ""]


async def test_what_keeps_things_fresh_begins_again_though_it_fails_as_nobody_expected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(renewal, "PATIENCE_SECONDS", 0.01)
    begun, said, twice = 0, list[str](), asyncio.Event()

    async def fails_once() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise KeyError("of nobody")
        twice.set()
        await asyncio.Event().wait()

    working = asyncio.create_task(unending(fails_once, said.append))
    try:
        await asyncio.wait_for(twice.wait(), 30)
    finally:
        working.cancel()
    assert said == ["it failed, and begins again in a minute: KeyError('of nobody')", ""]


def test_keys_that_change_during_a_start_do_not_end_it(tmp_path: Path) -> None:
    """Whoever rotates them sends a hang-up to who holds the lock; the start has not come to listen for it yet."""
    script = """
import os, pathlib, signal, sys
from portico_server.host.supervisor import supervise
from portico_server.platform.settings import Settings

def cleared(run):
    os.kill(os.getpid(), signal.SIGHUP)
    raise OSError(0, "gone on")

supervise.clear_folders = cleared
settings = Settings(data=pathlib.Path(sys.argv[1]), listen="127.0.0.1:0", web_listen="", s3_listen="")
sys.exit(supervise.supervise(settings, "", lambda news: print(news.message)))
"""
    command = [sys.executable, "-c", script, str(tmp_path / "data")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, "gone on" in ended.stdout) == (1, True), ended.stderr


def test_a_lock_is_one_platforms(tmp_path: Path) -> None:
    lock = DataLock.take(tmp_path)
    assert holder(tmp_path) == os.getpid()
    with pytest.raises(StartError, match="already runs"):
        DataLock.take(tmp_path)
    lock.release()
    assert holder(tmp_path) is None
    DataLock.take(tmp_path).release()


def test_who_only_looks_is_no_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two look at once after a platform was killed, whose process id the file still has; a start meets a look."""
    (tmp_path / "lock").write_text("4711")
    looking = os.open(tmp_path / "lock", os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    assert holder(tmp_path) is None
    assert not is_taken(tmp_path)
    monkeypatch.setattr(data_lock.time, "sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))  # the look is over
    DataLock.take(tmp_path).release()
    os.close(looking)


def test_who_holds_a_lock_is_told(tmp_path: Path) -> None:
    prepare(tmp_path)
    lock = DataLock.take(tmp_path)
    write_state(tmp_path / "run", State(os.getpid(), "127.0.0.1:1", 0.0))
    with pytest.raises(StartError, match=rf"process {os.getpid()}, at 127\.0\.0\.1:1"):
        DataLock.take(tmp_path)
    lock.release()


def test_the_state_of_a_platform_that_is_gone_is_nobodys(tmp_path: Path) -> None:
    """Its process id may be another program's by now."""
    prepare(tmp_path)
    write_state(tmp_path / "run", State(4711, "127.0.0.1:1", 0.0))
    lock = DataLock.take(tmp_path)
    with pytest.raises(StartError) as refusal:
        DataLock.take(tmp_path)
    lock.release()
    assert "4711" not in str(refusal.value)
    assert "127.0.0.1" not in str(refusal.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_port_is_chosen_and_held(host: str) -> None:
    port = ReservedPort(host, 0)
    assert port.port > 0
    assert str(port).endswith(f":{port.port}")
    with pytest.raises(StartError, match=f"{port.port} is taken"):
        ReservedPort(host, port.port)
    port.close()
    ReservedPort(host, port.port).close()


def test_a_held_port_can_be_listened_at_by_who_shares_it() -> None:
    """As Envoy does, and the Envoy that follows it."""
    port = ReservedPort("127.0.0.1", 0)
    for _ in range(2):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listener.bind(("127.0.0.1", port.port))
            listener.listen()
            with socket.create_connection(("127.0.0.1", port.port), timeout=5):
                listener.accept()[0].close()
    port.close()


def test_who_listens_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert f"process {os.getpid()} " in holder_of(server.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "port", "told"),
    [("not an address", 0, "Cannot listen"), ("198.51.100.1", 0, "Give an address of this machine")],
)
def test_an_address_that_is_not_ours_is_told(host: str, port: int, told: str) -> None:
    with pytest.raises(StartError, match=told):
        ReservedPort(host, port)


def test_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    state = State(1, "127.0.0.1:2", 3.5, (ProcessState("front", 4, 5.5, 6),))
    write_state(tmp_path, state)
    assert read_state(tmp_path) == state


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": 1}', "\0", '{"processes": [{"x": 1}]}'])
def test_a_damaged_state_file_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "supervisor.json").write_text(content)
    assert read_state(tmp_path) is None


def test_an_announcement_is_read_as_it_was_written(tmp_path: Path) -> None:
    for profile in (None, tmp_path / "profile"):
        announcement = Announcement(Event.READY, "It is\nready.", tmp_path, "127.0.0.1:1", profile, True, 0.5)
        assert "\n" not in announcement.to_json()
        assert from_json(announcement.to_json()) == announcement


def test_the_supervisor_loads_neither_grpc_nor_a_database() -> None:
    code = "import sys, portico_server.host.supervisor.__main__; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert not {"grpc", "apsw", "psycopg", "protovalidate"} & set(done.stdout.split())
