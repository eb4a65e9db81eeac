"""HTTP/2 frames and bare connections, for what no client library would send. Sources: RFC 9113, RFC 7541."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Iterator

from tests.harness.credentials import ClientCertificate, ssl_context
from tests.harness.platform import RunningPlatform

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 1, 1, 4, 8
TIMEOUT_SECONDS = 30.0
_MARK = b"portico!"


def open_connection(
    platform: RunningPlatform,
    *,
    door: str = "web",
    protocol: str = "h2",
    certificate: ClientCertificate | None = None,
) -> ssl.SSLSocket:
    """A bare connection to a door, `web` or `api`; at the latter with the administrator's certificate."""
    address = platform.web_address if door == "web" else platform.address
    if door == "api" and certificate is None:
        certificate = platform.certificate
    context = ssl_context(platform.authority, certificate)
    context.set_alpn_protocols([protocol])
    host, _, port = address.rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=TIMEOUT_SECONDS)
    return context.wrap_socket(plain, server_hostname="localhost")


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def header_block(headers: Iterable[tuple[str, str]]) -> bytes:
    """Literals without indexing, not compressed (RFC 7541, 6.2.2)."""
    return b"".join(b"\0" + _text(name) + _text(value) for name, value in headers)


def exchange(
    connection: ssl.SSLSocket, sent: bytes, *, seconds: float = TIMEOUT_SECONDS
) -> Iterator[tuple[int, bytes]]:
    """Sends the bytes and a PING behind them: (type, payload) of the frames that come before its answer, or before the
    connection is closed. Raises TimeoutError where neither comes."""
    connection.settimeout(seconds)
    try:
        connection.sendall(sent + frame(PING, _MARK))
        while True:
            head = _exactly(connection, 9)
            payload = _exactly(connection, int.from_bytes(head[:3], "big"))
            if head[3] == PING and payload == _MARK:
                return
            yield head[3], payload
    except TimeoutError:
        raise
    except (ssl.SSLError, ConnectionError, EOFError):
        return


def frames_until(connection: ssl.SSLSocket, kind: int) -> Iterator[tuple[int, bytes]]:
    """(type, payload) of the frames that come, to the first of that type. Raises TimeoutError, EOFError."""
    while True:
        head = _exactly(connection, 9)
        yield head[3], _exactly(connection, int.from_bytes(head[:3], "big"))
        if head[3] == kind:
            return


def read_to_end(connection: ssl.SSLSocket, *, seconds: float = TIMEOUT_SECONDS) -> bytes:
    """What comes until the server closes. Raises TimeoutError where it does not."""
    connection.settimeout(seconds)
    read = b""
    try:
        while chunk := connection.recv(65536):
            read += chunk
    except TimeoutError:
        raise
    except (ssl.SSLError, ConnectionError):
        pass
    return read


def _exactly(connection: ssl.SSLSocket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        chunk = connection.recv(size - len(read))
        if not chunk:
            raise EOFError
        read += chunk
    return read


def _text(text: str) -> bytes:
    value = text.encode("latin-1")
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, head = len(value) - 127, bytearray([127])
    while rest >= 128:
        head.append(rest % 128 + 128)
        rest //= 128
    head.append(rest)
    return bytes(head) + value
