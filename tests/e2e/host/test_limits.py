"""Limits of the door, seen on the wire."""

from __future__ import annotations

import os
import socket
import ssl
import struct
from pathlib import Path

import pytest

from tests.e2e.host.conftest import APPLICATION
from tests.harness import RunningPlatform, running_platform

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\0\0\0\x04\0\0\0\0\0"  # frames of RFC 9113, 6.5 and 6.7
PING = b"\0\0\x08\x06\0\0\0\0\0" + b"portico!"
PING_ANSWER = b"\0\0\x08\x06\x01\0\0\0\0" + b"portico!"
MAX_CONCURRENT_STREAMS = 3


def http2(platform: RunningPlatform) -> ssl.SSLSocket:
    """A connection that has said HTTP/2 and nothing more."""
    connection = platform.connect(protocol="h2")
    connection.sendall(PREFACE + SETTINGS)
    return connection


def settings_frame(connection: ssl.SSLSocket) -> dict[int, int]:
    """The server's first frame, which must be its settings."""
    header = exactly(connection, 9)
    payload = exactly(connection, int.from_bytes(header[:3], "big"))
    assert header[3] == 4
    return dict(struct.iter_unpack(">HI", payload))


def exactly(connection: ssl.SSLSocket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        chunk = connection.recv(size - len(read))
        assert chunk, "the connection was closed"
        read += chunk
    return read


def answers_ping(connection: ssl.SSLSocket) -> bool:
    """Reads frames until the answer to PING; AssertionError where the connection is closed before."""
    while True:
        header = exactly(connection, 9)
        if header + exactly(connection, int.from_bytes(header[:3], "big")) == PING_ANSWER:
            return True


def closed(connection: ssl.SSLSocket) -> bool:
    """Reads until the server closes; raises TimeoutError if it does not."""
    try:
        while connection.recv(65536):
            pass
    except (ssl.SSLError, ConnectionError):
        pass
    return True


def test_the_number_of_calls_on_a_connection_is_told(host: RunningPlatform) -> None:
    with http2(host) as connection:
        assert settings_frame(connection)[MAX_CONCURRENT_STREAMS] == host.settings.max_streams


@pytest.mark.parametrize("seed", range(5))
def test_garbage_ends_its_own_connection_alone(host: RunningPlatform, seed: int) -> None:
    with http2(host) as good, http2(host) as bad:
        settings_frame(good)
        bad.sendall(b"\xff" * 9 + os.urandom(4096))
        assert closed(bad)
        assert host.http("GET", "/echo").status == 200
        good.sendall(PING)
        assert answers_ping(good), "the other connection goes on"


@pytest.mark.layouts("one", "apart", "plain", reason="the bound is each worker's own")
def test_connections_beyond_the_limit_are_closed(tmp_path: Path) -> None:
    two = running_platform(tmp_path, application=APPLICATION, max_connections=2)
    with two as platform, http2(platform) as first, http2(platform) as second:
        settings_frame(first)
        settings_frame(second)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            http2(platform)


@pytest.mark.long
def test_a_client_that_never_ends_its_headers_is_closed(host: RunningPlatform) -> None:
    with host.connect() as connection:
        connection.sendall(b"GET /echo HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
        assert closed(connection)


@pytest.mark.long
def test_a_client_that_never_ends_its_handshake_is_closed(host: RunningPlatform) -> None:
    with socket.create_connection(("127.0.0.1", host.port), timeout=20) as plain:
        plain.sendall(b"\x16\x03\x01")
        assert plain.recv(1) == b""
