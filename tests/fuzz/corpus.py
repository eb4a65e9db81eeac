"""The kept corpus: requests that were found to be odd, each in a file, and how they are sent and judged.

A file is JSON: a request of HTTP/1.1 as it goes over the wire (`head` without its end, `body`), or `frames` of HTTP/2
(`type`, `flags`, `stream`, and `payload` or `headers`), and how it was answered (`told`; by the plain host
`told_plain`, where gRPC's core reads it otherwise: `docs/hosts.md`). Bytes are text in Latin-1; `@TOKEN@` stands for a
good token, `@LENGTH@` for the length of the body.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.harness.platform import RunningPlatform
from tests.harness.wire import PREFACE, SETTINGS, exchange, frame, header_block, open_connection, read_to_end

CORPUS = Path(__file__).with_name("corpus")
QUIET_SECONDS = 30.0
"""How long an answer is awaited."""


@dataclass(frozen=True)
class Entry:
    """One request. `name` is its file's."""

    name: str
    content: dict[str, Any]

    def told(self, host: str) -> str:
        """How that host answers it."""
        told: str = self.content.get(f"told_{host}", self.content["told"])
        return told

    def save(self, folder: Path = CORPUS) -> Path:
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(self.content, indent=1, ensure_ascii=True) + "\n")
        return path


def entries() -> list[Entry]:
    return [Entry(path.stem, json.loads(path.read_text())) for path in sorted(CORPUS.glob("*.json"))]


def named(content: dict[str, Any]) -> Entry:
    """An entry that is named by what it is."""
    return Entry(f"found-{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]}", content)


def send(platform: RunningPlatform, entry: Entry, door: str = "web") -> str:
    """How it was answered, in a word or two: an HTTP status and gRPC's; of frames, which may be answered in more than
    one way, only that they were `ended`; `held` where neither an answer nor an end came."""
    if "frames" in entry.content:
        return _send_frames(platform, entry.content["frames"], door)
    return _send_request(platform, entry.content, door)


def _send_request(platform: RunningPlatform, content: dict[str, Any], door: str) -> str:
    body = content.get("body", "").encode("latin-1")
    head = content["head"].replace("@TOKEN@", platform.token).replace("@LENGTH@", str(len(body)))
    with open_connection(platform, door=door, protocol="http/1.1") as connection:
        try:
            connection.sendall(head.encode("latin-1") + b"\r\nconnection: close\r\n\r\n" + body)
            answer = read_to_end(connection, seconds=QUIET_SECONDS)
        except TimeoutError:
            return "held"
        except OSError:
            return "closed"
    return _told(answer)


def _told(answer: bytes) -> str:
    if not answer:
        return "closed"
    status = answer.split(b" ", 2)[1].decode("latin-1") if answer.startswith(b"HTTP/") else "no HTTP"
    for line in answer.lower().replace(b"\r\n", b"\n").split(b"\n"):
        if line.startswith(b"grpc-status:"):
            return f"{status} grpc {line.partition(b':')[2].strip().decode('latin-1')}"
    return status


def _send_frames(platform: RunningPlatform, frames: list[dict[str, Any]], door: str) -> str:
    sent = b"".join(_frame(platform, each) for each in frames)
    with open_connection(platform, door=door) as connection:
        try:
            for _ in exchange(connection, PREFACE + frame(SETTINGS) + sent, seconds=QUIET_SECONDS):
                pass
        except TimeoutError:
            return "held"
    return "ended"


def _frame(platform: RunningPlatform, content: dict[str, Any]) -> bytes:
    payload = content.get("payload", "").encode("latin-1")
    if "headers" in content:
        headers = [(name, value.replace("@TOKEN@", platform.token)) for name, value in content["headers"]]
        payload = header_block(headers)
    return frame(content["type"], payload, flags=content.get("flags", 0), stream=content.get("stream", 0))


def unexpected(platform: RunningPlatform) -> Iterator[str]:
    """What the platform's log tells of failures that nobody expected."""
    for line in platform.logs().splitlines():
        if "unexpected_error" in line or "Traceback" in line:
            yield line
