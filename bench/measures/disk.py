"""The disk by itself, to judge the other figures by."""

from __future__ import annotations

import os
import socket
import statistics
import threading
import time
from pathlib import Path

from bench.context import Bench
from bench.measure import MEBIBYTE, Figures, interleave
from bench.report import Section, Table

NOTE = (
    "Where the data directories of the other measures stood: a file written one MiB at a time and fsynced, and 4 KiB"
    " appended and fdatasynced."
)
SYNCS = 500
BLOCK_BYTES = 4096
READ_BYTES = 256 * 1024


def measure(bench: Bench) -> Section:
    size_mib = 128 if bench.quick else 1024

    def disk() -> Figures:
        return {
            "mib_per_second": write_mib_per_second(bench.scratch, size_mib),
            "fdatasync_us": fdatasync_us(bench.scratch, SYNCS),
        }

    rounds = interleave({"disk": disk}, bench.rounds)
    row = [f"{rounds.median('disk', 'mib_per_second'):,.0f} MiB/s", f"{rounds.median('disk', 'fdatasync_us'):.0f} us"]
    return Section(NOTE, Table(("sequential write with fsync", "fdatasync of 4 KiB, p50"), [row]), [])


def write_mib_per_second(folder: Path, size_mib: int) -> float:
    """Writes a new file of that size one MiB at a time, and fsyncs it."""
    path = folder / "disk.bench"
    block = os.urandom(MEBIBYTE)
    start = time.perf_counter()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for _ in range(size_mib):
            os.write(descriptor, block)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    seconds = time.perf_counter() - start
    path.unlink()
    return size_mib / seconds


def read_mib_per_second(folder: Path, size_mib: int) -> float:
    """Reads a file of that size, which the page cache has, 256 KiB at a time."""
    path = folder / "disk.bench"
    with path.open("wb") as file:
        for _ in range(size_mib):
            file.write(bytes(MEBIBYTE))
    start = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.read(READ_BYTES):
            pass
    seconds = time.perf_counter() - start
    path.unlink()
    return size_mib / seconds


def loopback_mib_per_second(size_mib: int) -> float:
    """Sends so much from memory over a socket of the loopback, from one thread to another."""
    block, buffer = bytes(READ_BYTES), bytearray(MEBIBYTE)
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection(server.getsockname()) as sender:
        receiver, _ = server.accept()

        def send() -> None:
            for _ in range(size_mib * MEBIBYTE // READ_BYTES):
                sender.sendall(block)
            sender.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        start = time.perf_counter()
        thread.start()
        with receiver:
            while receiver.recv_into(buffer):
                pass
        seconds = time.perf_counter() - start
        thread.join()
    return size_mib / seconds


def fdatasync_us(folder: Path, count: int) -> float:
    """The median time in which 4 KiB, written behind the end of a file, are on disk."""
    path = folder / "disk.bench"
    block = os.urandom(BLOCK_BYTES)
    samples = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        for _ in range(count):
            start = time.perf_counter()
            os.write(descriptor, block)
            os.fdatasync(descriptor)
            samples.append(time.perf_counter() - start)
    finally:
        os.close(descriptor)
    path.unlink()
    return statistics.median(samples) * 1e6
