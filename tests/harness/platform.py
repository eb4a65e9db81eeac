"""A platform that runs, and how a test talks to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from portico_server.host.supervisor.announcement import Announcement, Event, from_json
from portico_server.host.supervisor.child import die_with
from portico_server.host.supervisor.state import State, read_state
from portico_server.platform.settings import Settings
from tests.harness import clients, layouts, watches
from tests.harness.credentials import ClientCertificate, ssl_context

ROOT = Path(__file__).resolve().parents[2]
TESTING_GEN = ROOT / "tests" / "testing_product" / "gen"
SUPERVISOR = "portico_server.host.supervisor"
START_SECONDS = 90
STOP_SECONDS = 60

TESTING_PRODUCT: dict[str, Any] = {
    "extra_products": ("tests.testing_product.product",),
    "extra_descriptors": (str(TESTING_GEN / "portico" / "testing.binpb"),),
}
"""Settings that add the testing product."""


class StartFailed(Exception):
    """The platform did not become ready; the message is what it announced and logged."""


@dataclass
class RunningPlatform:
    """A ready platform. `token` is the administrator's, `certificate` its client certificate."""

    settings: Settings
    process: subprocess.Popen[str]
    announcements: list[Announcement]

    @property
    def address(self) -> str:
        return self.ready.address

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    @property
    def web_address(self) -> str:
        """HOST:PORT of the web door."""
        return self.ready.web_address

    @property
    def s3_address(self) -> str:
        """HOST:PORT of the S3 door."""
        return self.ready.s3_address

    @property
    def data(self) -> Path:
        return self.settings.data

    @property
    def profile(self) -> Path:
        assert self.ready.profile is not None
        return self.ready.profile

    @property
    def policy_file(self) -> Path:
        """The operator's; there need not be one."""
        return self.data / "policy.toml"

    @property
    def policy(self) -> bytes:
        """What the operator's policy file says."""
        return self.policy_file.read_bytes() if self.policy_file.exists() else b""

    @property
    def token(self) -> str:
        return (self.profile / "token").read_text()

    @property
    def certificate(self) -> ClientCertificate:
        return ClientCertificate.read(self.profile)

    @property
    def authority(self) -> bytes:
        return (self.profile / "ca.pem").read_bytes()

    @property
    def ready(self) -> Announcement:
        return next(item for item in self.announcements if item.event is Event.READY)

    @property
    def state(self) -> State:
        """What the supervisor says of itself."""
        state = read_state(self.settings.run)
        assert state is not None
        return state

    @property
    def front_pid(self) -> int:
        return self.pid_of("front")

    @property
    def front_folder(self) -> Path:
        """Where the (first) front runs."""
        return (self.settings.run / "front").resolve()

    @property
    def folders(self) -> list[Path]:
        """Where its processes run."""
        return [link.resolve() for link in self.settings.run.iterdir() if link.is_symlink()]

    def pid_of(self, process: str) -> int:
        """The process of this name."""
        return next(found.pid for found in self.state.processes if found.name == process)

    def metadata(self, token: str | None = None) -> list[tuple[str, str]]:
        """Call metadata with the token, by default the administrator's."""
        return [("authorization", f"Bearer {token or self.token}")]

    def channel(self, **options: Any) -> grpc.Channel:
        """A channel; `options` as of `clients.channel`. Certificate and token are the administrator's by default."""
        return clients.channel(self.address, **self._credentials(options))

    def aio_channel(self, **options: Any) -> grpc.aio.Channel:
        """The same for asyncio."""
        return clients.aio_channel(self.address, **self._credentials(options))

    def http(self, method: str, path: str, **options: Any) -> clients.Response:
        """One HTTP/1.1 request; `options` as of `clients.http`."""
        return clients.http(self.address, method, path, **self._credentials(options))

    def connect(
        self, *, server_name: str = "localhost", protocol: str = "http/1.1", version: ssl.TLSVersion | None = None
    ) -> ssl.SSLSocket:
        """A bare connection with the administrator's certificate, for what no client library would send."""
        context = ssl_context(self.authority, self.certificate)
        context.set_alpn_protocols([protocol])
        if version is not None:
            context.minimum_version = context.maximum_version = version
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=clients.TIMEOUT_SECONDS)
        return context.wrap_socket(plain, server_hostname=server_name)

    def grpcurl(self, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Runs grpcurl; the address is put before the arguments that do not begin with a dash."""
        return clients.grpcurl(self.address, self.profile, arguments, **options)

    def stop(self) -> int:
        """Stops it in order; the supervisor's exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def logs(self) -> str:
        return "\n".join(f"{path.name}:\n{path.read_text()}" for path in sorted((self.data / "logs").glob("*.log")))

    def _credentials(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"authority": self.authority, "certificate": self.certificate, "token": self.token, **options}


@contextlib.contextmanager
def running_platform(
    folder: Path,
    *,
    application: str = "portico_server.app:app",
    supervisor: str = SUPERVISOR,
    environment: dict[str, str] | None = None,
    **settings: Any,
) -> Iterator[RunningPlatform]:
    """Starts a platform in `folder` (data/, configuration/) on a free port with these settings; stops it at the end.
    `application` is what Envoy hosts, `supervisor` the module that runs it. The platform has this run's layout
    (`layouts`). Raises StartFailed."""
    doors = dict.fromkeys(("listen", "web_listen", "s3_listen"), "127.0.0.1:0")
    usual = {"data": folder / "data", "drain_seconds": 5.0, **doors}
    settings = {**usual, **settings}
    chosen = Settings(**{**layouts.spread(settings["data"], settings), **settings})
    watches.wait_for_room(chosen.workers + len(chosen.processes))
    process = start_supervisor(chosen, application, folder / "configuration", environment or {}, supervisor)
    announcements: list[Announcement] = []
    try:
        _wait_ready(process, announcements)
        reader = threading.Thread(target=_collect, args=(process, announcements), daemon=True)
        reader.start()
        yield RunningPlatform(chosen, process, announcements)
    finally:
        end(process)


def start_supervisor(
    settings: Settings,
    application: str,
    configuration: Path,
    environment: dict[str, str],
    module: str = SUPERVISOR,
) -> subprocess.Popen[str]:
    """The supervisor as a process that dies with this one. It announces on its standard output."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PORTICO_", "OTEL_"))}
    paths = {"PYTHONPATH": f"{ROOT}{os.pathsep}{TESTING_GEN}", "XDG_CONFIG_HOME": str(configuration)}
    process = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-m",
            module,
            "--settings-from-input",
            "--application",
            application,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**inherited, **paths, **environment},
        preexec_fn=die_with(os.getpid()),
    )
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as settings_input:  # if it died, its output says why
        settings_input.write(settings.to_json())
    return process


def end(process: subprocess.Popen[str]) -> None:
    """Stops a supervisor, whatever state it is in."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _wait_ready(process: subprocess.Popen[str], announcements: list[Announcement]) -> None:
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    assert process.stdout is not None
    heard = []
    try:
        for line in process.stdout:
            heard.append(line)
            if not line.startswith("{"):
                continue
            announcements.append(from_json(line))
            if announcements[-1].event is Event.READY:
                return
    finally:
        watchdog.cancel()
    said = "".join(announcement.message for announcement in announcements) or "".join(heard)
    raise StartFailed(said or f"the supervisor said nothing and ended with {process.wait()}")


def _collect(process: subprocess.Popen[str], announcements: list[Announcement]) -> None:
    assert process.stdout is not None
    with contextlib.suppress(ValueError):
        for line in process.stdout:
            if line.startswith("{"):  # else a warning of Python's
                announcements.append(from_json(line))
