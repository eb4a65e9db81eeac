"""Pages over HTTP: by GET and HEAD, compressed for those who take it, not again for those who have it."""

from __future__ import annotations

from portico_server.host.adapter.exchange import Scope, Send
from portico_server.platform.pages import Page

METHODS = ("GET", "HEAD")


async def show(scope: Scope, send: Send, page: Page) -> None:
    """Answers a request for a page."""
    asked = dict(scope["headers"])
    headers = {
        "content-type": page.content_type,
        "etag": page.etag,
        "cache-control": "no-cache",  # kept, and asked for again each time: it changes with the platform's version
        "vary": "accept-encoding, origin",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        **page.headers,
    }
    if page.etag in _listed(asked.get(b"if-none-match", b"")):
        await _send(send, 304, headers, b"")
        return
    content = page.content
    if "gzip" in _listed(asked.get(b"accept-encoding", b"")):
        content = page.compressed
        headers["content-encoding"] = "gzip"
    headers["content-length"] = str(len(content))
    await _send(send, 200, headers, b"" if scope["method"] == "HEAD" else content)


def _listed(value: bytes) -> list[str]:
    """The entries of a header that is a list, without parameters; weak ETags are as good as strong ones here."""
    return [entry.partition(";")[0].strip().removeprefix("W/") for entry in value.decode("latin-1").split(",")]


async def _send(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
