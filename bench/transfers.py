"""Many clients of S3's door at once, with large objects: those that read, and those that stop reading."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

from bench.measure import MEBIBYTE
from bench.processes import pss_bytes
from bench.stores import Store

_LOOKED_EVERY_SECONDS = 0.2
_SETTLED_SECONDS = 1.0
"""Without a byte more on its way: then all stand still."""


def memory_mib(store: Store) -> float:
    """Proportional set size of all its processes."""
    return sum(pss_bytes(pid) for pid in store.processes().values()) / MEBIBYTE


@contextlib.contextmanager
def watched_memory(store: Store) -> Iterator[list[float]]:
    """Yields what is filled meanwhile: the memory that was seen, MiB."""
    seen: list[float] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_LOOKED_EVERY_SECONDS):
            seen.append(memory_mib(store))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def stalled_downloads(store: Store, path: str, count: int) -> Iterator[None]:
    """So many clients that ask for an object, see its beginning and read no more, until the end of the context."""
    request = store.signer().request("GET", path)
    context = ssl.create_default_context(cafile=store.authority)
    with ExitStack() as stack:
        connections = [
            stack.enter_context(
                context.wrap_socket(socket.create_connection(("127.0.0.1", store.port)), server_hostname="localhost")
            )
            for _ in range(count)
        ]
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            if not connection.recv(16).startswith(b"HTTP/1.1 200"):
                raise AssertionError("the object was not answered")
        _wait_for_standstill(store)
        yield


def _wait_for_standstill(store: Store) -> None:
    """Until nothing more comes into the clients' sockets."""
    looks: list[float] = []
    while len(looks) < 2 or looks[-1] - looks[-2] > 1.0:
        time.sleep(_SETTLED_SECONDS)
        looks.append(memory_mib(store))
