"""A receiver of webhooks by https, and its own look at signatures."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import trustme

from tests.harness.waiting import wait_until


@dataclass(frozen=True)
class Received:
    """A request as it came; names of headers in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def content(self) -> Any:
        return json.loads(self.body)

    def signed_by(self, secret: str) -> bool:
        """Whether one of its signatures was made with a secret, `whsec_…`."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return wanted in self.headers["webhook-signature"].split(" ")


class WebhookReceiver:
    """Takes POSTs at `url`. `answers` are the statuses and headers of the next ones; behind them stands 204. While
    `open` is not set they are not answered."""

    def __init__(self, authority: trustme.CA | None, port: int = 0) -> None:
        """`authority` gives it its certificate, for localhost; None: it speaks http."""
        self.received: list[Received] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.connections = 0
        self.open = threading.Event()
        self.open.set()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("localhost").configure_cert(context)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self._server.server_address[1]
        self.url = f"{'http' if authority is None else 'https'}://localhost:{self.port}/hook"

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self) -> None:
                receiver.connections += 1
                with contextlib.suppress(OSError):  # who sends ends connections as he likes
                    super().handle()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body))
                receiver.open.wait(60)
                status, more = receiver.answers.pop(0) if receiver.answers else (204, {})
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        return Handler

    def told(self) -> list[tuple[str, str]]:
        """Types and keys of what came, in turn."""
        return [
            (one.content["type"], one.content["data"].get("object", "").partition("/objects/")[2])
            for one in self.received
        ]

    def wait_for(self, number: int) -> list[Received]:
        """What came, once it is so many."""
        wait_until(lambda: len(self.received) >= number, f"{number} messages came")
        return self.received

    @contextlib.contextmanager
    def running(self) -> Iterator[WebhookReceiver]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.open.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()
