"""How the tests speak at the door: whole requests, bare connections, curl."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from portico.gateway.v1 import telemetry_pb2, telemetry_pb2_grpc
from tests.harness import RunningPlatform
from tests.harness.clients import TIMEOUT_SECONDS, Response, http
from tests.harness.platform import TESTING_PRODUCT

FACED: dict[str, Any] = {
    **TESTING_PRODUCT,
    "extra_products": ("tests.testing_product.faced",),
    "only": ("access", "testing"),
    "hostnames": ("localhost", "s3.portico.test"),
}
"""Settings of a platform that has the face."""

ADMIN = {"x-testing-principal": "admin"}
MIB = 1024 * 1024
PATIENCE_SECONDS = 60


def ask(platform: RunningPlatform, path: str, verb: str = "GET", **options: Any) -> Response:
    """One request, by default as the administrator; `options` as of `clients.http`."""
    nothing: dict[str, Any] = {"certificate": None, "token": None, "headers": ADMIN}
    return http(platform.s3_address, verb, path, authority=platform.authority, **{**nothing, **options})


def connect(platform: RunningPlatform, server_name: str = "localhost") -> ssl.SSLSocket:
    """A bare connection, for HTTP/1.1 as no library would send it."""
    context = ssl.create_default_context(cadata=platform.authority.decode())
    host, _, port = platform.s3_address.rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS)
    return context.wrap_socket(plain, server_hostname=server_name)


def request_head(path: str, verb: str = "GET", **headers: str) -> bytes:
    """The head of a request as the administrator; `_` in a header's name stands for `-`."""
    lines = [f"{verb} {path} HTTP/1.1", "host: localhost", "x-testing-principal: admin"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def until_closed(connection: ssl.SSLSocket) -> bytes:
    """All that comes until the other end closes or resets."""
    parts: list[bytes] = []
    with contextlib.suppress(ConnectionResetError, ssl.SSLError):
        while part := connection.recv(65536):
            parts.append(part)
    return b"".join(parts)


def curl(platform: RunningPlatform, path: str, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
    """Runs curl as the administrator; what it answers has the answer's body on its standard output."""
    principal = f"x-testing-principal: {ADMIN['x-testing-principal']}"
    options = ["-sS", "--cacert", platform.profile / "ca.pem", "-H", principal, "--max-time", "120", *arguments]
    command = ["curl", *map(str, options), f"https://{platform.s3_address}{path}"]
    return subprocess.run(command, capture_output=True, timeout=150, check=False)


def event_of(platform: RunningPlatform, ray_id: str) -> telemetry_pb2.RequestEvent:
    """The event of the call that has this ray."""
    with platform.channel() as channel:
        stub: Any = telemetry_pb2_grpc.TelemetryServiceStub(channel)
        asked = telemetry_pb2.GetTraceRequest(name=f"accounts/default/traces/{ray_id}")
        found = stub.GetTrace(asked, timeout=TIMEOUT_SECONDS).request_events
    return next(event for event in found if event.ray_id == ray_id)


def last_event(platform: RunningPlatform, method: str) -> telemetry_pb2.RequestEvent | None:
    """The event of the last call of the testing service's method that has ended."""
    with platform.channel() as channel:
        stub: Any = telemetry_pb2_grpc.TelemetryServiceStub(channel)
        asked = telemetry_pb2.ListRequestEventsRequest(
            parent="accounts/default", method=f"/portico.testing.v1.TestingService/{method}", page_size=1
        )
        found = stub.ListRequestEvents(asked, timeout=TIMEOUT_SECONDS).request_events
    return found[0] if found else None


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` finds, once it finds something."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if (found := look()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("it never came")


def memory_bytes(platform: RunningPlatform) -> int:
    """What the platform's processes hold in memory, together."""
    return sum(_resident_bytes(process.pid) for process in platform.state.processes)


def _resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no VmRSS")
