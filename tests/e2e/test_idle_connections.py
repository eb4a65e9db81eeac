"""Connections on which nothing happens: they are told to go, so that nobody waits for them."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico_server.host.supervisor import restart
from tests.harness import RunningPlatform, running_platform
from tests.harness.layouts import SPREADS_ITSELF
from tests.harness.postgresql import fresh_database, shared_server

pytestmark = SPREADS_ITSELF

DRAIN_SECONDS = 120.0
"""How long a restart waits for whoever does not go; it takes a few seconds without."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
GET_ROOT = b"\x82\x87\x84\x41\x09localhost"  # HPACK: GET, https, /, and the authority
HEADERS, SETTINGS, GOAWAY = 1, 4, 7
END_STREAM_AND_HEADERS = 0x5


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def next_frame(connection: ssl.SSLSocket) -> tuple[int, int]:
    """Type and flags; raises EOFError at the connection's end."""
    head = exactly(connection, 9)
    exactly(connection, int.from_bytes(head[:3], "big"))
    return head[3], head[4]


def exactly(connection: ssl.SSLSocket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        part = connection.recv(size - len(found))
        if not part:
            raise EOFError
        found += part
    return found


@contextlib.contextmanager
def idle_http2(platform: RunningPlatform) -> Iterator[ssl.SSLSocket]:
    """A connection that has had one answer, and on which nothing is in flight."""
    with platform.connect(protocol="h2") as connection:
        connection.settimeout(DRAIN_SECONDS)
        connection.sendall(PREFACE + frame(SETTINGS, 0, 0, b"") + frame(HEADERS, END_STREAM_AND_HEADERS, 1, GET_ROOT))
        seen = (0, 0)
        while not (seen[0] in (0, HEADERS) and seen[1] & 1):  # HEADERS or DATA that ends the stream
            seen = next_frame(connection)
        yield connection


def frames_until_its_end(connection: ssl.SSLSocket) -> list[int]:
    kinds = []
    with contextlib.suppress(EOFError, ssl.SSLEOFError):
        while True:
            kinds.append(next_frame(connection)[0])
    return kinds


@pytest.mark.parametrize("host", ["embedded", pytest.param("plain", marks=pytest.mark.long)])
def test_a_restart_tells_them_to_go_and_does_not_wait_for_them(tmp_path: Path, host: str) -> None:
    with (
        shared_server() as server,
        running_platform(tmp_path, database=fresh_database(server), host=host, drain_seconds=DRAIN_SECONDS) as platform,
        idle_http2(platform) as connection,
    ):
        before, begin = platform.front_pid, time.monotonic()
        assert restart(platform.settings)
        took = time.monotonic() - begin
        assert platform.front_pid != before
        assert GOAWAY in frames_until_its_end(connection)
        assert platform.http("GET", "/v1/accounts/default/buckets").status == 200
    assert took < DRAIN_SECONDS / 2, "it waited for a connection on which nothing happened"
