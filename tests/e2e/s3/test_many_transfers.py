"""50 clients of the S3 door that move large objects at once: what they cost of memory is bounded."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from portico.presigning import AccessKey, presigned_url
from tests.e2e.faces.door import memory_bytes
from tests.e2e.s3.conftest import door_of
from tests.e2e.s3.door import S3Door, new_name
from tests.harness import RunningPlatform

pytestmark = [
    pytest.mark.long,
    pytest.mark.layouts("one", reason="each further process has its own buffers"),
]

CLIENTS = 50
OBJECT_BYTES = 1024**3
BLOCK_BYTES = 1024**2
SECONDS = 20.0
ADDED_BYTES = 100 * 1024**2
LOOK_SECONDS = 0.5
STANDSTILL_LOOKS = 6
TIMEOUT_SECONDS = 120


@pytest.fixture
def path_of(s3_platform: RunningPlatform) -> Callable[[str, str], str]:
    """Makes presigned paths of a bucket: verb and key are given."""
    door, bucket = door_of(s3_platform), new_name()
    door.client().create_bucket(Bucket=bucket)
    key = AccessKey(door.access_key_id, door.secret_access_key)

    def made(verb: str, name: str) -> str:
        url = urlsplit(presigned_url(door.endpoint, bucket, name, key, method=verb))
        return f"{url.path}?{url.query}"

    return made


@contextlib.contextmanager
def connected(door: S3Door, count: int) -> Iterator[list[ssl.SSLSocket]]:
    address, context = urlsplit(door.endpoint), ssl.create_default_context(cafile=door.authority)
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                context.wrap_socket(
                    socket.create_connection(("127.0.0.1", address.port or 0), TIMEOUT_SECONDS),
                    server_hostname="localhost",
                )
            )
            for _ in range(count)
        ]


def send_head(connection: ssl.SSLSocket, door: S3Door, verb: str, path: str) -> None:
    head = f"{verb} {path} HTTP/1.1\r\nhost: {urlsplit(door.endpoint).netloc}\r\n"
    length = f"content-length: {OBJECT_BYTES}\r\n" if verb == "PUT" else ""
    connection.sendall(f"{head}{length}\r\n".encode())


def upload(connection: ssl.SSLSocket, ended: threading.Event | None) -> None:
    """Until all is sent, or it has ended."""
    for _ in range(OBJECT_BYTES // BLOCK_BYTES):
        if ended is not None and ended.is_set():
            return
        connection.sendall(bytes(BLOCK_BYTES))


def download(connection: ssl.SSLSocket, ended: threading.Event) -> None:
    while not ended.is_set() and connection.recv(BLOCK_BYTES):
        pass


def most_held(platform: RunningPlatform, threads: list[threading.Thread], ended: threading.Event) -> int:
    """What the platform held at most while they ran for `SECONDS`."""
    for thread in threads:
        thread.start()
    seen, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        seen.append(memory_bytes(platform))
        time.sleep(LOOK_SECONDS)
    ended.set()
    for thread in threads:
        thread.join()
    return max(seen)


def put_large(door: S3Door, path: str) -> None:
    with connected(door, 1) as (connection,):
        send_head(connection, door, "PUT", path)
        upload(connection, None)
        assert connection.recv(BLOCK_BYTES).startswith(b"HTTP/1.1 200")


def test_50_clients_hold_less_than_100_mib(s3_platform: RunningPlatform, path_of: Callable[[str, str], str]) -> None:
    door = door_of(s3_platform)
    before = memory_bytes(s3_platform)
    put_large(door, path_of("PUT", "large"))
    with connected(door, CLIENTS) as connections:
        for connection in connections:
            send_head(connection, door, "GET", path_of("GET", "large"))
        looks = [0, 1]
        while looks[-1] != min(looks[-STANDSTILL_LOOKS:]) or len(looks) < STANDSTILL_LOOKS:
            looks.append(memory_bytes(s3_platform) // BLOCK_BYTES)
            time.sleep(LOOK_SECONDS)
        assert memory_bytes(s3_platform) - before < ADDED_BYTES, "downloads that nobody reads"
    for verb, act in (("GET", download), ("PUT", upload)):
        ended = threading.Event()
        with connected(door, CLIENTS) as connections:
            for number, connection in enumerate(connections):
                send_head(connection, door, verb, path_of(verb, "large" if verb == "GET" else f"up-{number}"))
            threads = [threading.Thread(target=act, args=(connection, ended)) for connection in connections]
            held = most_held(s3_platform, threads, ended) - before
        assert held < ADDED_BYTES, f"{CLIENTS} clients with {verb}"
