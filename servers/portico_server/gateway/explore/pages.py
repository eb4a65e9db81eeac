"""What the doors show without a token: the OpenAPI document, and the page of reference documentation.

Both are made when somebody first asks for them, in a thread: most platforms are never asked, and a start should not
wait.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from portico_server.gateway.explore.contracts import Contracts
from portico_server.gateway.explore.openapi import openapi
from portico_server.gateway.explore.reference import content_security_policy, reference
from portico_server.platform.methods import Method
from portico_server.platform.pages import Page

OPENAPI, REFERENCE = "/openapi.json", "/reference"


class Pages:
    """Answers the page of a path."""

    def __init__(self, sets: Sequence[Path], methods: Mapping[str, Method]) -> None:
        """`sets`: files of descriptor sets with comments. `methods`: what is served, complete when the first page is
        asked for."""
        self._sets = sets
        self._methods = methods
        self._made: dict[str, Page] = {}
        self._making = asyncio.Lock()
        self._makers: dict[str, Callable[[], Page]] = {OPENAPI: self._openapi, REFERENCE: self._reference}

    async def at(self, path: str) -> Page | None:
        """None where there is no page."""
        if path not in self._makers:
            return None
        async with self._making:
            if path not in self._made:
                self._made[path] = await asyncio.to_thread(self._makers[path])
        return self._made[path]

    def _openapi(self) -> Page:
        document = openapi(Contracts(self._sets), dict(self._methods), version("portico"))
        return Page("application/json", json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())

    def _reference(self) -> Page:
        text = reference(Contracts(self._sets), self._methods, version("portico"))
        return Page("text/html; charset=utf-8", text.encode(), {"content-security-policy": content_security_policy()})
