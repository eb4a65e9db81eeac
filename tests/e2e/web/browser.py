"""A real browser, headless, and the server of the page that it shows; it tells what it saw by a POST to /result."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import os
import queue
import shutil
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from portico_server.host.supervisor.child import die_with

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE_SECONDS = 120.0
"""For a browser that starts and loads a page on a machine that is busy with other tests."""


@dataclass
class PageServer:
    """Serves one page at any path of a free port, and takes what it reports."""

    page: str = ""
    results: queue.Queue[Any] = field(default_factory=queue.Queue)
    port: int = 0

    def origin(self, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}"


@contextlib.contextmanager
def page_server() -> Iterator[PageServer]:
    served = PageServer()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200 if self.path == "/" else 404, served.page.encode() if self.path == "/" else b"")

        def do_POST(self) -> None:
            served.results.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self._answer(200, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def seen(server: PageServer, url: str, folder: Path, node: str) -> Any:
    """What the page at `url` reports. The browser trusts the platform at `node` (HOST:PORT) by its certificate's key,
    and else what every browser trusts."""
    assert CHROMIUM is not None
    command = [
        CHROMIUM,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={folder / 'profile'}",
        f"--ignore-certificate-errors-spki-list={_key_hash(node)}",
        "--remote-debugging-port=0",  # or it would leave as soon as the page is loaded
        url,
    ]
    with (folder / "chromium.log").open("wb") as log:
        browser = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=die_with(os.getpid()),
        )
    try:
        return server.results.get(timeout=PATIENCE_SECONDS)
    except queue.Empty:
        raise AssertionError(f"the page reported nothing:\n{(folder / 'chromium.log').read_text()[-3000:]}") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(browser.pid, signal.SIGKILL)
        browser.wait()


def _key_hash(node: str) -> str:
    """SHA-256 of the public key in the certificate that the node shows, in base64."""
    host, _, port = node.rpartition(":")
    certificate = x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port))).encode())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()
