"""Large bodies at a face's door, both ways: bounded memory, slow ends, ends that leave, answers that break off."""

from __future__ import annotations

import http.client
import time
from pathlib import Path

import pytest

from tests.e2e.faces.door import (
    MIB,
    ask,
    connect,
    curl,
    event_of,
    eventually,
    last_event,
    memory_bytes,
    request_head,
    until_closed,
)  # fmt: skip
from tests.harness import RunningPlatform
from tests.harness.clients import Response

LARGE_BYTES = 64 * MIB
HELD_BYTES = 24 * MIB
"""What one large body may add to memory on its way: buffers, and what allocators keep."""
SIZES = ",".join(["262144"] * (LARGE_BYTES // 262144))


@pytest.fixture(autouse=True)
def warm(faced: RunningPlatform) -> None:
    """What the first transfers allocate is there before memory is compared."""
    ask(faced, "/upload", "PUT", body=bytes(8 * MIB))
    ask(faced, f"/download?sizes_bytes={','.join(['262144'] * 32)}")


def test_a_large_upload_streams_through(faced: RunningPlatform, tmp_path: Path) -> None:
    file = tmp_path / "large"
    with file.open("wb") as empty:
        empty.truncate(LARGE_BYTES)
    before = memory_bytes(faced)
    answer = curl(faced, "/upload", "--http1.1", "-T", file)
    assert int(answer.stdout.split()[0]) == LARGE_BYTES, answer.stderr
    assert memory_bytes(faced) - before < HELD_BYTES
    event = eventually(lambda: last_event(faced, "ClientStream"))
    assert event.received_bytes == LARGE_BYTES


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
def test_a_slow_reader_holds_back_a_large_download(faced: RunningPlatform, protocol: str) -> None:
    before = memory_bytes(faced)
    answer = curl(
        faced,
        f"/download?sizes_bytes={SIZES}",
        protocol,
        "--limit-rate",
        "40M",
        "-o",
        "/dev/null",
        "-w",
        "%{size_download}",
    )
    assert int(answer.stdout) == LARGE_BYTES, answer.stderr
    assert memory_bytes(faced) - before < HELD_BYTES
    event = eventually(lambda: last_event(faced, "ServerStream"))
    assert LARGE_BYTES <= event.sent_bytes < LARGE_BYTES * 1.01


def test_what_a_reader_does_not_take_is_not_made(faced: RunningPlatform) -> None:
    before = memory_bytes(faced)
    connection = connect(faced)
    connection.sendall(request_head(f"/download?sizes_bytes={SIZES}", connection="close"))
    received = len(connection.recv(65536))
    time.sleep(1)  # nothing to poll for: that it stays so is what is asked
    assert memory_bytes(faced) - before < HELD_BYTES
    received += len(until_closed(connection))
    assert received > LARGE_BYTES


def test_an_error_before_the_first_byte_has_a_status_and_one_behind_it_breaks_the_answer_off(
    faced: RunningPlatform,
) -> None:
    refused: Response = ask(faced, "/download?code=5")
    assert (refused.status, b"<Code>NOT_FOUND</Code>" in refused.body) == (400, True)
    assert event_of(faced, refused.headers["x-ray-id"]).code == 5

    with pytest.raises((http.client.IncompleteRead, ConnectionError, http.client.RemoteDisconnected)):
        ask(faced, "/download?sizes_bytes=300000&code=5")
    broken = curl(faced, "/download?sizes_bytes=300000&code=5", "--http2")
    assert broken.returncode != 0
    assert len(broken.stdout) <= 300_000


def test_a_client_that_leaves_in_the_middle_ends_the_call(faced: RunningPlatform) -> None:
    uploading = connect(faced)
    uploading.sendall(request_head("/upload", "PUT", content_length=str(LARGE_BYTES)) + bytes(MIB))
    uploading.close()
    event = eventually(lambda: _with_code(faced, "ClientStream", 1))
    assert event.received_bytes < LARGE_BYTES

    downloading = connect(faced)
    downloading.sendall(request_head(f"/download?sizes_bytes={SIZES}"))
    downloading.recv(1000)
    downloading.close()
    event = eventually(lambda: _with_code(faced, "ServerStream", 1))
    assert 0 < event.sent_bytes < LARGE_BYTES


def test_a_client_that_leaves_while_it_waits_ends_the_call(faced: RunningPlatform) -> None:
    waiting = connect(faced)
    waiting.sendall(request_head("/unary?delay_millis=60000"))
    time.sleep(0.3)
    waiting.close()
    assert eventually(lambda: _with_code(faced, "Unary", 1)).duration_nanos < 50e9


def test_a_refused_upload_is_answered_though_its_body_is_not_wanted(faced: RunningPlatform, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(MIB))
    for protocol in ("--http1.1", "--http2"):
        answer = curl(faced, "/fail?code=3", protocol, "-T", file)
        assert b"<Code>AS_ASKED</Code>" in answer.stdout, answer.stderr


def _with_code(platform: RunningPlatform, method: str, code: int) -> object | None:
    event = last_event(platform, method)
    return event if event is not None and event.code == code else None
